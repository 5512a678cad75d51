using System.Collections.Concurrent;
using System.Diagnostics;
using Sojourn.Testing;

namespace Sojourn.Wasm.Tests.Wasi;

/// <summary>Compiles the C programs of this folder, each once for a set of flags, with Debian's clang and wasi-libc.</summary>
internal static class Clang
{
    private static readonly ConcurrentDictionary<(string, string), Lazy<byte[]>> s_built = new();

    /// <summary>Where the sources are.</summary>
    public static string Sources => Path.Combine(AppContext.BaseDirectory, "Wasi", "Programs");

    public static byte[] Compile(string program, string flags = "-O2") =>
        s_built.GetOrAdd((program, flags), key => new Lazy<byte[]>(() => Build(key.Item1, key.Item2))).Value;

    /// <summary>Compiles a program for this machine, and runs it.</summary>
    public static string RunNatively(string program)
    {
        using var folder = new TemporaryFolder();
        var output = Path.Combine(folder.Path, program);
        Run("clang", ["-O2", "-ffp-contract=off", Path.Combine(Sources, program + ".c"), "-o", output, "-lm"]);
        return Run(output, []).Output;
    }

    public static (int ExitCode, string Output) Run(string program, IEnumerable<string> arguments, string? input = null, bool mayFail = false)
    {
        var start = new ProcessStartInfo(Tools.Find(program) ?? program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            Assert.True(process.WaitForExit(TimeSpan.FromSeconds(100)), $"{program} does not end");
            Assert.True(mayFail || process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {error.Result}");
            return (process.ExitCode, output.Result);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Debian's Rust compiler, which has the standard library for WASI; another on the path need not.</summary>
    public static string? Rust => File.Exists("/usr/bin/rustc") && Directory.Exists("/usr/lib/rustlib/wasm32-wasi") ? "/usr/bin/rustc" : null;

    /// <summary>Compiles a Rust program of this folder.</summary>
    public static byte[] CompileRust(string program)
    {
        using var folder = new TemporaryFolder();
        var output = Path.Combine(folder.Path, program + ".wasm");
        Run(Rust!, ["--target=wasm32-wasi", "-O", "--edition=2021", Path.Combine(Sources, program + ".rs"), "-o", output]);
        return File.ReadAllBytes(output);
    }

    private static byte[] Build(string program, string flags)
    {
        using var folder = new TemporaryFolder();
        var output = Path.Combine(folder.Path, program + ".wasm");
        Run("clang", ["--target=wasm32-wasi", "--sysroot=/usr", "-ffp-contract=off", .. flags.Split(' '), Path.Combine(Sources, program + ".c"), "-o", output]);
        return File.ReadAllBytes(output);
    }
}

/// <summary>A folder that is gone at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sojourn-wasi-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
