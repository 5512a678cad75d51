using System.Diagnostics.CodeAnalysis;
using Sojourn.Cryptography.Arithmetic;

namespace Sojourn.Cryptography.VerifiableRandomness;

/// <summary>A VRF public key that was validated (RFC 9381, 5.4.5: on the curve and not the identity; the cofactor is one).</summary>
public sealed class VrfPublicKey : IEquatable<VrfPublicKey>
{
    private readonly byte[] bytes;

    internal VrfPublicKey(in AffinePoint point)
    {
        Point = point;
        bytes = point.ToCompressed();
    }

    /// <summary>Length of a key in bytes.</summary>
    public const int Size = 33;

    /// <summary>SEC 1 compressed, 33 bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    internal AffinePoint Point { get; }

    /// <summary>Reads a compressed (33 bytes) or uncompressed (65 bytes) point; untrusted.</summary>
    /// <param name="encoded">SEC 1, 2.3.4.</param>
    /// <param name="key">The key, where it is valid.</param>
    public static bool TryImport(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out VrfPublicKey? key)
    {
        key = PrimeCurve.P256.TryDecode(encoded, out var point) ? new VrfPublicKey(point) : null;
        return key is not null;
    }

    /// <summary>The uncompressed form, 65 bytes, as contracts take it.</summary>
    public byte[] ToUncompressed() => Point.ToUncompressed();

    /// <summary>Whether both are the same point.</summary>
    /// <param name="other">Another key.</param>
    public bool Equals(VrfPublicKey? other) => other is not null && bytes.AsSpan().SequenceEqual(other.bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as VrfPublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(bytes, 1);

    /// <inheritdoc/>
    public override string ToString() => Convert.ToHexStringLower(bytes);
}
