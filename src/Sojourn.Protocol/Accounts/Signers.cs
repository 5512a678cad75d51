using System.Security.Cryptography;
using Sojourn.Cryptography.Identity;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Protocol.Accounts;

/// <summary>Signs with a secp256k1 identity: accounts that work on every ledger.</summary>
/// <param name="identity">The identity; it stays the caller's.</param>
public sealed class Secp256k1Signer(Secp256k1Identity identity) : ISigner
{
    /// <inheritdoc/>
    public Address Address => identity.Address;

    /// <inheritdoc/>
    public byte[] Sign(Digest digest) => [AccountSignatures.Secp256k1, .. identity.Sign(digest.AsSpan()).ToBytes()];
}

/// <summary>Signs with a P-256 key: accounts of the embedded ledger only, much cheaper to check.</summary>
public sealed class P256Signer : ISigner, IDisposable
{
    private readonly ECDsa _key;
    private readonly byte[] _point;

    /// <summary>Takes a key.</summary>
    /// <param name="key">A key on P-256; it is disposed of with the signer.</param>
    public P256Signer(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        _key = key;
        _point = P256Keys.Compress(key);
        Address = P256Keys.AddressOf(_point);
    }

    /// <summary>A signer with a fresh key.</summary>
    public static P256Signer Generate() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <inheritdoc/>
    public Address Address { get; }

    /// <inheritdoc/>
    public byte[] Sign(Digest digest)
    {
        lock (_key)
        {
            return [AccountSignatures.P256, .. _point, .. _key.SignHash(digest.AsSpan())];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}

/// <summary>An enclave's receipt key, as far as the ledger knows it.</summary>
public sealed class ReceiptKey : IDisposable
{
    private readonly ECDsa _key;

    /// <summary>Takes a key.</summary>
    /// <param name="key">A key on P-256; it is disposed of with this.</param>
    public ReceiptKey(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        _key = key;
        PublicKey = P256Keys.Compress(key);
    }

    /// <summary>A fresh key.</summary>
    public static ReceiptKey Generate() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>The compressed point, 33 bytes.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Signs a statement for the ledger.</summary>
    /// <param name="statement">See <see cref="Identifiers.Statement"/>.</param>
    public byte[] Sign(Digest statement) => _key.SignHash(statement.AsSpan());

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
