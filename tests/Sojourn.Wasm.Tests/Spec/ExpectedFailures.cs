using System.IO.Enumeration;

namespace Sojourn.Wasm.Tests.Spec;

/// <summary>The checked-in list of what is not on: <c>tier version/script[:line] later|never reason</c>.</summary>
internal sealed class ExpectedFailures
{
    private readonly List<(string Tier, string Script, int Line, string Text)> entries = [];

    private ExpectedFailures()
    {
    }

    public static ExpectedFailures Load()
    {
        var list = new ExpectedFailures();
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Spec", "not-on.txt")))
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var parts = line.Split(' ', 4, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length != 4 || parts[2] is not ("later" or "never"))
            {
                throw new InvalidDataException($"not-on.txt: '{line}' is not 'tier script[:line] later|never reason'");
            }

            var place = parts[1].Split(':');
            list.entries.Add((parts[0], place[0], place.Length > 1 ? int.Parse(place[1]) : 0, line));
        }

        return list;
    }

    /// <summary>Whether a whole script is off.</summary>
    public string? Off(string tier, string script) => entries.Find(x => Covers(x, tier, script) && x.Line == 0).Text;

    /// <summary>Whether one command is known to fail.</summary>
    public bool Knows(string tier, string script, int line) => entries.Exists(x => Covers(x, tier, script) && x.Line == line);

    /// <summary>Entries of single commands for a script.</summary>
    public IEnumerable<int> Lines(string tier, string script) => entries.Where(x => Covers(x, tier, script) && x.Line != 0).Select(x => x.Line);

    private static bool Covers((string Tier, string Script, int Line, string Text) entry, string tier, string script) =>
        (entry.Tier == "*" || entry.Tier == tier) && FileSystemName.MatchesSimpleExpression(entry.Script, script, ignoreCase: false);
}
