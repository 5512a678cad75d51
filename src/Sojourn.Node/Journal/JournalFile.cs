using System.Globalization;
using System.Text;
using System.Text.Json;
using Sojourn.Primitives;

namespace Sojourn.Node.Journal;

/// <summary>The journal on disk: a line of JSON an entry, two files of bounded size, the older one let go. Not flushed a line: what a crash takes is on the ledger.</summary>
public sealed class JournalFile : IDisposable
{
    private const long BytesMax = 8 << 20;
    private readonly string _path;
    private readonly Lock _lock = new();
    private FileStream? _file;

    /// <summary>Opens or begins it.</summary>
    /// <param name="folder">The journal's folder.</param>
    public JournalFile(string folder)
    {
        Directory.CreateDirectory(folder);
        _path = Path.Combine(folder, "journal.jsonl");
    }

    /// <summary>Appends an entry. A disk that does not take it is no reason to stop working.</summary>
    /// <param name="entry">The entry.</param>
    public void Append(JournalEntry entry)
    {
        var line = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
        {
            at = entry.At.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            level = entry.Level.ToString().ToLowerInvariant(),
            stage = entry.Stage,
            job = entry.Job.IsZero ? null : entry.Job.ToString(),
            words = entry.Words,
        }) + "\n");
        lock (_lock)
        {
            try
            {
                _file ??= new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 1);
                if (_file.Length + line.Length > BytesMax)
                {
                    _file.Dispose();
                    File.Move(_path, _path + ".1", overwrite: true);
                    _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 1);
                }

                _file.Write(line);
            }
            catch (IOException)
            {
                _file?.Dispose();
                _file = null; // Tried again with the next entry.
            }
        }
    }

    /// <summary>Reads what is on disk, oldest first; lines that cannot be read are left out.</summary>
    /// <param name="folder">The journal's folder.</param>
    public static IEnumerable<JournalEntry> Read(string folder)
    {
        foreach (var path in (string[])[Path.Combine(folder, "journal.jsonl.1"), Path.Combine(folder, "journal.jsonl")])
        {
            if (!File.Exists(path))
            {
                continue;
            }

            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                if (Parse(line) is { } entry)
                {
                    yield return entry;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static JournalEntry? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            return new JournalEntry(
                root.GetProperty("at").GetDateTimeOffset(), Enum.Parse<JournalLevel>(root.GetProperty("level").GetString()!, ignoreCase: true), root.GetProperty("stage").GetString()!,
                Digest.TryParse(root.GetProperty("job").GetString() ?? "", out var job) ? job : Digest.Zero, root.GetProperty("words").GetString()!);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or ArgumentException or InvalidOperationException or FormatException)
        {
            return null; // The last line of a crash.
        }
    }
}
