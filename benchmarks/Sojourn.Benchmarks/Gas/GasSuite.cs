using System.Diagnostics;
using System.Globalization;
using Sojourn.Benchmarks.Harness;

namespace Sojourn.Benchmarks.Gas;

/// <summary>What a job costs on an EVM chain, step by step. Gas is counted, not timed: the figures are exact and the same on every machine.</summary>
public sealed class GasSuite : IBenchSuite
{
    private static readonly string Root = Environment.GetEnvironmentVariable("SOJOURN_ROOT") ?? Directory.GetCurrentDirectory();

    /// <inheritdoc/>
    public string Name => "gas";

    /// <inheritdoc/>
    public void Run(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var folder = Path.Combine(Root, "contracts");
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder, "node_modules/@foundry-rs/forge-linux-amd64/bin/forge"), ["test", "--isolate", "--match-contract", "GasTest", "-vv"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var figures = output.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("GAS ", StringComparison.Ordinal)).Select(line => line.Split(' ')).ToList();
        if (process.ExitCode != 0 || figures.Count == 0)
        {
            throw new InvalidOperationException($"forge did not measure: {output[^Math.Min(output.Length, 1000)..]}");
        }

        foreach (var figure in figures)
        {
            report.Add(new BenchRow(Describe(figure[1]), int.Parse(figure[2], CultureInfo.InvariantCulture).ToString("N0", CultureInfo.InvariantCulture), "", "", BarOf(figure[1]), ""));
        }
    }

    private static string Describe(string name)
    {
        var parts = name.Split('/');
        var how = parts[0] switch
        {
            "first" => "job in a fresh arena, execution alone (no base, no input, warm slots)",
            "each" => "job, execution alone (no base, no input, warm slots)",
            "joined" => "job, four whole transactions",
            _ => parts[0],
        };
        return parts.Length == 3 ? $"{how}; {parts[1].Replace("x", " executors, ", StringComparison.Ordinal)} verifiers; {parts[2]}" : $"{how}; {parts[1]}";
    }

    private static string BarOf(string name) => name switch
    {
        "joined/3x4/total" => "≤ 600,000 (aim 450,000)",
        "batched/per-job-of-1000" => "≤ 10,000",
        _ => "",
    };
}
