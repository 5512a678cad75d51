using System.Globalization;
using System.Text;
using System.Text.Json;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Sending;

/// <summary>One line of the journal.</summary>
/// <param name="Kind">intent, signed, mined, open, done or dropped.</param>
/// <param name="Id">Which intent.</param>
internal sealed record JournalLine(string Kind, long Id)
{
    public string? To { get; init; }

    public string? Data { get; init; }

    public string? Value { get; init; }

    public ulong Gas { get; init; }

    public ulong Nonce { get; init; }

    public string? Raw { get; init; }

    public string? Note { get; init; }
}

/// <summary>What was decided to be sent, and under which nonce: on disk before it leaves, so that a crash can neither lose it nor send it twice.</summary>
/// <remarks>A file of lines, each behind a checksum; a torn last line is cut off. Only public bytes are written: keys never come here.</remarks>
internal sealed class OutboxJournal : IDisposable
{
    private readonly string _path;
    private FileStream _file;

    private OutboxJournal(string path, FileStream file, IReadOnlyList<JournalLine> lines)
    {
        _path = path;
        _file = file;
        Lines = lines;
    }

    /// <summary>What stood there when it was opened.</summary>
    public IReadOnlyList<JournalLine> Lines { get; }

    /// <summary>Opens or creates a journal; nobody else may have it open.</summary>
    public static OutboxJournal Open(string path)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var lines = new List<JournalLine>();
        var at = 0;
        while (at < bytes.Length)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', at);
            if (end < 0 || !TryRead(bytes.AsSpan(at, end - at), out var line))
            {
                break;
            }

            lines.Add(line!);
            at = end + 1;
        }

        if (at < bytes.Length && Array.IndexOf(bytes, (byte)'\n', at) is var torn && torn >= 0 && torn < bytes.Length - 1)
        {
            file.Dispose();
            throw new EthereumException($"The journal {path} is damaged at byte {at}, before its end. Keep it, look which of its transactions are on the chain, and start with an empty one.");
        }

        file.SetLength(at);
        file.Position = at;
        file.Flush(flushToDisk: true);
        return new OutboxJournal(path, file, lines);
    }

    /// <summary>Writes a line, and does not return before it is on disk.</summary>
    public void Append(JournalLine line)
    {
        _file.Write(Encode(line));
        _file.Flush(flushToDisk: true);
    }

    /// <summary>Replaces everything by some lines: the file does not grow for ever.</summary>
    public void Compact(IEnumerable<JournalLine> lines)
    {
        var fresh = _path + ".new";
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            foreach (var line in lines)
            {
                file.Write(Encode(line));
            }

            file.Flush(flushToDisk: true);
        }

        _file.Dispose();
        File.Move(fresh, _path, overwrite: true);
        _file = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        _file.Seek(0, SeekOrigin.End);
    }

    public void Dispose() => _file.Dispose();

    private static byte[] Encode(JournalLine line)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(line, s_options);
        return [.. Encoding.ASCII.GetBytes(Checksum(json)), (byte)' ', .. json, (byte)'\n'];
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, out JournalLine? line)
    {
        line = null;
        if (bytes.Length < 18 || bytes[16] != (byte)' ' || !Encoding.ASCII.GetString(bytes[..16]).Equals(Checksum(bytes[17..]), StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            line = JsonSerializer.Deserialize<JournalLine>(bytes[17..], s_options);
            return line is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Checksum(ReadOnlySpan<byte> bytes) => Digest.Of(bytes).ToString()[..16];

    private static readonly JsonSerializerOptions s_options = new() { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault };
}
