using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Ports;

namespace Sojourn.Simulation.Model;

/// <summary>Real keys drawn from a seed and a name, for the same worlds that <see cref="IdealCryptography"/> serves; accounts on secp256k1 (every ledger knows them) or P-256 (cheaper).</summary>
/// <remarks>Keys from a seed are for tests alone: whoever knows the seed has them.</remarks>
public sealed class RealCryptography(ulong seed, bool ethereum = false) : ICryptography
{
    private readonly AccountSignatures _signatures = new();
    private readonly EcVrf _vrf = new();
    private readonly ConcurrentDictionary<string, ISigner> _signers = new();
    private readonly ConcurrentDictionary<string, IVrfProver> _provers = new();
    private readonly ConcurrentDictionary<string, IReceiptSigner> _receipts = new();

    public ISigner Signer(string name) => _signers.GetOrAdd(name, key => ethereum
        ? new Secp256k1Signer(Secp256k1Identity.Import(Scalar("account", key)))
        : new P256Signer(KeyOf("account", key)));

    public IVrfProver VrfKey(string name) => _provers.GetOrAdd(name, key => new EcVrfProver(VrfPrivateKey.Import(Scalar("vrf", key))));

    public IReceiptSigner ReceiptKey(string name) => _receipts.GetOrAdd(name, key => new Receipt(new ReceiptKey(KeyOf("receipt", key))));

    public bool Verify(Address sender, Digest digest, ReadOnlySpan<byte> signature) => _signatures.Verify(sender, digest, signature);

    public bool VerifyEnclave(ReadOnlySpan<byte> publicKey, Digest digest, ReadOnlySpan<byte> signature) => _signatures.VerifyEnclave(publicKey, digest, signature);

    public bool Verify(ReadOnlySpan<byte> publicKey, Digest alpha, ReadOnlySpan<byte> proof, out Digest output) => _vrf.Verify(publicKey, alpha, proof, out output);

    // Both groups' orders begin with 32 one bits, so a hash whose first byte is cleared is below them, and zero nobody finds.
    private byte[] Scalar(string kind, string name)
    {
        var scalar = SHA256.HashData(Encoding.UTF8.GetBytes($"sojourn test key {seed} {kind} {name}"));
        scalar[0] = 0;
        return scalar;
    }

    private ECDsa KeyOf(string kind, string name) => ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = Scalar(kind, name) });

    private sealed class Receipt(ReceiptKey key) : IReceiptSigner
    {
        public ReadOnlyMemory<byte> PublicKey => key.PublicKey;

        public byte[] Sign(Digest statement) => key.Sign(statement);
    }
}
