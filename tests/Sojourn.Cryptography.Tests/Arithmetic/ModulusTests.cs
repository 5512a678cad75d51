using System.Numerics;
using Sojourn.Cryptography.Arithmetic;
using Xunit;

namespace Sojourn.Cryptography.Tests.Arithmetic;

/// <summary>The branch-free arithmetic against the platform's big numbers, which are slow and leak but are right.</summary>
public sealed class ModulusTests
{
    private static readonly string[] Moduli =
    [
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141",
    ];

    [Fact]
    public void Agrees_with_big_integers()
    {
        var random = new Random(256);
        foreach (var hex in Moduli)
        {
            var modulus = new Modulus256(hex);
            var n = Big(modulus.Value);
            for (var i = 0; i < 400; i++)
            {
                var a = modulus.Reduce(Draw(random, modulus.Value));
                var b = modulus.Reduce(Draw(random, modulus.Value));
                Assert.Equal((Big(a) + Big(b)) % n, Big(modulus.Add(a, b)));
                Assert.Equal((Big(a) + n - Big(b)) % n, Big(modulus.Subtract(a, b)));
                Assert.Equal((n - Big(a)) % n, Big(modulus.Negate(a)));
                Assert.Equal(Big(a), Big(modulus.FromMontgomery(modulus.ToMontgomery(a))));
                Assert.Equal(Big(a) * Big(b) % n, Big(modulus.Multiply(modulus.ToMontgomery(a), b)));
                if (i % 20 == 0)
                {
                    Assert.Equal(BigInteger.ModPow(Big(a), n - 2, n), Big(modulus.FromMontgomery(modulus.Invert(modulus.ToMontgomery(a)))));
                }
            }
        }
    }

    [Fact]
    public void Roots_are_roots()
    {
        var random = new Random(257);
        foreach (var hex in new[] { Moduli[0], Moduli[2] })
        {
            var modulus = new Modulus256(hex);
            var found = 0;
            for (var i = 0; i < 40; i++)
            {
                var a = modulus.ToMontgomery(modulus.Reduce(Draw(random, modulus.Value)));
                if (modulus.TrySquareRoot(a, out var root))
                {
                    found++;
                    Assert.True(UInt256.Equal(a, modulus.Square(root)));
                }
            }

            Assert.InRange(found, 5, 35);
        }
    }

    [Fact]
    public void Points_agree_with_the_platform()
    {
        var random = new Random(258);
        foreach (var curve in new[] { PrimeCurve.P256, PrimeCurve.Secp256k1 })
        {
            for (var i = 0; i < 30; i++)
            {
                var scalar = curve.Order.Reduce(i < 20 ? new UInt256((ulong)i + 1, 0, 0, 0) : Draw(random, curve.Order.Value));
                using var key = PlatformKey.Import(curve, scalar.ToBytes());
                Assert.True(curve.TryMultiply(scalar, curve.Generator, out var ours));
                Assert.True(UInt256.Equal(ours.X, key.PublicPoint.X) && UInt256.Equal(ours.Y, key.PublicPoint.Y));
                Assert.True(curve.Contains(ours));

                // (n − k)·G + k·G is infinity; k·G + k·G doubles.
                Assert.False(curve.TryMultiplyAdd(curve.Order.Negate(scalar), curve.Generator, new UInt256(1, 0, 0, 0), ours, out _));
                Assert.True(curve.TryAdd(ours, ours, out var twice));
                Assert.True(curve.TryMultiply(new UInt256(2, 0, 0, 0), ours, out var twiceToo));
                Assert.Equal(twice.ToUncompressed(), twiceToo.ToUncompressed());
            }
        }
    }

    /// <summary>Uniform numbers, and many near the edges where carries run through.</summary>
    private static UInt256 Draw(Random random, UInt256 modulus)
    {
        var bytes = new byte[32];
        random.NextBytes(bytes);
        switch (random.Next(5))
        {
            case 0:
                bytes.AsSpan(0, random.Next(33)).Fill(0xFF);
                break;
            case 1:
                bytes.AsSpan(0, random.Next(33)).Clear();
                break;
            case 2:
                return Limbs.Subtract(modulus, new UInt256((ulong)random.Next(3), 0, 0, 0), out _);
            default:
                break;
        }

        return UInt256.Read(bytes);
    }

    private static BigInteger Big(in UInt256 value) => new(value.ToBytes(), isUnsigned: true, isBigEndian: true);
}
