using Sojourn.Content.Codecs;
using Sojourn.Content.UnixFs;

namespace Sojourn.Content.Directories;

/// <summary>The arithmetic of HAMT directories: which slot a name takes at which level, and how slots are written.</summary>
/// <remarks>UnixFS specification, HAMT directories: murmur3-x64-64 of the name, most significant bits first, log2(fanout) bits a level; links named by the slot in upper-case hexadecimal, then the entry's name.</remarks>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly struct ShardFormat
{
    /// <summary>The code of murmur3-x64-64 in the multicodec table.</summary>
    public const ulong HashCode = 0x22;

    public const int FanoutMax = 1024;

    public ShardFormat(int fanout)
    {
        Fanout = fanout;
        Bits = int.Log2(fanout);
        PrefixChars = (Bits + 3) / 4;
        Levels = 64 / Bits;
    }

    public int Fanout { get; }

    /// <summary>Hash bits a level.</summary>
    public int Bits { get; }

    /// <summary>Hexadecimal digits of a slot.</summary>
    public int PrefixChars { get; }

    /// <summary>How many levels a 64-bit hash lasts.</summary>
    public int Levels { get; }

    public static bool IsFanout(ulong? fanout) => fanout is >= 2 and <= FanoutMax && ulong.IsPow2(fanout.Value);

    public int SlotOf(ulong hash, int level) => (int)(hash >> (64 - (Bits * (level + 1)))) & (Fanout - 1);

    /// <summary>How many levels two hashes share.</summary>
    public int CommonLevels(ulong left, ulong right) => Math.Min(Levels, System.Numerics.BitOperations.LeadingZeroCount(left ^ right) / Bits);

    public void WritePrefix(int slot, Span<byte> destination)
    {
        for (var i = PrefixChars - 1; i >= 0; i--, slot >>= 4)
        {
            destination[i] = (byte)"0123456789ABCDEF"[slot & 15];
        }
    }

    /// <summary>The slot that a link's name begins with, or -1.</summary>
    public int ReadPrefix(ReadOnlySpan<byte> name)
    {
        if (name.Length < PrefixChars)
        {
            return -1;
        }

        var slot = 0;
        foreach (var c in name[..PrefixChars])
        {
            var digit = c switch { >= (byte)'0' and <= (byte)'9' => c - '0', >= (byte)'A' and <= (byte)'F' => c - 'A' + 10, _ => -1 };
            if (digit < 0)
            {
                return -1;
            }

            slot = (slot << 4) | digit;
        }

        return slot < Fanout ? slot : -1;
    }

    /// <summary>Encodes a shard; links are in order of their slots.</summary>
    public byte[] Encode(IReadOnlyList<PbLink> links, UnixFsData? metadata)
    {
        // Bit i says that slot i is taken; the number is written big-endian without leading zeros.
        Span<byte> bits = stackalloc byte[FanoutMax / 8];
        bits = bits[..((Fanout + 7) / 8)];
        bits.Clear();
        for (var i = 0; i < links.Count; i++)
        {
            var slot = ReadPrefix(links[i].NameUtf8.Span);
            bits[bits.Length - 1 - (slot >> 3)] |= (byte)(1 << (slot & 7));
        }

        var data = new UnixFsData
        {
            Type = UnixFsType.HamtShard,
            Data = bits.TrimStart((byte)0).ToArray(),
            HashType = HashCode,
            Fanout = (ulong)Fanout,
            Mode = metadata?.Mode,
            ModifiedAt = metadata?.ModifiedAt,
        };
        return DagPb.Encode(data.Encode(), links);
    }
}
