using System.Text;
using Sojourn.Cli;
using Sojourn.Cli.Running;
using Xunit;

namespace Sojourn.Wasm.Tests.Cli;

/// <summary><c>sojourn wasm</c> as a person types it: output, messages, exit codes.</summary>
public sealed class WasmCommandTests : IDisposable
{
    private const string Program = """
        (module
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "\10\00\00\00\06\00\00\00")
          (data (i32.const 16) "hello\n")
          (func (export "_start")
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (call $exit (i32.const 42)))
          (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
          (func $bad (export "bad") unreachable)
          (func (export "spin") (loop (br 0))))
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("sojourn-wasm-").FullName;

    public WasmCommandTests() => File.WriteAllText(In("p.wat"), Program);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("compiled")]
    [InlineData("bounds")]
    [InlineData("interpreter")]
    public async Task A_program_writes_and_gives_its_exit_code(string tier)
    {
        var run = await RunAsync("wasm", "run", "--tier", tier, In("p.wat"));
        Assert.Equal((42, "hello\n", ""), (run.Code, run.Output, run.Error));
    }

    [Fact]
    public async Task Functions_are_called_with_numbers()
    {
        Assert.Equal("-3\n", (await RunAsync("wasm", "run", "--invoke", "add", In("p.wat"), "--", "4294967290", "3")).Output);
        Assert.Equal(ExitCode.Usage, (await RunAsync("wasm", "run", "--invoke", "add", In("p.wat"), "--", "x", "3")).Code);
        Assert.Equal(ExitCode.NotFound, (await RunAsync("wasm", "run", "--invoke", "nobody", In("p.wat"))).Code);
    }

    [Fact]
    public async Task Traps_and_limits_end_with_eight_and_a_name()
    {
        var trap = await RunAsync("wasm", "run", "--invoke", "bad", In("p.wat"));
        Assert.Equal(ExitCode.Trapped, trap.Code);
        Assert.Contains("unreachable", trap.Error, StringComparison.Ordinal);
        Assert.Contains("bad", trap.Error, StringComparison.Ordinal);
        var fuel = await RunAsync("wasm", "run", "--fuel", "1000", "--invoke", "spin", In("p.wat"));
        Assert.Equal(ExitCode.Trapped, fuel.Code);
        Assert.Contains("fuel exhausted", fuel.Error, StringComparison.Ordinal);
        var time = await RunAsync("wasm", "run", "--timeout", "0.05", "--invoke", "spin", In("p.wat"));
        Assert.Equal(ExitCode.Trapped, time.Code);
        Assert.Contains("--timeout", time.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deterministic_runs_use_the_same_fuel_in_every_tier()
    {
        var fuel = new HashSet<string>();
        foreach (var tier in new[] { "compiled", "bounds", "interpreter" })
        {
            var run = await RunAsync("wasm", "run", "--deterministic", "--stats", "--tier", tier, In("p.wat"));
            Assert.Equal(42, run.Code);
            fuel.Add(run.Error.Split(',')[0]);
        }

        Assert.StartsWith("fuel ", Assert.Single(fuel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conversions_come_back()
    {
        Assert.Equal(0, (await RunAsync("wasm", "wat2wasm", In("p.wat"))).Code);
        var text = await RunAsync("wasm", "wasm2wat", In("p.wasm"));
        await File.WriteAllTextAsync(In("q.wat"), text.Output);
        Assert.Equal(0, (await RunAsync("wasm", "wat2wasm", In("q.wat"), "--out", In("q.wasm"))).Code);
        Assert.Equal(await File.ReadAllBytesAsync(In("p.wasm")), await File.ReadAllBytesAsync(In("q.wasm")));
    }

    [Fact]
    public async Task Bad_input_is_told_with_its_place()
    {
        await File.WriteAllTextAsync(In("bad.wat"), "(module\n  (func i32.frob))");
        var text = await RunAsync("wasm", "validate", In("bad.wat"));
        Assert.Equal(ExitCode.BadInput, text.Code);
        Assert.Contains("line 2, column 9", text.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(In("invalid.wat"), "(func (result i32))");
        var invalid = await RunAsync("wasm", "validate", In("invalid.wat"));
        Assert.Equal(ExitCode.BadInput, invalid.Code);
        Assert.Contains("offset 0x", invalid.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("wasm", "validate", In("p.wat"))).Code);
        Assert.Equal(ExitCode.NotFound, (await RunAsync("wasm", "validate", In("none.wasm"))).Code);
        await File.WriteAllTextAsync(In("link.wat"), "(import \"host\" \"f\" (func)) (func (export \"_start\"))");
        foreach (var (name, bytes, told) in new (string, byte[], string)[]
        {
            ("empty.wasm", [], "empty.wasm: malformed module at offset 0x0: magic header not detected: 00 61 73 6d expected, nothing found"),
            ("other.wasm", "MZ other"u8.ToArray(), "other.wasm: malformed module at offset 0x0: magic header not detected: 00 61 73 6d expected, 4d 5a 20 6f found"),
            ("newer.wasm", [0, 0x61, 0x73, 0x6D, 2, 0, 0, 0], "newer.wasm: malformed module at offset 0x4: unknown binary version: 01 00 00 00 expected, 02 00 00 00 found"),
            ("short.wasm", [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], "short.wasm: malformed module at offset 0xa: 4294967295 types announced, but only 0 bytes are left"),
        })
        {
            await File.WriteAllBytesAsync(In(name), bytes);
            foreach (var verb in new[] { "validate", "run", "inspect", "wasm2wat", "compile" })
            {
                var damaged = await RunAsync(verb == "compile" ? ["wasm", verb, "--no-cache", In(name)] : ["wasm", verb, In(name)]);
                Assert.Equal(ExitCode.BadInput, damaged.Code);
                Assert.Contains(told, damaged.Error, StringComparison.Ordinal);
            }
        }

        var directory = await RunAsync("wasm", "run", folder);
        Assert.Equal(ExitCode.BadInput, directory.Code);
        Assert.Contains("is a directory", directory.Error, StringComparison.Ordinal);
        var trap = await RunAsync("wasm", "run", "--invoke", "bad", In("p.wat"));
        Assert.Equal(ExitCode.Trapped, trap.Code);
        Assert.Matches(@"the program trapped: .+ \(in .+ \[0x[0-9a-f]+\]", trap.Error);
        var link = await RunAsync("wasm", "run", In("link.wat"));
        Assert.Equal(ExitCode.Refused, link.Code);
        Assert.Contains("host.f", link.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_tells_capabilities_and_exports()
    {
        var json = System.Text.Json.Nodes.JsonNode.Parse((await RunAsync("wasm", "inspect", In("p.wat"), "--output", "json")).Output)!;
        Assert.Equal(["exit code", "open files and standard streams"], json["capabilities"]!.AsArray().Select(x => (string)x!));
        Assert.Equal(["memory", "_start", "add", "bad", "spin"], json["exports"]!.AsArray().Select(x => (string)x!["name"]!));
        Assert.Contains("imports", (await RunAsync("wasm", "inspect", In("p.wat"))).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compile_and_bench_answer()
    {
        Assert.Contains("compiled in", (await RunAsync("wasm", "compile", "--no-cache", In("p.wat"))).Output, StringComparison.Ordinal);
        Assert.Contains("median", (await RunAsync("wasm", "bench", "--runs", "2", "--invoke", "add", In("p.wat"), "--", "1", "2")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compiled_code_is_kept_and_runs()
    {
        var cache = In("cache");
        var compiled = await RunAsync("wasm", "compile", "--cache-dir", cache, In("p.wat"));
        Assert.Equal(ExitCode.Ok, compiled.Code);
        Assert.Contains("compiled in", compiled.Output, StringComparison.Ordinal);
        Assert.Contains(cache, compiled.Output, StringComparison.Ordinal);
        Assert.Contains("already", (await RunAsync("wasm", "compile", "--cache-dir", cache, In("p.wat"))).Output, StringComparison.Ordinal);
        var run = await RunAsync("wasm", "run", "--cache", "--cache-dir", cache, In("p.wat"));
        Assert.Equal((42, "hello\n", ""), (run.Code, run.Output, run.Error));
        Assert.Single(Directory.GetFiles(cache, "*.code"));

        // Fuel asks for other code.
        Assert.Equal("5\n", (await RunAsync("wasm", "run", "--fuel", "1000", "--cache-dir", cache, "--invoke", "add", In("p.wat"), "--", "2", "3")).Output);
        Assert.Equal(2, Directory.GetFiles(cache, "*.code").Length);
        foreach (var file in Directory.GetFiles(cache, "*.code"))
        {
            File.WriteAllBytes(file, [1, 2, 3]);
        }

        Assert.Equal(42, (await RunAsync("wasm", "run", "--cache-dir", cache, In("p.wat"))).Code);
        File.WriteAllBytes(Path.Combine(cache, "key"), [1]);
        var refused = await RunAsync("wasm", "run", "--cache-dir", cache, In("p.wat"));
        Assert.Equal(ExitCode.Environment, refused.Code);
        Assert.Contains("key", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compiling_ahead_has_a_budget()
    {
        if (Sojourn.Wasm.Cache.Precompiler.Find() is null)
        {
            return;
        }

        foreach (var verb in new[] { "compile", "run" })
        {
            foreach (var (option, value) in new[] { ("--compile-time", "0.001"), ("--compile-memory", "8MiB") })
            {
                var cache = In("cache-" + verb + option);
                for (var again = 0; again < 2; again++)
                {
                    var refused = await RunAsync("wasm", verb, "--cache-dir", cache, option, value, In("p.wat"));
                    Assert.Equal(ExitCode.Refused, refused.Code);
                    Assert.Contains(option, refused.Error, StringComparison.Ordinal);
                }

                Assert.Equal(verb == "run" ? 42 : 0, (await RunAsync("wasm", verb, "--cache-dir", cache, In("p.wat"))).Code);
            }
        }
    }

    private string In(string name) => Path.Combine(folder, name);

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var bytes = new MemoryStream();
        await using var output = new StreamWriter(bytes, new UTF8Encoding(false), leaveOpen: true) { AutoFlush = true };
        await using var error = new StringWriter();
        var invocation = new CliInvocation
        {
            EnableDefaultExceptionHandler = false,
            Output = output,
            Error = error,
            Input = Stream.Null,
            OutputBytes = bytes,
        };
        var code = await RootCommands.InvokeAsync(args, invocation, CancellationToken.None);
        await output.FlushAsync();
        return (code, Encoding.UTF8.GetString(bytes.ToArray()), error.ToString());
    }
}
