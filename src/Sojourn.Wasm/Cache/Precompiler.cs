using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Sojourn.Wasm.Cache;

/// <summary>Compiles IL to machine code ahead of time with the platform's own tool, crossgen2, in a process that is ended when it costs too much.</summary>
/// <remarks>
/// crossgen2 is the package <c>microsoft.netcore.app.crossgen2</c> for the machine's runtime identifier; publishing any program with
/// <c>PublishReadyToRun</c> restores it. It is optional: without it caches hold IL.
/// </remarks>
public sealed class Precompiler
{
    private const int MessageMax = 2000;
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(5);
    private readonly string path;

    /// <summary>Uses a given tool.</summary>
    /// <param name="path">The executable <c>crossgen2</c>, of the same major version as the runtime.</param>
    public Precompiler(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        this.path = System.IO.Path.GetFullPath(path);
    }

    /// <summary>The executable.</summary>
    public string Path => path;

    /// <summary>Finds the tool: <c>SOJOURN_CROSSGEN2</c>, else <c>crossgen2/crossgen2</c> beside the program, else the package in NuGet's folder that fits the runtime.</summary>
    /// <returns>The tool, or null where there is none.</returns>
    public static Precompiler? Find()
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_CROSSGEN2") is { Length: > 0 } named)
        {
            return File.Exists(named) ? new(named) : null;
        }

        var tool = OperatingSystem.IsWindows() ? "crossgen2.exe" : "crossgen2";
        var beside = System.IO.Path.Combine(AppContext.BaseDirectory, "crossgen2", tool);
        if (File.Exists(beside))
        {
            return new(beside);
        }

        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
            ? folder
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var package = System.IO.Path.Combine(packages, $"microsoft.netcore.app.crossgen2.{PortableIdentifier}");
        if (!Directory.Exists(package))
        {
            return null;
        }

