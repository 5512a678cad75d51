using System.Runtime.InteropServices;

namespace Sojourn.Primitives;

/// <summary>Hash codes for dictionaries, seeded per process so that chosen bytes do not collide on purpose.</summary>
internal static class Hashing
{
    /// <summary>Mixes the last sixteen bytes (a digest's, which are the ones that differ) and the length.</summary>
    public static int OfBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 16)
        {
            var tail = MemoryMarshal.Cast<byte, ulong>(bytes[^16..]);
            return HashCode.Combine(tail[0], tail[1], bytes.Length);
        }

        var code = default(HashCode);
        code.AddBytes(bytes);
        return code.ToHashCode();
    }
}
