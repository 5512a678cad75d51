using System.Globalization;
using System.Text;

namespace Sojourn.Benchmarks.Wasm;

/// <summary>Modules that do the same and yet are others, so that nothing is remembered of them.</summary>
internal static class Variants
{
    /// <summary>The module with a custom section that holds a number.</summary>
    public static byte[] Named(byte[] module, int number)
    {
        var name = Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
        return [.. module, 0, (byte)(name.Length + 1), (byte)name.Length, .. name];
    }

    /// <summary>The module with every own function once more at the end, called by nobody.</summary>
    public static byte[] TwiceTheFunctions(byte[] module)
    {
        using var result = new MemoryStream();
        result.Write(module.AsSpan(0, 8));
        for (var at = 8; at < module.Length;)
        {
            var id = module[at++];
            var size = Read(module, ref at);
            var contents = module.AsSpan(at, size);
            at += size;
            if (id is 3 or 10)
            {
                var start = 0;
                var count = Read(contents, ref start);
                byte[] twice = [.. Number(count * 2), .. contents[start..], .. contents[start..]];
                contents = twice;
            }

            result.WriteByte(id);
            result.Write(Number(contents.Length));
            result.Write(contents);
        }

        return result.ToArray();
    }

    private static int Read(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    private static byte[] Number(int value)
    {
        var bytes = new List<byte>();
        do
        {
            bytes.Add((byte)((value & 0x7F) | (value > 0x7F ? 0x80 : 0)));
            value >>= 7;
        }
        while (value != 0);
        return [.. bytes];
    }
}
