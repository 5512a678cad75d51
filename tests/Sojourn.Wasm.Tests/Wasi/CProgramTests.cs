using Sojourn.Testing;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Wasm.Tests.Wasi;

/// <summary>C programs, compiled in this run, under every tier and every kind of directory, and beside Node.</summary>
public sealed class CProgramTests
{
    public static TheoryData<string, FileSystemKind, string> Runs
    {
        get
        {
            var data = new TheoryData<string, FileSystemKind, string>();
            foreach (var program in new[] { "posix", "raw" })
            {
                foreach (var kind in Enum.GetValues<FileSystemKind>())
                {
                    data.Add(program, kind, "compiled");
                }

                data.Add(program, FileSystemKind.Memory, "checked");
                data.Add(program, FileSystemKind.Memory, "interpreter");
            }

            data.Add("paths", FileSystemKind.Host, "compiled");
            data.Add("preopens", FileSystemKind.Host, "compiled");
            data.Add("preopens", FileSystemKind.Host, "interpreter");
            data.Add("waiting", FileSystemKind.Host, "compiled");
            data.Add("waiting", FileSystemKind.Memory, "compiled");
            data.Add("waiting", FileSystemKind.Memory, "interpreter");
            return data;
        }
    }

    [ToolTheory("clang", "wasm-ld"), MemberData(nameof(Runs))]
    public void The_file_system_answers_as_written_down(string program, FileSystemKind kind, string tier)
    {
        var run = Execute(program, kind, tier);
        Assert.Equal(program == "posix" ? 3 : 0, run.ExitCode);
        Assert.Equal(File.ReadAllText(Path.Combine(Clang.Sources, program + ".expected")), run.Output);
    }

