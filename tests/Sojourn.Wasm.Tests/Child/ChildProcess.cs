using System.Diagnostics;
using System.Globalization;

namespace Sojourn.Wasm.Tests.Child;

/// <summary>How a scenario ended.</summary>
/// <param name="ExitCode">0 where it came to its end.</param>
/// <param name="Outcome">What it said.</param>
/// <param name="Seconds">How long it took, without the process's start.</param>
/// <param name="PeakMegabytes">The most memory that the process had.</param>
/// <param name="Error">What it wrote to its error stream.</param>
internal sealed record ChildResult(int ExitCode, string Outcome, double Seconds, long PeakMegabytes, string Error)
{
    /// <summary>One line for a person.</summary>
    public string Row(string name) => string.Create(CultureInfo.InvariantCulture, $"{name,-44} {Seconds,6:F2} s {PeakMegabytes,5} MB  {(ExitCode == 0 ? Outcome : $"exit code {ExitCode}: {Error}")}");
}

/// <summary>Runs a scenario of <see cref="Program"/> in a process of its own.</summary>
internal static class ChildProcess
{
    /// <summary>A scenario that takes this long hangs.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(3);

    /// <summary>Runs a scenario.</summary>
    /// <param name="scenario">Its name.</param>
    /// <param name="setting">A switch of the platform's, as NAME=VALUE; empty for none.</param>
    public static ChildResult Run(string scenario, string setting = "")
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Sojourn.Wasm.Tests.dll"), scenario])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        if (setting.Split('=') is [var name, var value])
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Most))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        var lines = output.Result.Split('\n');
        return new(
            process.ExitCode,
            Value(lines, "outcome: "),
            double.TryParse(Value(lines, "seconds: "), CultureInfo.InvariantCulture, out var seconds) ? seconds : -1,
            long.TryParse(Value(lines, "peak: "), CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes / 1024 : -1,
            error.Result.Trim());
    }

    private static string Value(string[] lines, string name) =>
        lines.FirstOrDefault(x => x.StartsWith(name, StringComparison.Ordinal))?[name.Length..] ?? "";
}
