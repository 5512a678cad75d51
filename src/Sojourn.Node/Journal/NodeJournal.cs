using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Node.Journal;

/// <summary>How much an entry matters.</summary>
public enum JournalLevel
{
    /// <summary>A stage went as it should.</summary>
    Progress,

    /// <summary>Something did not happen, and why: the answer to "why did I get no job?".</summary>
    Reason,

    /// <summary>Something failed that the operator may want to mend.</summary>
    Trouble,
}

/// <summary>One thing that happened at this node. Identifiers and words, never content.</summary>
/// <param name="At">When.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="Stage">The stage of the pipeline.</param>
/// <param name="Job">The job; zero for none.</param>
/// <param name="Words">What happened.</param>
public sealed record JournalEntry(DateTimeOffset At, JournalLevel Level, string Stage, Digest Job, string Words);

/// <summary>The node's recent past, bounded; whoever listens may log it.</summary>
/// <param name="clock">The clock.</param>
/// <param name="listener">Told of every entry; null for nobody.</param>
public sealed class NodeJournal(TimeProvider clock, Action<JournalEntry>? listener = null)
{
    private const int EntriesMax = 10_000;
    private readonly Queue<JournalEntry> _entries = new();
    private readonly Lock _lock = new();

    /// <summary>Adds an entry.</summary>
    /// <param name="level">How much it matters.</param>
    /// <param name="stage">The stage of the pipeline.</param>
    /// <param name="job">The job; zero for none.</param>
    /// <param name="words">What happened.</param>
    public void Add(JournalLevel level, string stage, Digest job, string words)
    {
        var entry = new JournalEntry(clock.GetUtcNow(), level, stage, job, words);
        lock (_lock)
        {
            _entries.Enqueue(entry);
            if (_entries.Count > EntriesMax)
            {
                _entries.Dequeue();
            }
        }

        listener?.Invoke(entry);
    }

    /// <summary>The entries, oldest first.</summary>
    /// <param name="job">Only this job's; null for all.</param>
    public ImmutableArray<JournalEntry> Read(Digest? job = null)
    {
        lock (_lock)
        {
            return [.. _entries.Where(entry => job is null || entry.Job == job)];
        }
    }
}
