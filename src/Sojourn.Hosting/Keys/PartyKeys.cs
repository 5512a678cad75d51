using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Ports;

namespace Sojourn.Hosting.Keys;

/// <summary>The keys of one party: its account, its VRF key, and the key that contents and outputs are sealed to.</summary>
public sealed class PartyKeys : IDisposable
{
    private PartyKeys(string name, Secp256k1Identity identity, VrfPrivateKey vrf, HpkePrivateKey sealing)
    {
        Name = name;
        Identity = identity;
        VrfKey = vrf;
        Sealing = sealing;
        Signer = new Secp256k1Signer(identity);
        Vrf = new EcVrfProver(vrf);
    }

    /// <summary>A name for people.</summary>
    public string Name { get; }

    /// <summary>The account's key.</summary>
    public Secp256k1Identity Identity { get; }

    /// <summary>The VRF key.</summary>
    public VrfPrivateKey VrfKey { get; }

    /// <summary>Contents and outputs are sealed to it.</summary>
    public HpkePrivateKey Sealing { get; }

    /// <summary>Signs transactions.</summary>
    public ISigner Signer { get; }

    /// <summary>Draws tickets.</summary>
    public IVrfProver Vrf { get; }

    /// <summary>The account.</summary>
    public Address Address => Identity.Address;

    /// <summary>Makes fresh keys.</summary>
    /// <param name="name">A name for people.</param>
    public static PartyKeys Generate(string name) => new(name, Secp256k1Identity.Generate(), VrfPrivateKey.Generate(), HpkePrivateKey.Generate());

    /// <summary>Reads keys from a file, or makes and writes them (mode 0600) where there is none.</summary>
    /// <param name="path">The file: three scalars of 32 bytes.</param>
    /// <param name="name">A name for people.</param>
    /// <exception cref="InvalidDataException">The file holds something else.</exception>
    public static PartyKeys LoadOrCreate(string path, string name)
    {
        if (File.Exists(path))
        {
            var bytes = File.ReadAllBytes(path);
            try
            {
                return bytes.Length == 96
                    ? new(name, Secp256k1Identity.Import(bytes.AsSpan(0, 32)), VrfPrivateKey.Import(bytes.AsSpan(32, 32)), HpkePrivateKey.Import(HpkeKem.P256, bytes.AsSpan(64, 32)))
                    : throw new InvalidDataException($"{path} does not hold a party's keys: 96 bytes were expected, {bytes.Length} are there.");
            }
            finally
            {
                System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
            }
        }

        var keys = Generate(name);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var account = keys.Identity.ExportScalar();
        using var vrf = keys.VrfKey.ExportScalar();
        using var sealing = keys.Sealing.ExportScalar();
        // Whole or not at all: half a key file would lock its owner out.
        WriteSecrets(path + ".new", account, vrf, sealing);
        File.Move(path + ".new", path);
        return keys;
    }

    /// <summary>Writes the two key files that <c>sojourn ledger serve</c> reads: <c>sequencer.key</c> and <c>beacon.key</c>.</summary>
    /// <param name="folder">The ledger's folder.</param>
    public void WriteLedgerKeys(string folder)
    {
        using var account = Identity.ExportScalar();
        using var vrf = VrfKey.ExportScalar();
        WriteSecrets(Path.Combine(folder, "sequencer.key"), account);
        WriteSecrets(Path.Combine(folder, "beacon.key"), vrf);
    }

    private static void WriteSecrets(string path, params ReadOnlySpan<Cryptography.Secrets.SecretKey> secrets)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        foreach (var secret in secrets)
        {
            using var lease = secret.Lend();
            file.Write(lease.Span);
        }

        file.Flush(flushToDisk: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Identity.Dispose();
        VrfKey.Dispose();
        Sealing.Dispose();
    }
}
