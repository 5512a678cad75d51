using System.Security.Cryptography;

namespace Sojourn.Protocol.Releases;

/// <summary>
/// The outer wrapping of a released key at level tpm: to the machine's own key, which its TPM uses only while the quoted registers stand. What is inside is wrapped to the enclave: the
/// machine alone cannot open it, and the enclave's process alone, on a machine whose state has changed since its evidence, cannot either.
/// </summary>
/// <remarks>Ephemeral P-256 point (65 bytes) ‖ AES-256-GCM (nonce of zeroes: the key is used once) ‖ tag (16 bytes); key = HKDF-SHA256(x of the shared point, info = "sojourn/machine-release/1" ‖ ephemeral point ‖ machine's point).</remarks>
public static class MachineWrap
{
    /// <summary>Bytes of an uncompressed point.</summary>
    public const int PointLength = 65;

    private const int TagLength = 16;

    /// <summary>Wraps.</summary>
    /// <param name="machine">The machine's key, as its evidence binds it: 65 bytes.</param>
    /// <param name="wrapped">What is wrapped to the enclave.</param>
    /// <returns>The outer wrapping.</returns>
    /// <exception cref="CryptographicException">The key is no point of P-256.</exception>
    public static byte[] Wrap(ReadOnlySpan<byte> machine, ReadOnlySpan<byte> wrapped)
    {
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = machine[1..33].ToArray(), Y = machine[33..65].ToArray() } });
        var q = ephemeral.ExportParameters(false).Q;
        var output = new byte[PointLength + wrapped.Length + TagLength];
        output[0] = 4;
        q.X!.CopyTo(output, 1);
        q.Y!.CopyTo(output, 33);
        var secret = ephemeral.DeriveRawSecretAgreement(other.PublicKey);
        Span<byte> key = stackalloc byte[32];
        try
        {
            Derive(secret, output.AsSpan(0, PointLength), machine, key);
            using var cipher = new AesGcm(key, TagLength);
            cipher.Encrypt(new byte[12], wrapped, output.AsSpan(PointLength, wrapped.Length), output.AsSpan(PointLength + wrapped.Length));
            return output;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>The other side's ephemeral key; null where the bytes are too short for a wrapping.</summary>
    /// <param name="outer">The outer wrapping.</param>
    public static ReadOnlyMemory<byte>? PointOf(ReadOnlyMemory<byte> outer) => outer.Length > PointLength + TagLength && outer.Span[0] == 4 ? outer[..PointLength] : (ReadOnlyMemory<byte>?)null;

    /// <summary>Opens.</summary>
    /// <param name="secret">The x coordinate of the shared point, 32 bytes.</param>
    /// <param name="machine">The machine's key: 65 bytes.</param>
    /// <param name="outer">The outer wrapping.</param>
    /// <returns>What is wrapped to the enclave; null where this does not open.</returns>
    public static byte[]? Open(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> machine, ReadOnlySpan<byte> outer)
    {
        if (outer.Length <= PointLength + TagLength)
        {
            return null;
        }

        Span<byte> key = stackalloc byte[32];
        var inner = new byte[outer.Length - PointLength - TagLength];
        try
        {
            Derive(secret, outer[..PointLength], machine, key);
            using var cipher = new AesGcm(key, TagLength);
            cipher.Decrypt(new byte[12], outer[PointLength..^TagLength], outer[^TagLength..], inner);
            return inner;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static void Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> ephemeral, ReadOnlySpan<byte> machine, Span<byte> key) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, [], [.. "sojourn/machine-release/1"u8, .. ephemeral, .. machine]);
}
