using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Sojourn.Attestation.Tpm;

/// <summary>One event with its digests.</summary>
internal sealed record BootEvent(int Register, uint Type, ImmutableArray<(ushort Alg, ReadOnlyMemory<byte> Digest)> Digests, ReadOnlyMemory<byte> Data);

/// <summary>
/// A TCG event log (TCG PC Client Platform Firmware Profile, 10): the crypto-agile form and the old SHA-1 form, as firmware leaves it for TPMs and, with other register
/// numbers, for TDX (CCEL).
/// </summary>
internal sealed class EventLog
{
    private const int EventsMax = 65_536;
    private const uint NoAction = 3;
    private const uint VariableDriverConfig = 0x80000001;
    private const int SecureBootRegister = 7;

    /// <summary>EFI_GLOBAL_VARIABLE as UEFI lays a GUID out.</summary>
    private static readonly byte[] GlobalVariable = new Guid("8BE4DF61-93CA-11D2-AA0D-00E098032B8C").ToByteArray();
    private static readonly byte[] SpecId = Encoding.ASCII.GetBytes("Spec ID Event03\0");
    private static readonly byte[] StartupLocality = Encoding.ASCII.GetBytes("StartupLocality\0");

    private EventLog(ImmutableArray<BootEvent> events, ImmutableArray<ushort> banks)
    {
        Events = events;
        Banks = banks;
    }

    public ImmutableArray<BootEvent> Events { get; }

    public ImmutableArray<ushort> Banks { get; }

    public static EventLog? TryParse(ReadOnlyMemory<byte> bytes)
    {
        var rest = bytes;
        if (!TakeOld(ref rest, out var first))
        {
            return null;
        }

        var events = ImmutableArray.CreateBuilder<BootEvent>();
        if (first.Type != NoAction || !first.Data.Span.StartsWith(SpecId))
        {
            events.Add(first);
            while (!IsPadding(rest.Span))
            {
                if (events.Count >= EventsMax || !TakeOld(ref rest, out var next))
                {
                    return null;
                }

                events.Add(next);
            }

            return new EventLog(events.ToImmutable(), [TpmAlg.Sha1]);
        }

        if (ReadSpecId(first.Data.Span) is not { } sizes)
        {
            return null;
        }

        events.Add(first);
        while (!IsPadding(rest.Span))
        {
            if (events.Count >= EventsMax || !TakeAgile(ref rest, sizes, out var next))
            {
                return null;
            }

            events.Add(next);
        }

        return new EventLog(events.ToImmutable(), [.. sizes.Keys]);
    }

    /// <summary>Extends registers from their start values by the log's digests of one bank.</summary>
    public IReadOnlyDictionary<int, byte[]> Replay(ushort bank)
    {
        var length = TpmAlg.DigestLength(bank);
        var registers = new Dictionary<int, byte[]>();
        foreach (var item in Events)
        {
            if (item.Type == NoAction)
            {
                if (item.Register == 0 && item.Data.Length == StartupLocality.Length + 1 && item.Data.Span.StartsWith(StartupLocality) && !registers.ContainsKey(0))
                {
                    // TCG PC Client PFP, 10.4.5.3: the locality of start-up is PCR 0's start value.
                    var start = new byte[length];
                    start[^1] = item.Data.Span[^1];
                    registers[0] = start;
                }

                continue;
            }

            foreach (var (alg, digest) in item.Digests)
            {
                if (alg == bank)
                {
                    var before = registers.GetValueOrDefault(item.Register) ?? new byte[length];
                    registers[item.Register] = TpmAlg.Hash(bank, [.. before, .. digest.Span]);
                    break;
                }
            }
        }

        return registers;
    }

