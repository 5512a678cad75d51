using System.Diagnostics;

namespace Sojourn.Cryptography.Tests.Cli;

/// <summary>The command line as a process, with a home folder and a working folder of its own.</summary>
internal sealed class CommandLine : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sojourn-cli-").FullName;

    public sealed record Run(int Code, string Output, byte[] Bytes, string Error)
    {
        public string Line => Output.Trim();
    }

    public string At(string name) => Path.Combine(folder, name);

    public void Write(string name, string text) => File.WriteAllText(At(name), text);

    public Task<Run> RunAsync(params string[] arguments) => RunAsync([], arguments);

    private async Task<Run> RunAsync(Dictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "sojourn.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["SOJOURN_HOME"] = At("home");
        start.Environment.Remove("SOJOURN_PASSPHRASE");
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.WaitForExitAsync();
        var bytes = output.ToArray();
        return new Run(process.ExitCode, System.Text.Encoding.UTF8.GetString(bytes), bytes, await error);
    }

    public Task<Run> OkAsync(params string[] arguments) => OkAsync([], arguments);

    public async Task<Run> OkAsync(Dictionary<string, string> environment, string[] arguments)
    {
        var run = await RunAsync(environment, arguments);
        Assert.True(run.Code == 0, $"sojourn {string.Join(' ', arguments)}: {run.Error}{run.Output}");
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        return run;
    }

    /// <summary>A command that must fail with one clear message.</summary>
    public async Task<Run> FailsAsync(int code, string expected, params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.True(run.Code == code, $"sojourn {string.Join(' ', arguments)} ended with {run.Code}: {run.Error}{run.Output}");
        Assert.Contains(expected, run.Error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        return run;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
