using System.Buffers.Binary;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Reasons;

/// <summary>The fixed layout of an event: kind, line, round, 0, account (20), amount (16), number (8), job (32), data (32); big-endian.</summary>
public static class EventCodec
{
    /// <summary>The length of one event.</summary>
    public const int Length = 4 + 20 + 16 + 8 + 32 + 32;

    /// <summary>Writes an event.</summary>
    /// <param name="item">The event.</param>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    public static void Write(in LedgerEvent item, Span<byte> destination)
    {
        destination[0] = (byte)item.Kind;
        destination[1] = (byte)item.Line;
        destination[2] = item.Round;
        destination[3] = 0;
        item.Account.CopyTo(destination[4..]);
        item.Amount.WriteBigEndian(destination[24..]);
        BinaryPrimitives.WriteUInt64BigEndian(destination[40..], item.Number);
        item.Job.CopyTo(destination[48..]);
        item.Data.CopyTo(destination[80..]);
    }

    /// <summary>Reads an event.</summary>
    /// <param name="source">At least <see cref="Length"/> bytes.</param>
    public static LedgerEvent Read(ReadOnlySpan<byte> source) => new(
        (EventKind)source[0],
        (LineReason)source[1],
        new Digest(source.Slice(48, 32)),
        source[2],
        new Address(source.Slice(4, 20)),
        Amount.ReadBigEndian(source.Slice(24, 16)),
        BinaryPrimitives.ReadUInt64BigEndian(source[40..]),
        new Digest(source.Slice(80, 32)));
}
