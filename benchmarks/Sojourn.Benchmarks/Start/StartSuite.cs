using System.Diagnostics;
using Sojourn.Benchmarks.Harness;

namespace Sojourn.Benchmarks.Start;

/// <summary>What a person waits for before a command begins: a warm start of <c>./sojourn --version</c> beside a program that does nothing.</summary>
public sealed class StartSuite : IBenchSuite
{
    private const int Rounds = 15;

    /// <inheritdoc/>
    public string Name => "start";

    /// <inheritdoc/>
    public void Run(BenchReport report)
    {
        var root = Environment.GetEnvironmentVariable("SOJOURN_ROOT") ?? Directory.GetCurrentDirectory();
        var folder = Directory.CreateTempSubdirectory("sojourn-bench-").FullName;
        try
        {
            var empty = EmptyProgram.Write(folder);
            report.Compare(
                "warm start of ./sojourn --version", "s", Rounds, "ratio ≤ 3", "the script looks for changed sources each time; both processes to their end",
                Contestant.Timed("sojourn", () => Execute(Path.Combine(root, "sojourn"), "--version")),
                Contestant.Timed("dotnet of an empty program", () => Execute("dotnet", empty)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Execute(string program, string argument)
    {
        using var process = Process.Start(new ProcessStartInfo(program, [argument]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {argument} ended with {process.ExitCode}");
        }
    }
}
