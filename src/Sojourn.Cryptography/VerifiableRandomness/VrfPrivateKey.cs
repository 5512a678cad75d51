using System.Security.Cryptography;
using Sojourn.Cryptography.Arithmetic;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.VerifiableRandomness;

/// <summary>A VRF private key; the platform's handle is kept.</summary>
public sealed class VrfPrivateKey : IDisposable
{
    private readonly SecretKey scalar;

    private VrfPrivateKey(SecretKey scalar)
    {
        this.scalar = scalar;
        using var lease = scalar.Lend();
        Handle = PlatformKey.Import(PrimeCurve.P256, lease.Span);
        Public = new VrfPublicKey(Handle.PublicPoint);
    }

    /// <summary>The public half.</summary>
    public VrfPublicKey Public { get; }

    internal PlatformKey Handle { get; }

    /// <summary>Makes a key from the system's generator.</summary>
    public static VrfPrivateKey Generate() => new(ScalarKeys.Generate(PrimeCurve.P256));

    /// <summary>Imports a raw scalar, 32 bytes big-endian; the caller wipes it.</summary>
    /// <param name="scalar">Between 1 and the group order − 1.</param>
    /// <exception cref="CryptographicException">Not such a number.</exception>
    public static VrfPrivateKey Import(ReadOnlySpan<byte> scalar) => new(ScalarKeys.Import(PrimeCurve.P256, scalar));

    /// <summary>The raw scalar, for export into a key file.</summary>
    public SecretKey ExportScalar() => scalar.Copy();

    internal SecretKey.Lease LendScalar() => scalar.Lend();

    /// <inheritdoc/>
    public override string ToString() => "VrfPrivateKey(..)";

    /// <summary>Wipes the scalar and closes the handle.</summary>
    public void Dispose()
    {
        scalar.Dispose();
        Handle.Dispose();
    }
}