    /// <summary>Where Node 20 answers otherwise it departs from the specification or from POSIX, and the reason is written down.</summary>
    [ToolTheory("clang", "wasm-ld", "node"), InlineData("posix"), InlineData("raw"), InlineData("waiting")]
    public void Node_answers_alike_but_where_it_is_known_to_err(string program)
    {
        using var folder = new TemporaryFolder();
        var module = Path.Combine(folder.Path, "program.wasm");
        File.WriteAllBytes(module, Clang.Compile(program));
        var directory = Directory.CreateDirectory(Path.Combine(folder.Path, "files")).FullName;
        var node = Clang.Run("node", ["--no-warnings", Path.Combine(Clang.Sources, "run.mjs"), module, directory], mayFail: true).Output.Split('\n');
        var ours = Execute(program, FileSystemKind.Host, "compiled").Output.Split('\n');
        Assert.Equal(ours.Length, node.Length);
        var known = File.ReadAllLines(Path.Combine(Clang.Sources, "node-differs.txt"))
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(" # ")[0].Trim()).ToList();
        for (var i = 0; i < ours.Length; i++)
        {
            Assert.True(ours[i] == node[i] || known.Exists(ours[i].StartsWith), $"line {i + 1}: ours '{ours[i]}', Node's '{node[i]}'");
        }
    }

    [ToolTheory("clang", "wasm-ld", "node"), InlineData("compiled"), InlineData("interpreter")]
    public void Processes_get_and_give_what_node_does(string tier)
    {
        using var folder = new TemporaryFolder();
        var module = Path.Combine(folder.Path, "program.wasm");
        File.WriteAllBytes(module, Clang.Compile("process"));
        const string Input = "one\nsecond line\nno end";
        foreach (var arguments in new string[][] { ["5", "x y"], [], ["quick"] })
        {
            var node = Clang.Run("node", ["--no-warnings", Path.Combine(Clang.Sources, "run.mjs"), module, folder.Path, .. arguments], Input, mayFail: true);
            var options = new WasiOptions { StandardInput = WasiStream.FromText(Input) }
                .AddArguments(["program", .. arguments]).AddEnvironment("HOME", "/").AddEnvironment("EMPTY", "");
            Assert.Equal(node, Run(Clang.Compile("process"), options, tier));
        }

        var aborting = new WasiOptions().AddArguments("program", "abort");
        Assert.Equal(TrapKind.Unreachable, Assert.Throws<TrapException>(() => Run(Clang.Compile("process"), aborting, tier)).Kind);
    }

    /// <summary>A Rust program that asks much of the standard library does what it does under Node, in every tier and kind of directory.</summary>
    [ToolFact("node", "wasm-ld")]
    public void Rust_programs_do_what_they_do_under_node()
    {
        if (Clang.Rust is null)
        {
            return;
        }

        const string Input = "a b\nb c a\na\n";
        var bytes = Clang.CompileRust("std");
        using var folder = new TemporaryFolder();
        var module = Path.Combine(folder.Path, "program.wasm");
        File.WriteAllBytes(module, bytes);
        var directory = Directory.CreateDirectory(Path.Combine(folder.Path, "files")).FullName;
        var node = Clang.Run("node", ["--no-warnings", Path.Combine(Clang.Sources, "run.mjs"), module, directory, "x", "y z"], Input, mayFail: true);
        Assert.Equal(7, node.ExitCode);
        foreach (var tier in new[] { "compiled", "checked", "path fuel", "exact fuel", "interpreter" })
        {
            using var host = HostDirectory.Open(Directory.CreateDirectory(Path.Combine(folder.Path, tier)).FullName);
            foreach (var root in new WasiDirectory[] { host, new InMemoryFileSystem().Root })
            {
                var options = new WasiOptions { Clock = WasiClock.System, Random = WasiRandom.System, StandardInput = WasiStream.FromText(Input) }
                    .AddArguments("program", "x", "y z").AddEnvironment("HOME", "/").AddEnvironment("EMPTY", "").AddDirectory("/", root);
                Assert.Equal(node, Run(bytes, options, tier));
            }
        }
    }

    public static TheoryData<string> Optimisations => ["-O0", "-O1", "-O2", "-O3", "-O0 -msimd128", "-O1 -msimd128", "-O2 -msimd128", "-O3 -msimd128"];

    [ToolTheory("clang", "wasm-ld", "node"), MemberData(nameof(Optimisations))]
    public void Computation_is_the_same_at_every_level(string flags)
    {
        var module = Clang.Compile("compute", flags);
        var native = Clang.RunNatively("compute");
        foreach (var tier in new[] { "compiled", "checked", "path fuel", "exact fuel" })
        {
            Assert.Equal((0, native), Run(module, new WasiOptions().AddArguments("compute"), tier));
        }

        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "program.wasm");
        File.WriteAllBytes(file, module);
        Assert.Equal(native, Clang.Run("node", ["--no-warnings", Path.Combine(Clang.Sources, "run.mjs"), file, folder.Path]).Output);
    }

    [ToolFact("clang", "wasm-ld"), Trait("speed", "slow")]
    public void Computation_is_the_same_in_the_interpreter() =>
        Assert.Equal((0, Clang.RunNatively("compute")), Run(Clang.Compile("compute"), new WasiOptions().AddArguments("compute"), "interpreter"));

    /// <summary>The deterministic profile: time, randomness, files and fuel are the same bytes in every tier.</summary>
    [ToolTheory("clang", "wasm-ld"), InlineData("posix"), InlineData("compute")]
    public void The_deterministic_profile_repeats(string program)
    {
        var runs = new[] { "path fuel", "path fuel checked", "path fuel" }.Select(tier =>
        {
            var files = new InMemoryFileSystem();
            var options = WasiOptions.Deterministic("job"u8).AddArguments(program).AddDirectory("/", files.Root);
            var (exit, output) = Run(Clang.Compile(program), options, tier, out var fuel);
            return (exit, output, fuel, string.Join(',', files.ListFiles()));
        }).ToList();
        Assert.Equal(runs[0], runs[1]);
        Assert.Equal(runs[0], runs[2]);
    }

    private static (int ExitCode, string Output) Execute(string program, FileSystemKind kind, string tier)
    {
        using var folder = new TemporaryFolder();
        using var host = kind == FileSystemKind.Memory ? null : HostDirectory.Open(folder.Path);
        Beneath.WalkByHand = kind == FileSystemKind.HostWalkedByHand;
        try
        {
            var options = new WasiOptions { Clock = WasiClock.System, Random = WasiRandom.System }
                .AddArguments("program").AddDirectory("/", host ?? new InMemoryFileSystem().Root);
            return Run(Clang.Compile(program), options, tier);
        }
        finally
        {
            Beneath.WalkByHand = false;
        }
    }

    private static (int ExitCode, string Output) Run(byte[] bytes, WasiOptions options, string tier) => Run(bytes, options, tier, out _);

    private static (int ExitCode, string Output) Run(byte[] bytes, WasiOptions options, string tier, out long fuelUsed)
    {
        var output = new WasiCapture();
        options.StandardOutput = output;
        var module = WasmModule.Load(bytes, new ModuleOptions
        {
            Tier = tier == "interpreter" ? ExecutionTier.Interpreted : ExecutionTier.Compiled,
            Protection = tier.EndsWith("checked", StringComparison.Ordinal) ? MemoryProtection.BoundsChecks : MemoryProtection.Automatic,
            Fuel = tier.StartsWith("path fuel", StringComparison.Ordinal) ? FuelMode.Path : tier == "exact fuel" ? FuelMode.Exact : FuelMode.None,
        });
        using var store = new Store();
        using var wasi = new WasiPreview1(options);
        var linker = new Linker(store);
        wasi.DefineIn(linker);
        var before = store.Fuel;
        var exit = WasiPreview1.Run(linker.Instantiate(module));
        fuelUsed = before - store.Fuel;
        return (exit, output.ToString());
    }
}
