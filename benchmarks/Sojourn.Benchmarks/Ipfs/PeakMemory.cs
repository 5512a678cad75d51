using System.Diagnostics;
using System.Globalization;
using Sojourn.Benchmarks.Harness;

namespace Sojourn.Benchmarks.Ipfs;

/// <summary>The most memory that the command line takes to add 4 GiB and to fetch them from a gateway.</summary>
internal static class PeakMemory
{
    private const long Bytes = 4L << 30;

    public static void Run(BenchReport report, string folder)
    {
        var cli = Path.Combine(Environment.GetEnvironmentVariable("SOJOURN_ROOT") ?? Directory.GetCurrentDirectory(), "artifacts/sojourn/sojourn.dll");
        var free = new DriveInfo(folder).AvailableFreeSpace;
        if (!OperatingSystem.IsLinux() || !File.Exists(cli) || free < 3 * Bytes)
        {
            report.Add(new BenchRow("peak memory of a 4 GiB add", "-", "", "", "≤ 150 MiB", $"not measured: it needs Linux, a built command line and 12 GiB of disk ({free >> 30} GiB free)"));
            return;
        }

        var file = Path.Combine(folder, "large.bin");
        var store = Path.Combine(folder, "large-store");
        RandomFile.Write(file, Bytes, 3);
        var (peak, took, root) = Measure(cli, "content", "add", "-q", file, "--store", store);
        report.Add(new BenchRow("peak memory of a 4 GiB add", BenchReport.Format(peak / 1048576.0, "MiB"), "", "", "≤ 150 MiB", $"VmHWM of the whole process, .NET runtime included; {BenchReport.Format(Bytes / took / 1e6, "MB/s")}"));
        File.Delete(file);

        using var gateway = Start(cli, "gateway", "run", "--listen", "127.0.0.1:0", "--store", store);
        try
        {
            var url = gateway.StandardOutput.ReadLine()!;
            (peak, took, _) = Measure(cli, "content", "get", root, "--from", url, "--store", Path.Combine(folder, "empty-store"), "--to", Path.Combine(folder, "fetched.bin"));
            var same = new FileInfo(Path.Combine(folder, "fetched.bin")).Length == Bytes;
            report.Add(new BenchRow("peak memory of a 4 GiB fetch", BenchReport.Format(peak / 1048576.0, "MiB"), "", "", "≤ 150 MiB", $"from our gateway over loopback to a file; {BenchReport.Format(Bytes / took / 1e6, "MB/s")}{(same ? "" : "; WRONG SIZE")}; the gateway's own peak {BenchReport.Format(Peak(gateway.Id) / 1048576.0, "MiB")}"));
        }
        finally
        {
            gateway.Kill();
            gateway.WaitForExit();
        }
    }

    private static (long Peak, double Seconds, string Line) Measure(params string[] arguments)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        long peak = 0;
        while (!process.WaitForExit(20))
        {
            peak = Math.Max(peak, Peak(process.Id));
        }

        return process.ExitCode == 0
            ? (peak, Stopwatch.GetElapsedTime(start).TotalSeconds, output.Result.Trim())
            : throw new InvalidOperationException($"{string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    // The kernel keeps the high-water mark itself, so that polling misses no peak but one in the last 20 ms.
    private static long Peak(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(), CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
