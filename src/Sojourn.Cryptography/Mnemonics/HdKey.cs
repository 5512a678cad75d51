using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Sojourn.Cryptography.Arithmetic;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.Mnemonics;

/// <summary>A key of a hierarchy (BIP-32), private derivation only.</summary>
public sealed class HdKey : IDisposable
{
    /// <summary>The path of the first Ethereum account (BIP-44, coin type 60).</summary>
    public const string EthereumPath = "m/44'/60'/0'/0/0";

    private const uint Hardened = 0x8000_0000;

    private const int DepthMax = 32;

    private readonly SecretKey scalar;
    private readonly SecretKey chainCode;

    private HdKey(SecretKey scalar, SecretKey chainCode)
    {
        this.scalar = scalar;
        this.chainCode = chainCode;
    }

    /// <summary>The root key of a seed.</summary>
    /// <param name="seed">16 to 64 bytes.</param>
    public static HdKey FromSeed(SecretKey seed)
    {
        ArgumentNullException.ThrowIfNull(seed);
        ArgumentOutOfRangeException.ThrowIfLessThan(seed.Length, 16, nameof(seed));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seed.Length, 64, nameof(seed));
        using var lease = seed.Lend();
        Span<byte> both = stackalloc byte[64];
        try
        {
            HMACSHA512.HashData("Bitcoin seed"u8, lease.Span, both);
            return new HdKey(ScalarKeys.Import(PrimeCurve.Secp256k1, both[..32]), SecretKey.CopyOf(both[32..]));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(both);
        }
    }

    /// <summary>Derives along a path such as <see cref="EthereumPath"/>.</summary>
    /// <param name="path">m, then numbers below 2^31, a hyphen mark behind hardened ones.</param>
    /// <param name="key">The key, unless there is a fault.</param>
    public MnemonicFault TryDerive(string path, out HdKey? key)
    {
        ArgumentNullException.ThrowIfNull(path);
        key = null;
        var parts = path.Split('/');
        if (parts[0] != "m" || parts.Length > DepthMax)
        {
            return MnemonicFault.Path;
        }

        var indices = new List<uint>();
        foreach (var part in parts.AsSpan(1))
        {
            var hardened = part.EndsWith('\'') || part.EndsWith('h');
            if (!uint.TryParse(hardened ? part[..^1] : part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= Hardened)
            {
                return MnemonicFault.Path;
            }

            indices.Add(hardened ? index | Hardened : index);
        }

        var current = new HdKey(scalar.Copy(), chainCode.Copy());
        foreach (var index in indices)
        {
            var child = current.Child(index);
            current.Dispose();
            current = child;
        }

        key = current;
        return MnemonicFault.None;
    }

    /// <summary>The key as a ledger identity.</summary>
    public Secp256k1Identity ToIdentity()
    {
        using var lease = scalar.Lend();
        return Secp256k1Identity.Import(lease.Span);
    }

    internal SecretKey ExportScalar() => scalar.Copy();

    internal SecretKey ExportChainCode() => chainCode.Copy();

    /// <summary>Wipes the key.</summary>
    public void Dispose()
    {
        scalar.Dispose();
        chainCode.Dispose();
    }

    /// <summary>CKDpriv. The sum modulo the order is branch-free.</summary>
    private HdKey Child(uint index)
    {
        var n = PrimeCurve.Secp256k1.Order;
        Span<byte> data = stackalloc byte[37];
        Span<byte> both = stackalloc byte[64];
        using var own = scalar.Lend();
        using var code = chainCode.Lend();
        try
        {
            if (index >= Hardened)
            {
                data[0] = 0;
                own.Span.CopyTo(data[1..]);
            }
            else
            {
                using var handle = PlatformKey.Import(PrimeCurve.Secp256k1, own.Span);
                handle.PublicPoint.WriteCompressed(data);
            }

            BinaryPrimitives.WriteUInt32BigEndian(data[33..], index);
            HMACSHA512.HashData(code.Span, data, both);
            var left = UInt256.Read(both);
            var sum = n.Add(n.Reduce(left), UInt256.Read(own.Span));

            // BIP-32 skips such an index; it happens once in 2^127.
            if (!n.IsReduced(left) || sum.IsZero)
            {
                throw new CryptographicException("This index gives no key; take the next.");
            }

            sum.Write(both);
            return new HdKey(SecretKey.CopyOf(both[..32]), SecretKey.CopyOf(both[32..]));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(data);
            CryptographicOperations.ZeroMemory(both);
            StackHygiene.Wipe();
        }
    }
}
