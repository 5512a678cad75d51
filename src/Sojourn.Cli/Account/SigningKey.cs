using System.CommandLine;
using System.Security.Cryptography;
using Sojourn.Cli.Running;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Cli.Account;

/// <summary>An account's key from a file: 32 bytes (the account alone) or the 96 bytes of a party's keys (account, VRF, sealing).</summary>
internal sealed class SigningKey : IDisposable
{
    private readonly Secp256k1Identity _identity;
    private readonly VrfPrivateKey? _vrf;

    private SigningKey(Secp256k1Identity identity, VrfPrivateKey? vrf)
    {
        _identity = identity;
        _vrf = vrf;
        Signer = new Secp256k1Signer(identity);
    }

    public ISigner Signer { get; }

    public Address Address => _identity.Address;

    /// <summary>The VRF key's public half; null where the file holds the account alone.</summary>
    public ReadOnlyMemory<byte>? VrfKey => _vrf?.Public.Bytes;

    public static Option<string> CreateOption() => new("--key")
    {
        Description = "The file of the account's key: as 'ledger init', 'node init', 'keeper init' and 'devnet' write it. Else SOJOURN_KEY.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("SOJOURN_KEY") ?? "",
    };

    public static SigningKey Load(string path)
    {
        if (path.Length == 0)
        {
            throw new CliException(ExitCode.Usage, "no key is given", "Give --key FILE, or set SOJOURN_KEY.");
        }

        if (!File.Exists(path))
        {
            throw new CliException(ExitCode.NotFound, $"the key '{path}' is not there");
        }

        var bytes = File.ReadAllBytes(path);
        try
        {
            return bytes.Length switch
            {
                32 => new SigningKey(Secp256k1Identity.Import(bytes), null),
                96 => new SigningKey(Secp256k1Identity.Import(bytes.AsSpan(0, 32)), VrfPrivateKey.Import(bytes.AsSpan(32, 32))),
                _ => throw new CliException(ExitCode.BadInput, $"'{path}' holds no account's key", $"32 or 96 bytes were expected, {bytes.Length} are there."),
            };
        }
        catch (CryptographicException)
        {
            throw new CliException(ExitCode.BadInput, $"'{path}' holds no account's key", "The number in it is no private key.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Signs and submits a message under the account's next nonce; a refusal ends the command with its words.</summary>
    public async Task<SubmitResult> SubmitAsync(HttpLedger ledger, Transaction body, CancellationToken cancellation)
    {
        var nonce = body.IsNonced ? (await ledger.AccountAsync(Address, cancellation).ConfigureAwait(false)).Nonce : 0;
        var result = await ledger.SubmitAsync(SignedTransaction.Create(body, nonce, ledger.GenesisDigest, Signer), cancellation).ConfigureAwait(false);
        return result.Applied ? result : throw new CliException(ExitCode.Refused, $"the ledger refused the {body.Kind} of {Address}: {result.Refusal}", result.Refusal.Words());
    }

    public void Dispose()
    {
        _vrf?.Dispose();
        _identity.Dispose();
    }
}
