using System.Globalization;
using System.Text;
using System.Text.Json;
using Sojourn.Node.Journal;
using Sojourn.Primitives;

namespace Sojourn.Node.Keeping;

/// <summary>One decision of a keeper, as its owner reads it.</summary>
/// <param name="At">When.</param>
/// <param name="Decision"><c>released</c>, <c>denied</c> or <c>revoked</c>.</param>
/// <param name="Offer">Under which offer.</param>
/// <param name="Content">Of which content.</param>
/// <param name="Job">For which job.</param>
/// <param name="Requester">Who asked.</param>
/// <param name="Executor">To whose enclave.</param>
/// <param name="Code">Which program.</param>
/// <param name="Words">Why, where it was denied; the wrapped key's digest, where it was released.</param>
public sealed record AuditEntry(DateTimeOffset At, string Decision, Digest Offer, Cid? Content, Digest Job, Address Requester, Address Executor, Cid? Code, string Words);

/// <summary>A keeper's log of decisions: a line of JSON each, flushed before the decision leaves, each naming the digest of the line before it, so that a line cannot be taken out of the middle unseen.</summary>
public sealed class AuditLog : IDisposable
{
    private readonly FileStream _file;
    private readonly Lock _lock = new();
    private Digest _previous;

    /// <summary>Opens or begins it.</summary>
    /// <param name="path">The file.</param>
    public AuditLog(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        // Who asked for what is the owner's business alone.
        _file = DurableFile.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        // A torn last line was never acted upon.
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        _file.SetLength(end);
        _file.Position = end;
        var start = end == 0 ? 0 : bytes.AsSpan(0, end - 1).LastIndexOf((byte)'\n') + 1;
        _previous = end == 0 ? Digest.Zero : Digest.Of(bytes.AsSpan(start, end - 1 - start));
    }

    /// <summary>Adds a line and waits until it is on the disk.</summary>
    /// <param name="entry">The decision.</param>
    public void Add(AuditEntry entry)
    {
        lock (_lock)
        {
            var line = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
            {
                at = entry.At.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
                decision = entry.Decision,
                offer = entry.Offer.ToString(),
                content = entry.Content?.ToString(),
                job = entry.Job.ToString(),
                requester = entry.Requester.ToString(),
                executor = entry.Executor.ToString(),
                code = entry.Code?.ToString(),
                words = entry.Words,
                previous = _previous.ToString(),
            }));
            _file.Write([.. line, (byte)'\n']);
            _file.Flush(flushToDisk: true);
            _previous = Digest.Of(line);
        }
    }

    /// <summary>Reads a log and checks its chain.</summary>
    /// <param name="path">The file.</param>
    /// <param name="brokenAt">The first line (from 1) that does not follow the one before it; 0 where all do.</param>
    public static IReadOnlyList<AuditEntry> Read(string path, out int brokenAt)
    {
        brokenAt = 0;
        var entries = new List<AuditEntry>();
        if (!File.Exists(path))
        {
            return entries;
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var previous = Digest.Zero;
        while (reader.ReadLine() is { } line)
        {
            try
            {
                using var document = JsonDocument.Parse(line);
                var root = document.RootElement;
                if (brokenAt == 0 && (!Digest.TryParse(root.GetProperty("previous").GetString() ?? "", out var named) || named != previous))
                {
                    brokenAt = entries.Count + 1;
                }

                entries.Add(new AuditEntry(
                    root.GetProperty("at").GetDateTimeOffset(), root.GetProperty("decision").GetString()!, Digest.Parse(root.GetProperty("offer").GetString()!),
                    Cid.TryParse(root.GetProperty("content").GetString() ?? "", out var content) ? content : null, Digest.Parse(root.GetProperty("job").GetString()!),
                    Address.Parse(root.GetProperty("requester").GetString()!), Address.Parse(root.GetProperty("executor").GetString()!),
                    Cid.TryParse(root.GetProperty("code").GetString() ?? "", out var code) ? code : null, root.GetProperty("words").GetString()!));
            }
            catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
            {
                brokenAt = brokenAt == 0 ? entries.Count + 1 : brokenAt;
            }

            previous = Digest.Of(Encoding.UTF8.GetBytes(line));
        }

        return entries;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
