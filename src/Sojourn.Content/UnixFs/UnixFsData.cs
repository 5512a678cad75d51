using System.Diagnostics.CodeAnalysis;
using Sojourn.Content.Codecs;

namespace Sojourn.Content.UnixFs;

/// <summary>What a UnixFS node is.</summary>
/// <remarks>UnixFS specification, <c>DataType</c>.</remarks>
public enum UnixFsType
{
    /// <summary>File bytes, as older writers and the trickle layout make leaves.</summary>
    Raw = 0,

    /// <summary>A directory whose entries are the node's links.</summary>
    Directory = 1,

    /// <summary>A file, or a part of one.</summary>
    File = 2,

    /// <summary>Unused; refused.</summary>
    Metadata = 3,

    /// <summary>A symbolic link; the data is its target.</summary>
    Symlink = 4,

    /// <summary>A shard of a large directory (HAMT).</summary>
    HamtShard = 5,
}

/// <summary>A modification time.</summary>
/// <param name="Seconds">Seconds since 1970, negative before.</param>
/// <param name="Nanoseconds">The fraction, 0 to 999,999,999; null where it was not written.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct UnixTime(long Seconds, uint? Nanoseconds = null);

/// <summary>Why bytes are no UnixFS data.</summary>
public enum UnixFsFault
{
    /// <summary>They are.</summary>
    None,

    /// <summary>The protobuf is malformed.</summary>
    Malformed,

    /// <summary>The required type is missing or unknown.</summary>
    BadType,

    /// <summary>The modification time has no seconds or a fraction of a second or more.</summary>
    BadTime,
}

/// <summary>The UnixFS message inside a dag-pb node.</summary>
/// <remarks>UnixFS specification, <c>Data</c>; fields are written in order of their numbers, absent ones not at all.</remarks>
public sealed record UnixFsData
{
    /// <summary>What the node is.</summary>
    public required UnixFsType Type { get; init; }

    /// <summary>File bytes, a symlink's target or a shard's bit field; null where absent.</summary>
    public ReadOnlyMemory<byte>? Data { get; init; }

    /// <summary>The bytes of the file from here down, as claimed; null where absent.</summary>
    public ulong? FileSize { get; init; }

    /// <summary>The file bytes below each link, as claimed.</summary>
    public IReadOnlyList<ulong> BlockSizes { get; init; } = [];

    /// <summary>The hash function of a shard; null where absent.</summary>
    public ulong? HashType { get; init; }

    /// <summary>The width of a shard; null where absent.</summary>
    public ulong? Fanout { get; init; }

    /// <summary>Permission bits (12, the low ones); null where absent.</summary>
    public uint? Mode { get; init; }

    /// <summary>The modification time; null where absent.</summary>
    public UnixTime? ModifiedAt { get; init; }

    /// <summary>Decodes the data of a dag-pb node. The result refers to the bytes; they must not change.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="data">The message, or null.</param>
    /// <param name="fault">Why not.</param>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out UnixFsData? data, out UnixFsFault fault)
    {
        data = null;
        var reader = new ProtobufReader(bytes.Span);
        ulong? type = null, fileSize = null, hashType = null, fanout = null;
        uint? mode = null;
        UnixTime? time = null;
        ReadOnlyMemory<byte>? payload = null;
        List<ulong>? sizes = null;
        fault = UnixFsFault.Malformed;
        while (!reader.AtEnd)
        {
            var (field, wireType) = reader.ReadKey();
            if (reader.Failed)
            {
                return false;
            }

            switch (field, wireType)
            {
                case (1, 0):
                    type = reader.ReadVarint();
                    break;
                case (2, 2):
                    payload = bytes[reader.ReadBytes()];
                    break;
                case (3, 0):
                    fileSize = reader.ReadVarint();
                    break;
                case (4, 0):
                    (sizes ??= []).Add(reader.ReadVarint());
                    break;
                case (4, 2):
                    // The packed form, which newer protobuf writers may choose.
                    var packed = new ProtobufReader(bytes.Span[reader.ReadBytes()]);
                    while (!packed.AtEnd)
                    {
                        (sizes ??= []).Add(packed.ReadVarint());
                        if (packed.Failed)
                        {
                            return false;
                        }
                    }

                    break;
                case (5, 0):
                    hashType = reader.ReadVarint();
                    break;
                case (6, 0):
                    fanout = reader.ReadVarint();
                    break;
                case (7, 0):
                    mode = (uint)reader.ReadVarint();
                    break;
                case (8, 2):
                    if (!TryDecodeTime(bytes.Span[reader.ReadBytes()], out var decoded))
                    {
                        fault = UnixFsFault.BadTime;
                        return false;
                    }

                    time = decoded;
                    break;
                case ( >= 1 and <= 8, _):
                    return false;
                default:
                    if (!reader.Skip(wireType))
                    {
                        return false;
                    }

                    break;
            }

            if (reader.Failed)
            {
                return false;
            }
        }

        if (type is null or > 5)
        {
            fault = UnixFsFault.BadType;
            return false;
        }

        fault = UnixFsFault.None;
        data = new UnixFsData
        {
            Type = (UnixFsType)type.Value,
            Data = payload,
            FileSize = fileSize,
            BlockSizes = sizes is null ? [] : sizes,
            HashType = hashType,
            Fanout = fanout,
            Mode = mode,
            ModifiedAt = time,
        };
        return true;
    }

