using System.Security.Cryptography;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>A recipient's private key: the scalar in wiped memory and the platform's handle, kept because an import is dear.</summary>
public sealed class HpkePrivateKey : IDisposable
{
    private readonly ECDiffieHellman handle;
    private readonly SecretKey scalar;

    private HpkePrivateKey(HpkeKemParameters parameters, SecretKey scalar)
    {
        var d = GC.AllocateArray<byte>(parameters.ScalarSize, pinned: true);
        try
        {
            using (var lease = scalar.Lend())
            {
                lease.Span.CopyTo(d);
            }

            handle = ECDiffieHellman.Create(new ECParameters { Curve = parameters.Curve, D = d });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(d);
        }

        this.scalar = scalar;
        var q = handle.ExportParameters(false).Q;
        byte[] encoded = [4, .. q.X!, .. q.Y!];
        Public = HpkePublicKey.Import(parameters.Kem, encoded);
    }

    /// <summary>The public half.</summary>
    public HpkePublicKey Public { get; }

    internal HpkeKemParameters Parameters => Public.Parameters;

    /// <summary>Makes a key from the system's generator.</summary>
    /// <param name="kem">The mechanism; P-256 by default.</param>
    public static HpkePrivateKey Generate(HpkeKem kem = HpkeKem.P256)
    {
        var parameters = HpkeKemParameters.Of(kem);
        while (true)
        {
            var drawn = SecretKey.Create(parameters.ScalarSize, parameters.TopMask, static (bytes, mask) =>
            {
                RandomNumberGenerator.Fill(bytes);
                bytes[0] &= mask;
            });
            if (TryCreate(parameters, drawn) is { } key)
            {
                return key;
            }
        }
    }

    /// <summary>Imports a raw scalar, big-endian (32, 48 or 66 bytes).</summary>
    /// <param name="kem">The mechanism.</param>
    /// <param name="scalar">Between 1 and the group order − 1. The caller wipes it.</param>
    /// <exception cref="CryptographicException">Not a scalar of that curve.</exception>
    public static HpkePrivateKey Import(HpkeKem kem, ReadOnlySpan<byte> scalar)
    {
        var parameters = HpkeKemParameters.Of(kem);
        if (!parameters.IsScalar(scalar))
        {
            throw new CryptographicException($"A private key for {kem} is {parameters.ScalarSize} bytes, above zero and below the group order.");
        }

        return new HpkePrivateKey(parameters, SecretKey.CopyOf(scalar));
    }

    /// <summary>DeriveKeyPair (RFC 9180, 7.1.3): a key from a seed, the same each time.</summary>
    /// <param name="kem">The mechanism.</param>
    /// <param name="seed">At least as many bytes of entropy as the scalar has.</param>
    public static HpkePrivateKey Derive(HpkeKem kem, ReadOnlySpan<byte> seed)
    {
        var parameters = HpkeKemParameters.Of(kem);
        ArgumentOutOfRangeException.ThrowIfLessThan(seed.Length, parameters.ScalarSize, nameof(seed));
        Span<byte> prk = stackalloc byte[64];
        try
        {
            parameters.Hash.Extract(parameters.SuiteId, default, "dkp_prk"u8, seed, prk);
            for (var counter = 0; counter < 256; counter++)
            {
                var derived = SecretKey.Create(parameters.ScalarSize, new Candidate(parameters, prk, (byte)counter), static (bytes, state) =>
                {
                    state.Parameters.Hash.Expand(state.Parameters.SuiteId, state.Prk, "candidate"u8, [state.Counter], bytes);
                    bytes[0] &= state.Parameters.TopMask;
                });
                if (TryCreate(parameters, derived) is { } key)
                {
                    return key;
                }
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(prk);
        }

        throw new CryptographicException("DeriveKeyPair found no scalar in 256 tries, which does not happen by chance.");
    }

    /// <summary>The raw scalar, for export into a key file.</summary>
    public SecretKey ExportScalar() => scalar.Copy();

    /// <summary>The Diffie-Hellman x coordinate with a public key, into <paramref name="secret"/>.</summary>
    internal void Agree(HpkePublicKey other, Span<byte> secret)
    {
        var x = handle.DeriveRawSecretAgreement(other.Handle);
        x.CopyTo(secret);
        CryptographicOperations.ZeroMemory(x);
    }

    /// <inheritdoc/>
    public override string ToString() => "HpkePrivateKey(..)";

    /// <summary>Wipes the scalar and closes the handle.</summary>
    public void Dispose()
    {
        scalar.Dispose();
        handle.Dispose();
    }

    private static HpkePrivateKey? TryCreate(HpkeKemParameters parameters, SecretKey scalar)
    {
        bool good;
        using (var lease = scalar.Lend())
        {
            good = parameters.IsScalar(lease.Span);
        }

        if (good)
        {
            return new HpkePrivateKey(parameters, scalar);
        }

        scalar.Dispose();
        return null;
    }

    private readonly ref struct Candidate(HpkeKemParameters parameters, ReadOnlySpan<byte> prk, byte counter)
    {
        public readonly HpkeKemParameters Parameters = parameters;
        public readonly ReadOnlySpan<byte> Prk = prk;
        public readonly byte Counter = counter;
    }
}
