using System.Security.Cryptography;
using Sojourn.Cryptography.Arithmetic;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Identity;

/// <summary>A private key of the ledgers' curve: signs, and is known by its address.</summary>
/// <remarks>
/// k·G is the platform's (a key import); k⁻¹·(z + r·d) is our branch-free arithmetic, since the platform offers neither
/// deterministic nonces (RFC 6979) nor the recovery id.
/// </remarks>
public sealed class Secp256k1Identity : IDisposable
{
    private readonly SecretKey scalar;

    private Secp256k1Identity(SecretKey scalar)
    {
        this.scalar = scalar;
        using var lease = scalar.Lend();
        using var handle = PlatformKey.Import(PrimeCurve.Secp256k1, lease.Span);
        Public = new Secp256k1PublicKey(handle.PublicPoint);
    }

    /// <summary>The public half.</summary>
    public Secp256k1PublicKey Public { get; }

    /// <summary>The ledger's name for this key.</summary>
    public Address Address => Public.Address;

    /// <summary>Makes a key from the system's generator.</summary>
    public static Secp256k1Identity Generate() => new(ScalarKeys.Generate(PrimeCurve.Secp256k1));

    /// <summary>Imports a raw scalar, 32 bytes big-endian; the caller wipes it.</summary>
    /// <param name="scalar">Between 1 and the group order − 1.</param>
    /// <exception cref="CryptographicException">Not such a number.</exception>
    public static Secp256k1Identity Import(ReadOnlySpan<byte> scalar) => new(ScalarKeys.Import(PrimeCurve.Secp256k1, scalar));

    /// <summary>The raw scalar, for export into a key file.</summary>
    public SecretKey ExportScalar() => scalar.Copy();

    /// <summary>Signs a digest: RFC 6979 nonce, low s (EIP-2), recovery id. The same input gives the same signature.</summary>
    /// <param name="digest">32 bytes.</param>
    public RecoverableSignature Sign(ReadOnlySpan<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(digest.Length, 32, nameof(digest));
        Span<byte> state = stackalloc byte[64];
        Span<byte> nonce = stackalloc byte[32];
        try
        {
            using var lease = scalar.Lend();
            return Sign(lease.Span, digest, state, nonce);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(state);
            CryptographicOperations.ZeroMemory(nonce);
            StackHygiene.Wipe();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"Secp256k1Identity({Address})";

    /// <summary>Wipes the key.</summary>
    public void Dispose() => scalar.Dispose();

    private static RecoverableSignature Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> digest, Span<byte> state, Span<byte> nonce)
    {
        var curve = PrimeCurve.Secp256k1;
        var generator = new Rfc6979(curve.Order, secret, digest, state);
        while (true)
        {
            generator.Next(nonce);
            AffinePoint point;
            using (var k = PlatformKey.Import(curve, nonce))
            {
                point = k.PublicPoint;
            }

            var r = curve.Order.Reduce(point.X);
            var overflow = curve.Order.IsReduced(point.X) ? 0 : 2;
            var s = Respond(curve.Order, secret, digest, nonce, r);
            if (r.IsZero || s.IsZero)
            {
                continue;
            }

            // Whether s was the high one of the pair is no secret, but a masked choice costs nothing.
            var high = Limbs.Bit(UInt256.Less(curve.HalfOrder, s));
            s = Limbs.Select(high, curve.Order.Negate(s), s);
            return new RecoverableSignature(r, s, overflow | (int)((point.Y.L0 & 1) ^ high));
        }
    }

    /// <summary>k⁻¹ (z + r·d) modulo the order, branch-free.</summary>
    private static UInt256 Respond(Modulus256 n, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> nonce, in UInt256 r)
    {
        var k = n.Invert(n.ToMontgomery(UInt256.Read(nonce)));
        var rd = n.Multiply(n.ToMontgomery(UInt256.Read(secret)), r);
        return n.Multiply(k, n.Add(rd, n.Reduce(UInt256.Read(digest))));
    }
}
