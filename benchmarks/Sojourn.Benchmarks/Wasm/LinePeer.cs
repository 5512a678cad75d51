using System.Diagnostics;
using System.Globalization;

namespace Sojourn.Benchmarks.Wasm;

/// <summary>A peer that runs in a process of its own: a line in, a line out, which ends with the seconds that the work took.</summary>
internal sealed class LinePeer : IDisposable
{
    private readonly Process process;

    public LinePeer(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
    }

    /// <summary>Has some work done.</summary>
    /// <param name="line">What to do.</param>
    /// <param name="result">What came of it.</param>
    /// <returns>Seconds.</returns>
    public double Ask(string line, out string result)
    {
        process.StandardInput.WriteLine(line);
        process.StandardInput.Flush();
        var answer = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{process.StartInfo.FileName} ended instead of doing '{line}'");
        var last = answer.LastIndexOf(' ');
        result = answer[..last];
        return double.Parse(answer.AsSpan(last + 1), CultureInfo.InvariantCulture);
    }

    /// <summary>Runs a program that reads lines until they end.</summary>
    public static string[] RunAll(string program, IEnumerable<string> arguments, IEnumerable<string> lines)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        foreach (var line in lines)
        {
            process.StandardInput.Write(line + "\n");
        }

        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries) : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {errors.Result}");
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(2000))
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }
}
