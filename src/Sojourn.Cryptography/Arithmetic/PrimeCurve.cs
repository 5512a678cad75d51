using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sojourn.Cryptography.Arithmetic;

/// <summary>A short Weierstrass curve of prime order over a 256-bit field.</summary>
/// <remarks>
/// Point arithmetic here takes data-dependent time and is for <b>public</b> points and scalars only (checking proofs, recovering
/// keys). Multiplication by a secret goes through <see cref="PlatformKey"/>, which leaves it to the platform's library.
/// </remarks>
internal sealed class PrimeCurve
{
    private readonly UInt256 b;
    private readonly bool aIsMinusThree;

    private PrimeCurve(string p, string n, string b, bool aIsMinusThree, string gx, string gy, ECCurve platform)
    {
        Field = new Modulus256(p);
        Order = new Modulus256(n);
        this.b = Field.ToMontgomery(UInt256.Parse(b));
        this.aIsMinusThree = aIsMinusThree;
        Generator = new AffinePoint(UInt256.Parse(gx), UInt256.Parse(gy));
        Platform = platform;
        var half = Order.Value;
        HalfOrder = new UInt256((half.L0 >> 1) | (half.L1 << 63), (half.L1 >> 1) | (half.L2 << 63), (half.L2 >> 1) | (half.L3 << 63), half.L3 >> 1);
    }

    /// <summary>NIST P-256 (SEC 2, 2.4.2).</summary>
    public static PrimeCurve P256 { get; } = new(
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
        "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
        aIsMinusThree: true,
        "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296",
        "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
        ECCurve.NamedCurves.nistP256);

    /// <summary>secp256k1 (SEC 2, 2.4.1).</summary>
    public static PrimeCurve Secp256k1 { get; } = new(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141",
        "0000000000000000000000000000000000000000000000000000000000000007",
        aIsMinusThree: false,
        "79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798",
        "483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8",
        ECCurve.CreateFromValue("1.3.132.0.10"));

    public Modulus256 Field { get; }

    public Modulus256 Order { get; }

    public UInt256 HalfOrder { get; }

    public AffinePoint Generator { get; }

    public ECCurve Platform { get; }

    /// <summary>x³ + ax + b, Montgomery form.</summary>
    private UInt256 RightSide(in UInt256 x)
    {
        var cube = Field.Multiply(Field.Square(x), x);
        if (aIsMinusThree)
        {
            cube = Field.Subtract(cube, Field.Add(Field.Add(x, x), x));
        }

        return Field.Add(cube, b);
    }

    public bool Contains(in AffinePoint point)
    {
        if (!Field.IsReduced(point.X) || !Field.IsReduced(point.Y))
        {
            return false;
        }

        return UInt256.Equal(Field.Square(Field.ToMontgomery(point.Y)), RightSide(Field.ToMontgomery(point.X)));
    }

    /// <summary>The point with that x and the wanted parity of y, where there is one.</summary>
    public bool TryLift(in UInt256 x, bool odd, out AffinePoint point)
    {
        point = default;
        if (!Field.IsReduced(x) || !Field.TrySquareRoot(RightSide(Field.ToMontgomery(x)), out var root))
        {
            return false;
        }

        var y = Field.FromMontgomery(root);
        if (y.IsOdd != odd)
        {
            y = Field.FromMontgomery(Field.Negate(root));
        }

        // y = 0 has order two and is on neither curve; the comparison keeps the promise about parity without assuming so.
        point = new AffinePoint(x, y);
        return y.IsOdd == odd;
    }

    /// <summary>A square root of −(x³ + ax + b): the witness that x is not on the curve, since −1 is a non-residue here.</summary>
    public bool TryNonResidueWitness(in UInt256 x, out UInt256 witness)
    {
        witness = default;
        if (!Field.IsReduced(x) || !Field.TrySquareRoot(Field.Negate(RightSide(Field.ToMontgomery(x))), out var root))
        {
            return false;
        }

        witness = Field.FromMontgomery(root);
        return true;
    }

    /// <summary>Reads a SEC 1 point, compressed (33 bytes) or not (65 bytes), and checks that it is on the curve. The point at infinity is refused.</summary>
    public bool TryDecode(ReadOnlySpan<byte> bytes, out AffinePoint point)
    {
        point = default;
        if (bytes.Length == 33 && bytes[0] is 2 or 3)
        {
            return TryLift(UInt256.Read(bytes[1..]), bytes[0] == 3, out point);
        }

        if (bytes.Length == 65 && bytes[0] == 4)
        {
            point = new AffinePoint(UInt256.Read(bytes[1..]), UInt256.Read(bytes[33..]));
            return Contains(point);
        }

        return false;
    }