        // The runtime's own version, else the newest of the same major version.
        var found = Directory.GetDirectories(package)
            .Select(version => (Path: System.IO.Path.Combine(version, "tools", tool), Version: Version.TryParse(System.IO.Path.GetFileName(version), out var parsed) ? parsed : null))
            .Where(candidate => candidate.Version?.Major == Environment.Version.Major && File.Exists(candidate.Path))
            .OrderByDescending(candidate => candidate.Version == Environment.Version)
            .ThenByDescending(candidate => candidate.Version)
            .Select(candidate => candidate.Path)
            .FirstOrDefault();
        return found is null ? null : new(found);
    }

    private static string PortableIdentifier =>
        (OperatingSystem.IsWindows() ? "win-" : OperatingSystem.IsMacOS() ? "osx-" : "linux-") + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>Compiles an assembly.</summary>
    /// <param name="il">The assembly.</param>
    /// <param name="folder">A folder of this user's for the files that pass between the processes.</param>
    /// <param name="budget">What it may cost.</param>
    /// <param name="native">The assembly with machine code beside the IL, where it could be made.</param>
    internal CompileReport Compile(byte[] il, string folder, CompileBudget budget, out byte[]? native)
    {
        native = null;
        var engine = typeof(Precompiler).Assembly.Location;
        var platform = System.IO.Path.GetDirectoryName(typeof(object).Assembly.Location);
        if (engine.Length == 0 || string.IsNullOrEmpty(platform))
        {
            return new(CompileOutcome.NoCompiler, TimeSpan.Zero, 0, "the program is a single file, so its assemblies cannot be referred to");
        }

        var work = Directory.CreateDirectory(System.IO.Path.Combine(folder, "work-" + Guid.NewGuid().ToString("N")));
        try
        {
            var input = System.IO.Path.Combine(work.FullName, "module.dll");
            var output = System.IO.Path.Combine(work.FullName, "native.dll");
            File.WriteAllBytes(input, il);
            var report = Run(Arguments(input, output, engine, platform), work.FullName, budget);
            if (report.Outcome == CompileOutcome.Compiled)
            {
                native = File.ReadAllBytes(output);
            }

            return report;
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    // One version bubble with the engine and the platform's core, so that their small methods are inlined: entries are keyed by the very builds of both.
    private static List<string> Arguments(string input, string output, string engine, string platform) =>
    [
        input, "-o", output, "-r", System.IO.Path.Combine(platform, "*.dll"), "-r", engine, "-O", "--resilient",
        "--inputbubble", "--inputbubbleref", engine, "--inputbubbleref", typeof(object).Assembly.Location,
        "--targetos", OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "osx" : "linux",
        "--targetarch", RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
        .. ProcessorFeatures.Names.Length > 0 ? new[] { "--instruction-set", ProcessorFeatures.Names } : [],
    ];

    private CompileReport Run(List<string> arguments, string folder, CompileBudget budget)
    {
        using var process = new Process { StartInfo = Start(arguments, folder) };
        var said = new StringBuilder();
        process.OutputDataReceived += Note;
        process.ErrorDataReceived += Note;
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            return new(CompileOutcome.NoCompiler, TimeSpan.Zero, 0, $"{path} does not start: {fault.Message}");
        }

        var clock = Stopwatch.StartNew();
        Native.Limit(process.Id, (long)Math.Ceiling(budget.Time.TotalSeconds * Environment.ProcessorCount) + 1, budget.MemoryBytes);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        var (most, data) = (0L, 0L);
        CompileOutcome? ended = null;
        while (!process.WaitForExit(10))
        {
            most = Math.Max(most, Resident(process));
            data = Math.Max(data, Native.DataOf(process.Id));
            ended = clock.Elapsed > budget.Time ? CompileOutcome.TimeExceeded : most > budget.MemoryBytes ? CompileOutcome.MemoryExceeded : null;
            if (ended is not null)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
                break;
            }
        }

        process.WaitForExit();
        var text = Text();
        if (ended is null && process.ExitCode != 0)
        {
            var refused = WhatRefused(process.ExitCode, text, data, folder, budget);
            ended = refused is null ? CompileOutcome.CompilerFailed : CompileOutcome.MemoryExceeded;
            text = text.Length == 0 ? $"the compiler ended with {process.ExitCode} and no word" + (refused is null ? "" : $": {refused}") : text;
        }

        return new(ended ?? CompileOutcome.Compiled, clock.Elapsed, most, ended is null ? "" : text);

        void Note(object sender, DataReceivedEventArgs line)
        {
            lock (said)
            {
                if (line.Data is { } text && said.Length < MessageMax)
                {
                    said.Append(text.AsSpan(0, Math.Min(text.Length, MessageMax - said.Length))).Append('\n');
                }
            }
        }

        string Text()
        {
            lock (said)
            {
                return said.ToString().Trim();
            }
        }
    }

    private ProcessStartInfo Start(IEnumerable<string> arguments, string folder)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = folder, UseShellExecute = false,
        };
        start.Environment.Clear();
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1";
        start.Environment["TMPDIR"] = folder;
        return start;
    }

    /// <summary>Why a failure was the kernel's refusal of memory beyond the budget; null where it was not.</summary>
    /// <remarks>
    /// What the tool makes of a refusal depends on where it stands. Mostly it says so. Its runtime ends without a word where it cannot even begin (exit
    /// code 255), or by a signal where it cannot tell any more: then it is asked how much it had taken, and how much it takes to begin at all.
    /// </remarks>
    private string? WhatRefused(int exitCode, string text, long data, string folder, CompileBudget budget)
    {
        if (text.Length > 0)
        {
            return Refusals.FirstOrDefault(word => text.Contains(word, StringComparison.OrdinalIgnoreCase));
        }

        if (exitCode < 128)
        {
            return null;
        }

        if (exitCode != 255 && data > budget.MemoryBytes / 2)
        {
            return $"it had taken {data >> 20} MiB of {budget.MemoryBytes >> 20}";
        }

        var needed = NeededToStart(folder);
        return needed > budget.MemoryBytes / 8 * 7 ? $"it takes {needed >> 20} MiB to begin, and {budget.MemoryBytes >> 20} are allowed" : null;
    }

    // OutOfMemoryException; ENOMEM in words; ERROR_NOT_ENOUGH_MEMORY and E_OUTOFMEMORY.
    private static readonly string[] Refusals = ["OutOfMemory", "allocate memory", "0x80070008", "0x8007000E"];

    // What the tool takes to say its version, without a limit; 0 where it does not get so far.
    private long NeededToStart(string folder)
    {
        try
        {
            using var process = Process.Start(Start(["--version"], folder))!;
            process.StandardInput.Close();
            var clock = Stopwatch.StartNew();
            long most = 0;
            while (!process.WaitForExit(1))
            {
                most = Math.Max(most, Native.DataOf(process.Id));
                if (clock.Elapsed > StartTime)
                {
                    process.Kill(entireProcessTree: true);
                    process.WaitForExit();
                }
            }

            return process.ExitCode == 0 ? most : 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return 0;
        }
    }

    private static long Resident(Process process)
    {
        try
        {
            process.Refresh();
            return process.HasExited ? 0 : process.WorkingSet64;
        }
        catch (InvalidOperationException)
        {
            return 0;
        }
    }
}
