namespace Sojourn.Cryptography.Custody;

/// <summary>GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197, 4.2), without tables and branches: operands are secrets.</summary>
/// <remarks>The platform has no such arithmetic. A table look-up would tell the cache which secret byte was used.</remarks>
internal static class GaloisField
{
    public static byte Multiply(byte a, byte b)
    {
        int product = 0, factor = a;
        for (var i = 0; i < 8; i++)
        {
            product ^= factor & -((b >> i) & 1);
            factor = (factor << 1) ^ (0x11B & -(factor >> 7));
        }

        return (byte)product;
    }

    /// <summary>a^254 = a^−1; 0 gives 0.</summary>
    public static byte Invert(byte a)
    {
        var power = a;
        for (var i = 0; i < 6; i++)
        {
            power = Multiply(Multiply(power, power), a);
        }

        return Multiply(power, power);
    }
}