    public AffinePoint Negate(in AffinePoint point) => new(point.X, Field.FromMontgomery(Field.Negate(Field.ToMontgomery(point.Y))));

    /// <summary>p + q for public points; false where the sum is the point at infinity.</summary>
    public bool TryAdd(in AffinePoint p, in AffinePoint q, out AffinePoint sum) =>
        TryToAffine(Add(ToJacobian(p), ToJacobian(q)), out sum);

    /// <summary>u·p + v·q for public scalars and points (Straus, width-5 signed digits); false where it is the point at infinity.</summary>
    public bool TryMultiplyAdd(in UInt256 u, in AffinePoint p, in UInt256 v, in AffinePoint q, out AffinePoint result)
    {
        Span<sbyte> digitsU = stackalloc sbyte[257];
        Span<sbyte> digitsV = stackalloc sbyte[257];
        Span<JacobianPoint> tableP = stackalloc JacobianPoint[8];
        Span<JacobianPoint> tableQ = stackalloc JacobianPoint[8];
        var top = Math.Max(Recode(u, digitsU), Recode(v, digitsV));
        OddMultiples(p, tableP);
        OddMultiples(q, tableQ);

        JacobianPoint sum = default;
        for (var i = top; i >= 0; i--)
        {
            sum = Double(sum);
            sum = AddDigit(sum, digitsU[i], tableP);
            sum = AddDigit(sum, digitsV[i], tableQ);
        }

        return TryToAffine(sum, out result);
    }

    /// <summary>u·p for a public scalar and point.</summary>
    public bool TryMultiply(in UInt256 u, in AffinePoint p, out AffinePoint result) =>
        TryMultiplyAdd(u, p, default, p, out result);

    /// <summary>The slope of the line through two public points with different x, as a number.</summary>
    public UInt256 Slope(in AffinePoint p, in AffinePoint q)
    {
        var rise = Field.Subtract(Field.ToMontgomery(q.Y), Field.ToMontgomery(p.Y));
        var run = Field.Subtract(Field.ToMontgomery(q.X), Field.ToMontgomery(p.X));
        return Field.FromMontgomery(Field.Multiply(rise, Field.Invert(run)));
    }

    private JacobianPoint AddDigit(in JacobianPoint sum, int digit, ReadOnlySpan<JacobianPoint> table) => digit switch
    {
        0 => sum,
        > 0 => Add(sum, table[digit >> 1]),
        _ => Add(sum, Negate(table[-digit >> 1])),
    };

    private JacobianPoint Negate(in JacobianPoint p) => new(p.X, Field.Negate(p.Y), p.Z);

    private void OddMultiples(in AffinePoint p, Span<JacobianPoint> table)
    {
        table[0] = ToJacobian(p);
        var twice = Double(table[0]);
        for (var i = 1; i < table.Length; i++)
        {
            table[i] = Add(table[i - 1], twice);
        }
    }

    /// <summary>Width-5 non-adjacent form; returns the highest index used.</summary>
    private static int Recode(in UInt256 scalar, Span<sbyte> digits)
    {
        digits.Clear();
        ulong l0 = scalar.L0, l1 = scalar.L1, l2 = scalar.L2, l3 = scalar.L3, l4 = 0;
        var highest = 0;
        for (var i = 0; (l0 | l1 | l2 | l3 | l4) != 0; i++)
        {
            if ((l0 & 1) != 0)
            {
                var digit = (int)(l0 & 31);
                if (digit >= 16)
                {
                    digit -= 32;
                }

                digits[i] = (sbyte)digit;
                highest = i;
                var value = new UInt256(l0, l1, l2, l3);
                var change = new UInt256((ulong)Math.Abs(digit), 0, 0, 0);
                ulong carry = 0;
                value = digit > 0 ? Limbs.Subtract(value, change, out _) : Limbs.Add(value, change, out carry);
                (l0, l1, l2, l3) = (value.L0, value.L1, value.L2, value.L3);
                l4 += carry;
            }

            l0 = (l0 >> 1) | (l1 << 63);
            l1 = (l1 >> 1) | (l2 << 63);
            l2 = (l2 >> 1) | (l3 << 63);
            l3 = (l3 >> 1) | (l4 << 63);
            l4 >>= 1;
        }

        return highest;
    }

