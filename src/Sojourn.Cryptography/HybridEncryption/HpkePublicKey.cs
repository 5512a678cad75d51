using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>A recipient's public key, checked to be a point of its curve, with the platform's handle kept.</summary>
public sealed class HpkePublicKey : IEquatable<HpkePublicKey>
{
    private readonly byte[] bytes;

    private HpkePublicKey(HpkeKemParameters parameters, byte[] bytes, ECDiffieHellmanPublicKey handle)
    {
        Parameters = parameters;
        this.bytes = bytes;
        Handle = handle;
    }

    /// <summary>The mechanism it is for.</summary>
    public HpkeKem Kem => Parameters.Kem;

    /// <summary>SEC 1 uncompressed: 65, 97 or 133 bytes (RFC 9180, SerializePublicKey).</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    internal HpkeKemParameters Parameters { get; }

    internal ECDiffieHellmanPublicKey Handle { get; }

    /// <summary>Reads an uncompressed point.</summary>
    /// <param name="kem">The mechanism.</param>
    /// <param name="encoded">As <see cref="Bytes"/>.</param>
    /// <param name="key">The key, where the point is on the curve.</param>
    public static bool TryImport(HpkeKem kem, ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out HpkePublicKey? key)
    {
        key = null;
        var parameters = HpkeKemParameters.Of(kem);
        if (encoded.Length != parameters.PublicSize || encoded[0] != 4)
        {
            return false;
        }

        try
        {
            using var handle = ECDiffieHellman.Create(new ECParameters
            {
                Curve = parameters.Curve,
                Q = new ECPoint
                {
                    X = encoded.Slice(1, parameters.ScalarSize).ToArray(),
                    Y = encoded[(1 + parameters.ScalarSize)..].ToArray(),
                },
            });
            key = new HpkePublicKey(parameters, encoded.ToArray(), handle.PublicKey);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Reads an uncompressed point that must be good.</summary>
    /// <param name="kem">The mechanism.</param>
    /// <param name="encoded">As <see cref="Bytes"/>.</param>
    /// <exception cref="CryptographicException">Not a point of the curve.</exception>
    public static HpkePublicKey Import(HpkeKem kem, ReadOnlySpan<byte> encoded) =>
        TryImport(kem, encoded, out var key) ? key : throw new CryptographicException($"The bytes are not an uncompressed public key for {kem}.");

    /// <summary>Whether both are the same point of the same curve.</summary>
    /// <param name="other">Another key.</param>
    public bool Equals(HpkePublicKey? other) => other is not null && Kem == other.Kem && bytes.AsSpan().SequenceEqual(other.bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as HpkePublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(bytes, 1);

    /// <inheritdoc/>
    public override string ToString() => $"{Kem}:{Convert.ToHexStringLower(bytes)}";
}
