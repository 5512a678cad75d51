using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <content>The encoding: deterministic CBOR (RFC 8949, 4.2.1), an array of version, kind and a map from part number to bytes.</content>
public sealed partial class Evidence
{
    private const int EncodingVersion = 1;

    /// <summary>The evidence with the report data's binding along, where it has one.</summary>
    /// <param name="reportData">What the evidence was made for.</param>
    public Evidence WithBindingOf(ReportData reportData) =>
        reportData.Binding is { } binding ? With(EvidencePart.Binding, binding.Encode()) : this;

    /// <summary>The encoding.</summary>
    public byte[] Encode()
    {
        using var stream = new MemoryStream();
        Head(stream, 4, 3);
        Head(stream, 0, EncodingVersion);
        Head(stream, 0, (uint)Kind);
        Head(stream, 5, (uint)parts.Count);
        foreach (var (part, bytes) in parts)
        {
            Head(stream, 0, (uint)part);
            Head(stream, 2, (uint)bytes.Length);
            stream.Write(bytes.Span);
        }

        return stream.ToArray();
    }

    /// <summary>Reads an encoding; anything that is not the one deterministic form is refused.</summary>
    /// <param name="bytes">The encoding.</param>
    /// <param name="evidence">The evidence, or null.</param>
    /// <returns>Whether it was one.</returns>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, out Evidence? evidence)
    {
        evidence = null;
        var rest = bytes;
        if (!Take(ref rest, 4, out var items) || items != 3 || !Take(ref rest, 0, out var version) || version != EncodingVersion
            || !Take(ref rest, 0, out var kind) || kind > (uint)EvidenceKind.AzureTdx || !Take(ref rest, 5, out var count) || count > 32)
        {
            return false;
        }

        var read = ImmutableSortedDictionary.CreateBuilder<EvidencePart, ReadOnlyMemory<byte>>();
        var last = -1L;
        for (var i = 0; i < count; i++)
        {
            if (!Take(ref rest, 0, out var part) || part <= last || !Enum.IsDefined((EvidencePart)part)
                || !Take(ref rest, 2, out var length) || length > PartBytesMax || length > rest.Length)
            {
                return false;
            }

            last = part;
            read.Add((EvidencePart)part, rest[..(int)length]);
            rest = rest[(int)length..];
        }

        if (rest.Length != 0)
        {
            return false;
        }

        evidence = new Evidence((EvidenceKind)kind, read.ToImmutable());
        return true;
    }

    private static void Head(MemoryStream stream, int major, uint value)
    {
        Span<byte> head = stackalloc byte[5];
        var first = (byte)(major << 5);
        switch (value)
        {
            case < 24:
                stream.WriteByte((byte)(first | value));
                break;
            case <= byte.MaxValue:
                stream.WriteByte((byte)(first | 24));
                stream.WriteByte((byte)value);
                break;
            case <= ushort.MaxValue:
                head[0] = (byte)(first | 25);
                BinaryPrimitives.WriteUInt16BigEndian(head[1..], (ushort)value);
                stream.Write(head[..3]);
                break;
            default:
                head[0] = (byte)(first | 26);
                BinaryPrimitives.WriteUInt32BigEndian(head[1..], value);
                stream.Write(head);
                break;
        }
    }

    private static bool Take(ref ReadOnlyMemory<byte> rest, int major, out long value)
    {
        value = 0;
        var span = rest.Span;
        if (span.IsEmpty || span[0] >> 5 != major)
        {
            return false;
        }

        var info = span[0] & 31;
        var length = info switch { < 24 => 0, 24 => 1, 25 => 2, 26 => 4, _ => -1 };
        if (length < 0 || span.Length < 1 + length)
        {
            return false;
        }

        value = length switch { 0 => info, 1 => span[1], 2 => BinaryPrimitives.ReadUInt16BigEndian(span[1..]), _ => BinaryPrimitives.ReadUInt32BigEndian(span[1..]) };
        if ((length == 1 && value < 24) || (length == 2 && value <= byte.MaxValue) || (length == 4 && value <= ushort.MaxValue))
        {
            return false;
        }

        rest = rest[(1 + length)..];
        return true;
    }
}
