using System.Globalization;
using Sojourn.Primitives;

namespace Sojourn.Node.Keeping;

/// <summary>A keeper's own count of uses: a line for each job that got a key, appended and flushed before the key leaves. The owner can read it.</summary>
public sealed class UseLedger : IDisposable
{
    private readonly Dictionary<Digest, HashSet<Digest>> _jobs = [];
    private readonly FileStream _file;
    private readonly Lock _lock = new();

    /// <summary>Opens or begins the file.</summary>
    /// <param name="path">Where it lies.</param>
    public UseLedger(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        foreach (var line in File.Exists(path) ? File.ReadAllLines(path) : [])
        {
            // A torn last line was never followed by a release.
            if (line.Split(' ') is [_, var offer, var job, _] && Digest.TryParse(offer, out var offerId) && Digest.TryParse(job, out var jobId))
            {
                Of(offerId).Add(jobId);
            }
        }

        var torn = File.Exists(path) && new FileInfo(path).Length > 0 && File.ReadAllBytes(path)[^1] != '\n';
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        if (torn)
        {
            _file.WriteByte((byte)'\n');
        }
    }

    /// <summary>Counts a job's use of an offer, once.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="job">The job.</param>
    /// <param name="at">When.</param>
    /// <param name="spec">The job's specification, for the owner who reads.</param>
    public void Record(Digest offer, Digest job, DateTimeOffset at, Cid spec)
    {
        lock (_lock)
        {
            if (!Of(offer).Add(job))
            {
                return;
            }

            _file.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:O} {offer} {job} {spec}\n")));
            _file.Flush(flushToDisk: true);
        }
    }

    /// <summary>How many other jobs used the offer.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="job">The job that is not counted.</param>
    public long JobsBefore(Digest offer, Digest job)
    {
        lock (_lock)
        {
            return Of(offer).Count(known => known != job);
        }
    }

    /// <summary>Whether a job's use is counted.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="job">The job.</param>
    public bool Knows(Digest offer, Digest job)
    {
        lock (_lock)
        {
            return Of(offer).Contains(job);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private HashSet<Digest> Of(Digest offer)
    {
        if (!_jobs.TryGetValue(offer, out var jobs))
        {
            _jobs[offer] = jobs = [];
        }

        return jobs;
    }
}
