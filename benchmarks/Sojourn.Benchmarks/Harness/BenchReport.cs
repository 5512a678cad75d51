using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Sojourn.Benchmarks.Harness;

/// <summary>Collects the rows of one suite, prints each at once, and replaces the suite's section of the results file at the end.</summary>
/// <param name="suite">The suite's name.</param>
/// <param name="resultsFile">The Markdown file that holds a section per suite.</param>
public sealed class BenchReport(string suite, string resultsFile)
{
    private readonly List<BenchRow> _rows = [];

    /// <summary>Runs the contestants in turn (A B A B …) after one warm-up each and adds a row per peer.</summary>
    /// <param name="what">What is measured.</param>
    /// <param name="unit">The unit of the figures as printed, e.g. <c>s</c> or <c>MB/s</c>.</param>
    /// <param name="rounds">Counted rounds, at least three.</param>
    /// <param name="bar">What the ratio should reach, in words.</param>
    /// <param name="note">Conditions.</param>
    /// <param name="ours">Our side.</param>
    /// <param name="peers">The others.</param>
    /// <returns>The median of each contestant, ours first.</returns>
    public double[] Compare(string what, string unit, int rounds, string bar, string note, Contestant ours, params Contestant[] peers)
    {
        Contestant[] all = [ours, .. peers];
        foreach (var contestant in all)
        {
            contestant.Measure();
        }

        var samples = all.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < all.Length; i++)
            {
                samples[i].Add(all[i].Measure());
            }
        }

        var medians = samples.Select(Median).ToArray();
        if (peers.Length == 0)
        {
            Add(new BenchRow(what, Format(medians[0], unit), "", "", bar, note));
        }

        for (var i = 1; i < all.Length; i++)
        {
            var ratio = Median([.. samples[0].Zip(samples[i], (a, b) => a / b)]);
            Add(new BenchRow(what, Format(medians[0], unit), $"{all[i].Label} {Format(medians[i], unit)}", ratio.ToString("0.000", CultureInfo.InvariantCulture), bar, note));
        }

        return medians;
    }

    /// <summary>Adds a row measured in some other way.</summary>
    /// <param name="row">The row.</param>
    public void Add(BenchRow row)
    {
        _rows.Add(row);
        Console.WriteLine($"{row.What}: {row.Ours}{(row.Peer.Length > 0 ? $" against {row.Peer}, ratio {row.Ratio}" : row.Ratio)}{(row.Bar.Length > 0 ? $" (bar: {row.Bar})" : "")} {row.Note}");
    }

    /// <summary>The median of some figures.</summary>
    /// <param name="figures">At least one.</param>
    public static double Median(IReadOnlyCollection<double> figures)
    {
        var sorted = figures.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>A figure with four significant digits and its unit.</summary>
    /// <param name="figure">The figure.</param>
    /// <param name="unit">Its unit.</param>
    public static string Format(double figure, string unit) => $"{figure.ToString("G4", CultureInfo.InvariantCulture)} {unit}".TrimEnd();

    /// <summary>Writes the suite's section.</summary>
    /// <param name="commit">The commit that was measured.</param>
    /// <param name="at">When.</param>
    public void Save(string commit, DateTimeOffset at)
    {
        var begin = $"<!-- suite {suite} -->";
        var end = $"<!-- end {suite} -->";
        var text = new StringBuilder();
        text.AppendLine(begin).AppendLine(CultureInfo.InvariantCulture, $"## {suite}").AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"{at:yyyy-MM-dd HH:mm} UTC, commit {commit}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}. Medians; a ratio is the median of ours/peer, pair by pair.").AppendLine()
            .AppendLine("| what | ours | peer | ratio | bar | note |").AppendLine("| --- | --- | --- | --- | --- | --- |");
        foreach (var row in _rows)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {row.What} | {row.Ours} | {row.Peer} | {row.Ratio} | {row.Bar} | {row.Note} |");
        }

        text.AppendLine(end);
        var file = File.Exists(resultsFile) ? File.ReadAllText(resultsFile) : "# Results\n\nWritten by `./bench`. A section a suite; each run replaces its own.\n\n";
        var from = file.IndexOf(begin, StringComparison.Ordinal);
        var to = file.IndexOf(end, StringComparison.Ordinal);
        file = from >= 0 && to > from
            ? string.Concat(file.AsSpan(0, from), text.ToString(), file.AsSpan(to + end.Length).TrimStart('\n'))
            : $"{file.TrimEnd('\n')}\n\n{text}";
        File.WriteAllText(resultsFile, file);
    }
}
