using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Sojourn.Attestation.Tpm;

/// <summary>Linux's IMA measurement list in its binary form (Linux kernel, security/integrity/ima, "IMA template management").</summary>
internal sealed class ImaLog
{
    private const int EntriesMax = 1_000_000;
    private const int TemplateBytesMax = 65_536;
    private readonly ImmutableArray<(ImaEntry Entry, ReadOnlyMemory<byte> Template, bool Violation)> entries;

    private ImaLog(ImmutableArray<(ImaEntry, ReadOnlyMemory<byte>, bool)> entries) => this.entries = entries;

    public int Count => entries.Length;

    public static ImaLog? TryParse(ReadOnlyMemory<byte> bytes)
    {
        var read = ImmutableArray.CreateBuilder<(ImaEntry, ReadOnlyMemory<byte>, bool)>();
        var rest = bytes;
        while (rest.Length > 0)
        {
            if (read.Count >= EntriesMax || rest.Length < 28)
            {
                return null;
            }

            var register = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span);
            var hash = rest.Slice(4, 20);
            var nameLength = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span[24..]);
            rest = rest[28..];
            if (register != 10 || nameLength is 0 or > 32 || rest.Length < nameLength + 4)
            {
                return null;
            }

            var name = Encoding.ASCII.GetString(rest.Span[..(int)nameLength]);
            rest = rest[(int)nameLength..];
            // The original template "ima" has no length: it ends with its own fields, and its hash is SHA-1 only. It is not accepted.
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span);
            if (name == "ima" || length > TemplateBytesMax || rest.Length - 4 < length)
            {
                return null;
            }

            var template = rest.Slice(4, (int)length);
            rest = rest[(4 + (int)length)..];
            var violation = QuoteClaims.IsZero(hash.Span);
            if (!violation && !hash.Span.SequenceEqual(TpmAlg.Hash(TpmAlg.Sha1, template.Span)))
            {
                return null;
            }

            if (ReadEntry(name, template, violation) is not { } entry)
            {
                return null;
            }

            read.Add((entry, template, violation));
        }

        return new ImaLog(read.ToImmutable());
    }

    /// <summary>The entries that lead from zero to a value of PCR 10: the list may have grown after the quote, so the quote covers a prefix. Null where no prefix does.</summary>
    public ImmutableArray<ImaEntry>? Covered(ushort bank, ReadOnlySpan<byte> value)
    {
        var register = new byte[TpmAlg.DigestLength(bank)];
        var covered = ImmutableArray.CreateBuilder<ImaEntry>();
        if (register.AsSpan().SequenceEqual(value))
        {
            return [];
        }

        foreach (var (entry, template, violation) in entries)
        {
            var digest = violation ? Enumerable.Repeat((byte)0xFF, register.Length).ToArray() : TpmAlg.Hash(bank, template.Span);
            register = TpmAlg.Hash(bank, [.. register, .. digest]);
            covered.Add(entry);
            if (register.AsSpan().SequenceEqual(value))
            {
                return covered.ToImmutable();
            }
        }

        return null;
    }

    private static ImaEntry? ReadEntry(string name, ReadOnlyMemory<byte> template, bool violation)
    {
        var fields = new List<ReadOnlyMemory<byte>>();
        var rest = template;
        while (rest.Length > 0)
        {
            if (rest.Length < 4 || fields.Count >= 16)
            {
                return null;
            }

            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span);
            if (length > rest.Length - 4)
            {
                return null;
            }

            fields.Add(rest.Slice(4, (int)length));
            rest = rest[(4 + (int)length)..];
        }

        // ima-ng, ima-sig, ima-buf, ima-modsig, ima-ngv2, ima-sigv2: digest first, then the name.
        if (!name.StartsWith("ima-", StringComparison.Ordinal) || fields.Count < 2)
        {
            return null;
        }

        var digestField = fields[0].Span;
        var colon = digestField.LastIndexOf(":\0"u8);
        var nameField = fields[1].Span;
        if (colon <= 0 || nameField.Length == 0 || nameField[^1] != 0)
        {
            return null;
        }

        return new ImaEntry(Encoding.UTF8.GetString(nameField[..^1]), violation ? "" : Convert.ToHexStringLower(digestField[(colon + 2)..]), violation);
    }
}