    /// <summary>Encodes the message.</summary>
    public byte[] Encode()
    {
        var total = 1 + ProtobufWriter.LengthOfVarint((ulong)Type);
        total += Data is { } payload ? ProtobufWriter.LengthOfBytes(payload.Length) : 0;
        total += LengthOf(FileSize) + LengthOf(HashType) + LengthOf(Fanout) + LengthOf(Mode);
        for (var i = 0; i < BlockSizes.Count; i++)
        {
            total += LengthOf(BlockSizes[i]);
        }

        var time = ModifiedAt is { } at ? EncodeTime(at) : null;
        total += time is null ? 0 : ProtobufWriter.LengthOfBytes(time.Length);

        var bytes = new byte[total];
        var writer = new ProtobufWriter(bytes);
        Write(ref writer, 1, (ulong)Type);
        if (Data is { } data)
        {
            writer.WriteBytes(0x12, data.Span);
        }

        Write(ref writer, 3, FileSize);
        for (var i = 0; i < BlockSizes.Count; i++)
        {
            Write(ref writer, 4, BlockSizes[i]);
        }

        Write(ref writer, 5, HashType);
        Write(ref writer, 6, Fanout);
        Write(ref writer, 7, Mode);
        if (time is not null)
        {
            writer.WriteBytes(0x42, time);
        }

        return bytes;
    }

    private static int LengthOf(ulong? value) => value is { } some ? 1 + ProtobufWriter.LengthOfVarint(some) : 0;

    private static void Write(ref ProtobufWriter writer, int field, ulong? value)
    {
        if (value is { } some)
        {
            writer.WriteByte((byte)(field << 3));
            writer.WriteVarint(some);
        }
    }

    private static bool TryDecodeTime(ReadOnlySpan<byte> bytes, out UnixTime time)
    {
        time = default;
        var reader = new ProtobufReader(bytes);
        long? seconds = null;
        uint? nanoseconds = null;
        while (!reader.AtEnd)
        {
            switch (reader.ReadKey())
            {
                case (1, 0):
                    seconds = (long)reader.ReadVarint();
                    break;
                case (2, 5):
                    nanoseconds = reader.ReadFixed32();
                    break;
                default:
                    return false;
            }

            if (reader.Failed)
            {
                return false;
            }
        }

        if (seconds is null || nanoseconds > 999_999_999)
        {
            return false;
        }

        time = new UnixTime(seconds.Value, nanoseconds);
        return true;
    }

    private static byte[] EncodeTime(UnixTime time)
    {
        var bytes = new byte[16];
        var writer = new ProtobufWriter(bytes);
        writer.WriteByte(0x08);
        writer.WriteVarint((ulong)time.Seconds);
        if (time.Nanoseconds is { } fraction and > 0)
        {
            writer.WriteByte(0x15);
            writer.WriteFixed32(fraction);
        }

        return bytes[..writer.Position];
    }
}
