namespace Sojourn.Wasm.Tests.Spec;

/// <summary>What one script showed.</summary>
/// <param name="script">Its name.</param>
internal sealed class ScriptReport(string script)
{
    private readonly SortedDictionary<string, int> passed = new(StringComparer.Ordinal);

    public string Script { get; } = script;

    /// <summary>Line and reason of what failed.</summary>
    public List<(int Line, string Reason)> Failures { get; } = [];

    public int Passed => passed.Values.Sum();

    public void Pass(string kind) => passed[kind] = passed.GetValueOrDefault(kind) + 1;

    public override string ToString() =>
        $"{Script}: {Passed} passed ({string.Join(", ", passed.Select(x => $"{x.Key} {x.Value}"))}){(Failures.Count == 0 ? "" : $", {Failures.Count} FAILED")}";
}
