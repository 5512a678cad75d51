using System.Diagnostics.CodeAnalysis;
using Sojourn.Cryptography.Arithmetic;
using Sojourn.Cryptography.Hashing;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Identity;

/// <summary>A public key of the ledgers' curve, and the address that stands for it.</summary>
/// <remarks>Checking works on public values only and is our own code: an import into the platform would cost more than the check.</remarks>
public sealed class Secp256k1PublicKey : IEquatable<Secp256k1PublicKey>
{
    private readonly AffinePoint point;

    internal Secp256k1PublicKey(in AffinePoint point)
    {
        this.point = point;
        Span<byte> encoded = stackalloc byte[65];
        Span<byte> digest = stackalloc byte[32];
        point.WriteUncompressed(encoded);
        Keccak256.Hash(encoded[1..], digest);
        Address = new Address(digest[12..]);
    }

    /// <summary>The last 20 bytes of Keccak-256 over the uncompressed key (Ethereum Yellow Paper, appendix F).</summary>
    public Address Address { get; }

    /// <summary>33 bytes.</summary>
    public byte[] ToCompressed() => point.ToCompressed();

    /// <summary>65 bytes, first 0x04.</summary>
    public byte[] ToUncompressed() => point.ToUncompressed();

    /// <summary>Reads a compressed or uncompressed point; untrusted.</summary>
    /// <param name="encoded">33 or 65 bytes.</param>
    /// <param name="key">The key, where it is on the curve.</param>
    public static bool TryImport(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out Secp256k1PublicKey? key)
    {
        key = PrimeCurve.Secp256k1.TryDecode(encoded, out var point) ? new Secp256k1PublicKey(point) : null;
        return key is not null;
    }

    /// <summary>Finds who signed (SEC 1, 4.1.6).</summary>
    /// <param name="digest">32 bytes that were signed.</param>
    /// <param name="signature">A signature in range.</param>
    /// <param name="key">The signer, unless there is a fault.</param>
    public static SignatureFault TryRecover(ReadOnlySpan<byte> digest, RecoverableSignature signature, out Secp256k1PublicKey? key)
    {
        ArgumentNullException.ThrowIfNull(signature);
        ArgumentOutOfRangeException.ThrowIfNotEqual(digest.Length, 32, nameof(digest));
        key = null;
        var curve = PrimeCurve.Secp256k1;
        var n = curve.Order;
        var x = signature.R;
        if (signature.RecoveryId >= 2)
        {
            x = Limbs.Add(x, n.Value, out var carry);
            if (carry != 0)
            {
                return SignatureFault.NotRecoverable;
            }
        }

        if (!curve.TryLift(x, (signature.RecoveryId & 1) != 0, out var r))
        {
            return SignatureFault.NotRecoverable;
        }

        // Q = r⁻¹ (s·R − z·G)
        var inverse = n.Invert(n.ToMontgomery(signature.R));
        var z = n.Reduce(UInt256.Read(digest));
        var u1 = n.Multiply(inverse, n.Negate(z));
        var u2 = n.Multiply(inverse, signature.S);
        if (!curve.TryMultiplyAdd(u1, curve.Generator, u2, r, out var q))
        {
            return SignatureFault.NotRecoverable;
        }

        key = new Secp256k1PublicKey(q);
        return SignatureFault.None;
    }

    /// <summary>Checks a signature (SEC 1, 4.1.4).</summary>
    /// <param name="digest">32 bytes that were signed.</param>
    /// <param name="signature">A signature in range.</param>
    public SignatureFault Verify(ReadOnlySpan<byte> digest, RecoverableSignature signature)
    {
        ArgumentNullException.ThrowIfNull(signature);
        ArgumentOutOfRangeException.ThrowIfNotEqual(digest.Length, 32, nameof(digest));
        var curve = PrimeCurve.Secp256k1;
        var n = curve.Order;
        var inverse = n.Invert(n.ToMontgomery(signature.S));
        var u1 = n.Multiply(inverse, n.Reduce(UInt256.Read(digest)));
        var u2 = n.Multiply(inverse, signature.R);
        return curve.TryMultiplyAdd(u1, curve.Generator, u2, point, out var sum) && UInt256.Equal(n.Reduce(sum.X), signature.R)
            ? SignatureFault.None
            : SignatureFault.Mismatch;
    }

    /// <summary>Whether both are the same point.</summary>
    /// <param name="other">Another key.</param>
    public bool Equals(Secp256k1PublicKey? other) => other is not null && UInt256.Equal(point.X, other.point.X) && UInt256.Equal(point.Y, other.point.Y);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Secp256k1PublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => point.X.L0.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Convert.ToHexStringLower(ToCompressed());
}
