using System.Globalization;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Node.Journal;

namespace Sojourn.Cli.Node;

/// <summary>Prints journals of nodes and keepers.</summary>
internal static class Journals
{
    /// <summary>Prints entries, oldest first.</summary>
    public static void Print(CommandRun run, IReadOnlyList<JournalEntry> entries) => run.Results.List(
        entries,
        new Column<JournalEntry>("at", entry => JsonText.Instant(entry.At), entry => entry.At.UtcDateTime.ToString("MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)),
        new Column<JournalEntry>("level", entry => entry.Level.ToString().ToLowerInvariant()),
        new Column<JournalEntry>("stage", entry => entry.Stage),
        new Column<JournalEntry>("job", entry => entry.Job.IsZero ? null : entry.Job.ToString(), entry => entry.Job.IsZero ? "-" : entry.Job.ToString()[..8]),
        new Column<JournalEntry>("words", entry => entry.Words));
}
