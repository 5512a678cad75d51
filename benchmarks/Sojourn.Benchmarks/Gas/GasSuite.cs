using System.Diagnostics;
using System.Globalization;
using Sojourn.Benchmarks.Harness;
using Sojourn.Ledger.Ethereum.Anvil;

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

        var poco = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var workers in (int[])[1, 3, 7])
        {
            foreach (var (name, gas) in PocoAsync(workers).GetAwaiter().GetResult())
            {
                poco.Add(name, gas);
            }
        }

        foreach (var figure in figures)
        {
            var ours = int.Parse(figure[2], CultureInfo.InvariantCulture);
            var peer = PeerOf(figure[1]) is { } name ? poco[name] : 0;
            report.Add(new BenchRow(
                Describe(figure[1]), Show(ours), peer == 0 ? "" : $"PoCo 6.1.0, {PeerOf(figure[1])!.Split('/')[1]} workers: {Show(peer)}",
                peer == 0 ? "" : ((double)ours / peer).ToString("0.00", CultureInfo.InvariantCulture), BarOf(figure[1]), NoteOf(figure[1])));
        }

        foreach (var (name, gas) in poco.Where(pair => !pair.Key.EndsWith("/total", StringComparison.Ordinal)))
        {
            var parts = name.Split('/');
            report.Add(new BenchRow($"PoCo 6.1.0, {parts[1]} workers; {parts[2]}", "", Show(gas), "", "", "all transactions of this step together"));
        }
    }

    private static string Show(int gas) => gas.ToString("N0", CultureInfo.InvariantCulture);

    // The same life cycle in the contracts of iExec as published, on anvil: see tests/peers/poco/peer.mjs.
    private static async Task<List<(string Name, int Gas)>> PocoAsync(int workers)
    {
        await using var chain = await AnvilProcess.StartAsync(new AnvilOptions()).ConfigureAwait(false);
        using var process = Process.Start(new ProcessStartInfo("node", ["peer.mjs", chain.Http.ToString(), workers.ToString(CultureInfo.InvariantCulture)])
        {
            WorkingDirectory = Path.Combine(Root, "tests", "peers", "poco"),
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var output = await process.StandardOutput.ReadToEndAsync().ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        var figures = output.Split('\n').Where(line => line.StartsWith("GAS ", StringComparison.Ordinal)).Select(line => line.Split(' ')).Select(line => (line[1], int.Parse(line[2], CultureInfo.InvariantCulture))).ToList();
        return process.ExitCode == 0 && figures.Count > 0 ? figures : throw new InvalidOperationException($"PoCo's contracts could not be measured: {output}");
    }

    // Like for like: as many workers as executors; PoCo has no verifiers.
    private static string? PeerOf(string name) => name switch
    {
        "concluded/3x4/total" or "joined/3x4/total" or "each/3x4/total" or "ten/3x4/per-job" or "batched/per-job-of-1000" => "poco/3/total",
        "concluded/1x4/total" => "poco/1/total",
        _ => null,
    };

    private static string NoteOf(string name) => name switch
    {
        "concluded/3x4/total" or "joined/3x4/total" or "each/3x4/total" or "ten/3x4/per-job" or "concluded/1x4/total" =>
            "ours also draws by stake and randomness and has evidence judged by four verifiers; PoCo's workers are chosen by a scheduler, and enclaves vouched for by a key",
        "batched/per-job-of-1000" => "payments agreed off the chain: other guarantees than PoCo's",
        _ => "",
    };

    private static string Describe(string name)
    {
        var parts = name.Split('/');
        var how = parts[0] switch
        {
            "first" => "first job in a fresh arena, each kind of message a transaction",
            "each" => "job, each kind of message a transaction",
            "joined" => "job, four transactions, every message signed on its own",
            "concluded" => "job, four transactions, concluded at once",
            "concluded-first-of-epoch" => "job, concluded at once, everybody's first pay in an epoch of credits",
            "ten" => "ten jobs together, four transactions, concluded at once",
            _ => parts[0],
        };
        return parts.Length == 3 ? $"{how}; {parts[1].Replace("x", " executors, ", StringComparison.Ordinal)} verifiers; {parts[2]}" : $"{how}; {parts[1]}";
    }

    private static string BarOf(string name) => name switch
    {
        "concluded/3x4/total" or "ten/3x4/per-job" => "≤ 600,000 (aim 450,000)",
        "batched/per-job-of-1000" => "≤ 10,000",
        _ => "",
    };
}
