using System.Globalization;
using Sojourn.Node.Journal;
using Sojourn.Primitives;

namespace Sojourn.Node.Keeping;

/// <summary>One use that a keeper counted: a key left for a job.</summary>
/// <param name="At">When.</param>
/// <param name="Offer">Under which offer.</param>
/// <param name="Job">For which job.</param>
/// <param name="Spec">The job's specification, for the owner who reads.</param>
/// <param name="Policy">The unsigned policy's CID: limits are the policy's, whatever offers it comes under.</param>
/// <param name="OutputBytesMax">The most that the job may put out.</param>
public sealed record CountedUse(DateTimeOffset At, Digest Offer, Digest Job, Cid Spec, Cid Policy, long OutputBytesMax);

/// <summary>What a policy's limits are held against.</summary>
/// <param name="Jobs">Other jobs that got a key, ever.</param>
/// <param name="PeriodJobs">Of them, those within the period.</param>
/// <param name="PeriodOutputBytes">What those could put out together.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct UseCounts(long Jobs, long PeriodJobs, long PeriodOutputBytes);

/// <summary>A keeper's own count of uses: a line for each job that got a key, appended and on the disk before the key leaves. The owner can read it.</summary>
public sealed class UseLedger : IDisposable
{
    private readonly Dictionary<Cid, Dictionary<Digest, CountedUse>> _policies = [];
    private readonly HashSet<(Digest Offer, Digest Job)> _offers = [];
    private readonly FileStream _file;
    private readonly Lock _lock = new();

    /// <summary>Opens or begins the file.</summary>
    /// <param name="path">Where it lies.</param>
    /// <exception cref="InvalidDataException">A line in its middle is not one that a keeper wrote: what is not read is not counted, so nothing may be released.</exception>
    public UseLedger(string path)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var fresh = !File.Exists(full);
        _file = DurableFile.Open(full, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        try
        {
            Load(path);
        }
        catch
        {
            _file.Dispose();
            throw;
        }

        if (fresh)
        {
            DurableFile.SyncFolder(Path.GetDirectoryName(full)!);
        }
    }

    /// <summary>Counts a job's use, once for each policy; the line is on the disk when this returns.</summary>
    /// <param name="use">The use.</param>
    public void Record(CountedUse use)
    {
        ArgumentNullException.ThrowIfNull(use);
        lock (_lock)
        {
            if (_offers.Contains((use.Offer, use.Job)) && Of(use.Policy).ContainsKey(use.Job))
            {
                return;
            }

            var line = string.Create(CultureInfo.InvariantCulture, $"{use.At.UtcDateTime:O} {use.Offer} {use.Job} {use.Spec} {use.Policy} {use.OutputBytesMax}\n");
            _file.Write(System.Text.Encoding.ASCII.GetBytes(line));
            _file.Flush(flushToDisk: true);
            Add(use);
        }
    }

    /// <summary>What happened under a policy, one job left out: the one that asks.</summary>
    /// <param name="policy">The unsigned policy's CID.</param>
    /// <param name="job">The job that is not counted.</param>
    /// <param name="now">The instant.</param>
    /// <param name="period">The policy's period, which ends now; null for none. A use that a turned-back clock puts into the future lies within it.</param>
    public UseCounts Counts(Cid policy, Digest job, DateTimeOffset now, TimeSpan? period)
    {
        lock (_lock)
        {
            var (jobs, within, bytes) = (0L, 0L, 0L);
            foreach (var use in Of(policy).Values)
            {
                if (use.Job == job)
                {
                    continue;
                }

                jobs++;
                if (period is { } length && now - use.At < length)
                {
                    within++;
                    bytes = bytes > long.MaxValue - use.OutputBytesMax ? long.MaxValue : bytes + use.OutputBytesMax;
                }
            }

            return new UseCounts(jobs, within, bytes);
        }
    }

    /// <summary>Whether a job's use of an offer is counted.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="job">The job.</param>
    public bool Knows(Digest offer, Digest job)
    {
        lock (_lock)
        {
            return _offers.Contains((offer, job));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Load(string path)
    {
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);

        // A torn last line was never followed by a release.
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        _file.SetLength(end);
        _file.Position = end;
        var number = 0;
        foreach (var line in System.Text.Encoding.ASCII.GetString(bytes, 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            number++;
            Add(Parse(line) ?? throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture, $"{path}, line {number}: not a use that a keeper wrote down. Limits cannot be held to without it: mend the line, or take the offers back and begin a new file.")));
        }
    }

    private static CountedUse? Parse(string line) =>
        line.Split(' ') is [var at, var offer, var job, var spec, var policy, var bytes]
        && DateTimeOffset.TryParseExact(at, "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
        && Digest.TryParse(offer, out var offerId) && Digest.TryParse(job, out var jobId) && Cid.TryParse(spec, out var specCid) && Cid.TryParse(policy, out var policyCid)
        && long.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out var bytesMax)
            ? new CountedUse(instant, offerId, jobId, specCid, policyCid, bytesMax)
            : null;

    private void Add(CountedUse use)
    {
        _offers.Add((use.Offer, use.Job));

        // A job that uses several contents under one policy is one use of it; its first moment counts.
        Of(use.Policy).TryAdd(use.Job, use);
    }

    private Dictionary<Digest, CountedUse> Of(Cid policy)
    {
        if (!_policies.TryGetValue(policy, out var jobs))
        {
            _policies[policy] = jobs = [];
        }

        return jobs;
    }
}