    /// <summary>The firmware's secure-boot variable, where its event's data is what was measured into PCR 7 (PC Client PFP, 3.3.4.8).</summary>
    /// <param name="banks">The banks whose quoted PCR 7 this log leads to: a digest of another bank proves nothing.</param>
    public bool? SecureBoot(IReadOnlyCollection<ushort> banks)
    {
        foreach (var item in Events)
        {
            // What was extended into other registers, or not extended at all, anybody can write into a log.
            if (item.Register != SecureBootRegister || item.Type != VariableDriverConfig || item.Data.Length < 32 || !item.Data.Span.StartsWith(GlobalVariable))
            {
                continue;
            }

            var span = item.Data.Span;
            var nameLength = BinaryPrimitives.ReadUInt64LittleEndian(span[16..]);
            var dataLength = BinaryPrimitives.ReadUInt64LittleEndian(span[24..]);
            if (nameLength > 1024 || dataLength > 65_536 || span.Length != 32 + (2 * (int)nameLength) + (int)dataLength
                || Encoding.Unicode.GetString(span.Slice(32, 2 * (int)nameLength)) != "SecureBoot")
            {
                continue;
            }

            var measured = false;
            foreach (var (alg, digest) in item.Digests)
            {
                if (TpmAlg.DigestLength(alg) > 0 && !digest.Span.SequenceEqual(TpmAlg.Hash(alg, span)))
                {
                    return null;
                }

                measured |= banks.Contains(alg);
            }

            return !measured ? null : dataLength == 1 && span[^1] == 1;
        }

        return null;
    }

    private static Dictionary<ushort, int>? ReadSpecId(ReadOnlySpan<byte> data)
    {
        // signature 16, platform class 4, minor 1, major 1, errata 1, size of UINTN 1, number of algorithms 4
        if (data.Length < 28)
        {
            return null;
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(data[24..]);
        if (count is 0 or > 16 || data.Length < 28 + (4 * (int)count) + 1)
        {
            return null;
        }

        var sizes = new Dictionary<ushort, int>();
        for (var i = 0; i < count; i++)
        {
            var alg = BinaryPrimitives.ReadUInt16LittleEndian(data[(28 + (4 * i))..]);
            var size = BinaryPrimitives.ReadUInt16LittleEndian(data[(30 + (4 * i))..]);
            if (size is 0 or > 64 || (TpmAlg.DigestLength(alg) is > 0 and var known && known != size) || !sizes.TryAdd(alg, size))
            {
                return null;
            }
        }

        return sizes;
    }

    /// <summary>The table that holds a log is larger than the log: what follows is zero or all ones.</summary>
    private static bool IsPadding(ReadOnlySpan<byte> rest) => rest.IndexOfAnyExcept((byte)0) < 0 || rest.IndexOfAnyExcept((byte)0xFF) < 0;

    private static bool TakeOld(ref ReadOnlyMemory<byte> rest, out BootEvent item)
    {
        item = null!;
        if (rest.Length < 32)
        {
            return false;
        }

        var span = rest.Span;
        var register = BinaryPrimitives.ReadUInt32LittleEndian(span);
        var type = BinaryPrimitives.ReadUInt32LittleEndian(span[4..]);
        var size = BinaryPrimitives.ReadUInt32LittleEndian(span[28..]);
        if (register > 31 || size > rest.Length - 32)
        {
            return false;
        }

        item = new BootEvent((int)register, type, [(TpmAlg.Sha1, rest.Slice(8, 20))], rest.Slice(32, (int)size));
        rest = rest[(32 + (int)size)..];
        return true;
    }

    private static bool TakeAgile(ref ReadOnlyMemory<byte> rest, Dictionary<ushort, int> sizes, out BootEvent item)
    {
        item = null!;
        if (rest.Length < 12)
        {
            return false;
        }

        var register = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span);
        var type = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span[4..]);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span[8..]);
        if (register > 31 || count > sizes.Count)
        {
            return false;
        }

        rest = rest[12..];
        var digests = ImmutableArray.CreateBuilder<(ushort, ReadOnlyMemory<byte>)>((int)count);
        for (var i = 0; i < count; i++)
        {
            if (rest.Length < 2 || !sizes.TryGetValue(BinaryPrimitives.ReadUInt16LittleEndian(rest.Span), out var size) || rest.Length < 2 + size)
            {
                return false;
            }

            digests.Add((BinaryPrimitives.ReadUInt16LittleEndian(rest.Span), rest.Slice(2, size)));
            rest = rest[(2 + size)..];
        }

        if (rest.Length < 4)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span);
        if (length > rest.Length - 4)
        {
            return false;
        }

        item = new BootEvent((int)register, type, digests.ToImmutable(), rest.Slice(4, (int)length));
        rest = rest[(4 + (int)length)..];
        return true;
    }
}