    private JacobianPoint ToJacobian(in AffinePoint p) => new(Field.ToMontgomery(p.X), Field.ToMontgomery(p.Y), Field.One);

    private bool TryToAffine(in JacobianPoint p, out AffinePoint affine)
    {
        if (p.Z.IsZero)
        {
            affine = default;
            return false;
        }

        var inverse = Field.Invert(p.Z);
        var square = Field.Square(inverse);
        affine = new AffinePoint(
            Field.FromMontgomery(Field.Multiply(p.X, square)),
            Field.FromMontgomery(Field.Multiply(p.Y, Field.Multiply(square, inverse))));
        return true;
    }

    /// <summary>2p: dbl-2001-b for a = −3, dbl-2009-l for a = 0 (Explicit-Formulas Database).</summary>
    private JacobianPoint Double(in JacobianPoint p)
    {
        if (p.Z.IsZero)
        {
            return p;
        }

        var f = Field;
        if (aIsMinusThree)
        {
            var delta = f.Square(p.Z);
            var gamma = f.Square(p.Y);
            var beta = f.Multiply(p.X, gamma);
            var product = f.Multiply(f.Subtract(p.X, delta), f.Add(p.X, delta));
            var alpha = f.Add(f.Add(product, product), product);
            var beta2 = f.Add(beta, beta);
            var beta4 = f.Add(beta2, beta2);
            var x = f.Subtract(f.Square(alpha), f.Add(beta4, beta4));
            var z = f.Subtract(f.Subtract(f.Square(f.Add(p.Y, p.Z)), gamma), delta);
            var gamma2 = f.Square(gamma);
            var gamma4 = f.Add(gamma2, gamma2);
            var gamma8 = f.Add(gamma4, gamma4);
            var y = f.Subtract(f.Multiply(alpha, f.Subtract(beta4, x)), f.Add(gamma8, gamma8));
            return new JacobianPoint(x, y, z);
        }
        else
        {
            var a = f.Square(p.X);
            var bb = f.Square(p.Y);
            var c = f.Square(bb);
            var t = f.Subtract(f.Subtract(f.Square(f.Add(p.X, bb)), a), c);
            var d = f.Add(t, t);
            var e = f.Add(f.Add(a, a), a);
            var x = f.Subtract(f.Square(e), f.Add(d, d));
            var c2 = f.Add(c, c);
            var c4 = f.Add(c2, c2);
            var y = f.Subtract(f.Multiply(e, f.Subtract(d, x)), f.Add(c4, c4));
            var yz = f.Multiply(p.Y, p.Z);
            return new JacobianPoint(x, y, f.Add(yz, yz));
        }
    }

    /// <summary>p + q, complete by cases (add-1998-cmo-2).</summary>
    private JacobianPoint Add(in JacobianPoint p, in JacobianPoint q)
    {
        if (p.Z.IsZero)
        {
            return q;
        }

        if (q.Z.IsZero)
        {
            return p;
        }

        var f = Field;
        var z1 = f.Square(p.Z);
        var z2 = f.Square(q.Z);
        var u1 = f.Multiply(p.X, z2);
        var u2 = f.Multiply(q.X, z1);
        var s1 = f.Multiply(f.Multiply(p.Y, q.Z), z2);
        var s2 = f.Multiply(f.Multiply(q.Y, p.Z), z1);
        var h = f.Subtract(u2, u1);
        var r = f.Subtract(s2, s1);
        if (h.IsZero)
        {
            return r.IsZero ? Double(p) : default;
        }

        var hh = f.Square(h);
        var hhh = f.Multiply(hh, h);
        var v = f.Multiply(u1, hh);
        var x = f.Subtract(f.Subtract(f.Square(r), hhh), f.Add(v, v));
        var y = f.Subtract(f.Multiply(r, f.Subtract(v, x)), f.Multiply(s1, hhh));
        return new JacobianPoint(x, y, f.Multiply(f.Multiply(p.Z, q.Z), h));
    }

    /// <summary>X/Z², Y/Z³ in Montgomery form; Z = 0 is the point at infinity.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly struct JacobianPoint(UInt256 x, UInt256 y, UInt256 z)
    {
        public readonly UInt256 X = x;
        public readonly UInt256 Y = y;
        public readonly UInt256 Z = z;
    }
}
