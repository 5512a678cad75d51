using System.Text;
using Sojourn.Testing;
using Sojourn.Wasm.Tests.Wasi;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Wasm.Tests.RealModules;

/// <summary>Programs that people use, as published, run by us and by Node on the same inputs: the outputs are the same bytes.</summary>
public sealed class RealModuleTests
{
    private const string Circom = "tests/peers/wasm/node_modules/circom2/circom.wasm";
    private const string Yosys = "tests/peers/wasm/node_modules/@yowasp/yosys/gen/yosys.core.wasm";
    private const string QuickJs = "tests/peers/wasm/node_modules/@jitl/quickjs-wasmfile-release-sync";
    private const string Sqlite = "tests/peers/wasm/node_modules/sql.js";

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "RealModules");

    [ToolTheory("node", Circom), InlineData(MemoryProtection.Automatic), InlineData(MemoryProtection.BoundsChecks)]
    public void Circom_compiles_a_circuit(MemoryProtection protection)
    {
        const string Circuit = """
            pragma circom 2.1.0;
            template Step() { signal input in; signal output out; signal square; square <== in * in; out <== square * in + 7; }
            template Chain(n) {
                signal input a; signal output b; component steps[n];
                for (var i = 0; i < n; i++) { steps[i] = Step(); steps[i].in <== i == 0 ? a : steps[i - 1].out; }
                b <== steps[n - 1].out;
            }
            component main = Chain(50);
            """;
        SameAsNode(Circom, "chain.circom", Circuit, ["chain.circom", "--r1cs", "--wasm", "--sym"], protection);
    }

    [ToolFact("node", Yosys), Trait("speed", "slow")]
    public void Yosys_synthesises_a_design()
    {
        const string Design = """
            module counter(input clk, input rst, input [3:0] step, output reg [7:0] value, output full);
              always @(posedge clk) if (rst) value <= 8'd0; else value <= value + step;
              assign full = &value;
            endmodule
            """;
        const string Script = "read_verilog counter.v; hierarchy -top counter; proc; opt; fsm; opt; memory; opt; simplemap; opt_clean; stat; "
            + "write_json out.json; write_verilog -noattr out.v; write_rtlil out.il";
        SameAsNode(Yosys, "counter.v", Design, ["-q", "-p", Script], MemoryProtection.Automatic);
    }

    [ToolFact("node", QuickJs)]
    public void QuickJs_runs_a_script()
    {
        var package = Tools.Find(QuickJs)!;
        var script = Path.Combine(Folder, "quickjs-work.js");
        var expected = Clang.Run("node", [Path.Combine(Folder, "quickjs.mjs"), package, script]).Output;
        Assert.Contains("TypeError", expected, StringComparison.Ordinal);

        var module = WasmModule.Load(File.ReadAllBytes(Path.Combine(package, "dist/emscripten-module.wasm")));
        using var host = new EmscriptenHost(module, "a", null, engine => new Dictionary<string, HostCallback>
        {
            ["k"] = engine.ResizeHeap,
            ["p"] = (_, _, results) => results[0] = Value.From(1_700_000_000_000.0),
            ["n"] = (_, _, _) => { },
            // No environment.
            ["e"] = (_, _, results) => results[0] = Value.From(0),
            ["f"] = (_, arguments, results) =>
            {
                engine.Clear(arguments[0].Int32, 4);
                engine.Clear(arguments[1].Int32, 4);
                results[0] = Value.From(0);
            },
            ["m"] = (_, arguments, _) => engine.Clear(arguments[1].Int32, 44),
        });
        const string Malloc = "v";
        host.Call("u");
        var code = File.ReadAllText(script);
        var context = host.Call("N", host.Call("K"), 0);
        var value = host.Call("pa", context, host.PutText(code, Malloc), Encoding.UTF8.GetByteCount(code), host.PutText("s", Malloc), 0, 0);
        Assert.Equal(expected, host.ReadText(host.Call("$", context, value)));
    }

    [ToolFact("node", Sqlite)]
    public void Sqlite_answers_queries()
    {
        var package = Tools.Find(Sqlite)!;
        var script = Path.Combine(Folder, "work.sql");
        var expected = Clang.Run("node", [Path.Combine(Folder, "sqlite.cjs"), package, script]).Output;
        Assert.True(expected.Split('\n').Length > 30, expected);

        var module = WasmModule.Load(File.ReadAllBytes(Path.Combine(package, "dist/sql-wasm.wasm")));
        using var host = new EmscriptenHost(module, null, "O", engine => module.Imports.ToDictionary(import => import.Name, import => (HostCallback)(import.Name switch
        {
            "l" => engine.ResizeHeap,
            "c" or "d" => (_, _, results) => results[0] = Value.From(1_700_000_000_000.0),
            "B" => (_, _, _) => { },
            // Nothing of a file system is there: ENOSYS.
            _ => (_, _, results) => results.Fill(Value.From(-52)),
        })));
        const string Malloc = "Ia";
        const int Row = 100;
        const int Done = 101;
        host.Call("P");
        var place = host.Call(Malloc, 8);
        Assert.Equal(0, host.Call("Ha", host.PutText(":memory:", Malloc), place));
        var database = host.ReadInt32(place);
        var rows = new StringBuilder();
        var next = host.PutText(File.ReadAllText(script), Malloc);
        while (true)
        {
            Assert.Equal(0, host.Call("T", database, next, -1, place, place + 4));
            var statement = host.ReadInt32(place);
            next = host.ReadInt32(place + 4);
            if (statement == 0)
            {
                break;
            }

            int state;
            while ((state = host.Call("U", statement)) == Row)
            {
                var columns = host.Call("ra", statement);
                rows.AppendJoin('|', Enumerable.Range(0, columns).Select(i => host.ReadText(host.Call("Z", statement, i)))).Append('\n');
            }

            Assert.True(state == Done, host.ReadText(host.Call("$", database)));
            host.Call("X", statement);
        }

        Assert.Equal(expected, rows.ToString());
    }

    /// <summary>Runs a WASI program in a folder with one file: by Node, and by us on a host directory and in memory.</summary>
    private static void SameAsNode(string program, string name, string content, string[] arguments, MemoryProtection protection)
    {
        var file = Tools.Find(program)!;
        using var nodes = new TemporaryFolder();
        using var ours = new TemporaryFolder();
        File.WriteAllText(Path.Combine(nodes.Path, name), content);
        File.WriteAllText(Path.Combine(ours.Path, name), content);
        var expected = Clang.Run("node", ["--no-warnings", Path.Combine(Clang.Sources, "run.mjs"), file, nodes.Path, .. arguments]);

        var module = WasmModule.Load(File.ReadAllBytes(file), new ModuleOptions { Protection = protection });
        using var host = HostDirectory.Open(ours.Path);
        Assert.Equal(expected, Run(module, host, arguments));
        var files = Snapshot(nodes.Path);
        Assert.True(files.Count > 2);
        Assert.Equal(files, Snapshot(ours.Path));

        var memory = new InMemoryFileSystem();
        memory.WriteFile(name, content);
        Assert.Equal(expected, Run(module, memory.Root, arguments));
        Assert.Equal(files, memory.ListFiles().ToDictionary(path => path, path => Convert.ToHexString(memory.ReadFile(path))));
    }

    private static (int ExitCode, string Output) Run(WasmModule module, WasiDirectory directory, string[] arguments)
    {
        var output = new WasiCapture();
        var options = new WasiOptions { StandardOutput = output, Clock = WasiClock.System, Random = WasiRandom.System }
            .AddArguments(["program", .. arguments]).AddEnvironment("HOME", "/").AddEnvironment("EMPTY", "").AddDirectory("/", directory);
        using var store = new Store(new StoreOptions { StackBytesMax = 4 << 20 });
        using var wasi = new WasiPreview1(options);
        var linker = new Linker(store);
        wasi.DefineIn(linker);
        return (WasiPreview1.Run(linker.Instantiate(module)), output.ToString());
    }

    private static Dictionary<string, string> Snapshot(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(folder, path), path => Convert.ToHexString(File.ReadAllBytes(path)));
}
