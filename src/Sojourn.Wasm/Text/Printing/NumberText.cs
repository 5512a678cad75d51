using System.Globalization;

namespace Sojourn.Wasm.Text.Printing;

/// <summary>Writes numbers so that reading them gives the same bits.</summary>
internal static class NumberText
{
    public static string F32(uint bits)
    {
        var value = BitConverter.UInt32BitsToSingle(bits);
        return float.IsFinite(value)
            ? value.ToString("R", CultureInfo.InvariantCulture)
            : Special(bits >> 31 != 0, bits & 0x7FFFFF, 0x400000);
    }

    public static string F64(ulong bits)
    {
        var value = BitConverter.UInt64BitsToDouble(bits);
        return double.IsFinite(value)
            ? value.ToString("R", CultureInfo.InvariantCulture)
            : Special(bits >> 63 != 0, bits & 0xF_FFFF_FFFF_FFFF, 0x8_0000_0000_0000);
    }

    private static string Special(bool negative, ulong payload, ulong canonical)
    {
        var sign = negative ? "-" : "";
        return payload == 0 ? sign + "inf" : payload == canonical ? sign + "nan" : string.Create(CultureInfo.InvariantCulture, $"{sign}nan:0x{payload:x}");
    }
}
