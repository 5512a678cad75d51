#pragma warning disable MA0047, CA1050
using System.Text;
using Sojourn.Testing;
using Sojourn.Wasm.Tests.Wasi;

#region usings
using Sojourn.Wasm;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Pooling;
using Sojourn.Wasm.Text;
using Sojourn.Wasm.Wasi;
#endregion

namespace Sojourn.Wasm.Tests.Readme;

/// <summary>The examples of the library's README, compiled and run; a test holds the two together.</summary>
public sealed class Examples
{
    [Fact]
    public void Call_a_function()
    {
        #region call
        var module = WasmModule.Load(Wat.ToBinary("""
            (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
            """));
        using var store = new Store();
        var instance = new Linker(store).Instantiate(module);
        var add = instance.GetFunction("add")!.Bind<Func<int, int, int>>();
        int five = add(2, 3);
        #endregion
        Assert.Equal(5, five);
    }

    [Fact]
    public void Give_the_guest_functions()
    {
        var module = WasmModule.Load(Wat.ToBinary("""
            (module
              (import "env" "log" (func $log (param i32 i32)))
              (import "env" "next" (func $next (result i64)))
              (memory (export "memory") 1) (data (i32.const 16) "hello")
              (func (export "run") (result i64)
                (call $log (i32.const 16) (i32.const 5)) (drop (call $next)) (call $next)))
            """));
        #region host
        using var store = new Store();
        var linker = new Linker(store);
        var said = new List<string>();
        var counter = 40L;
        linker.CreateHostModule("env")
            .Function("log", (Caller caller, int at, int length) =>
                said.Add(Encoding.UTF8.GetString(caller.Memory.Slice((uint)at, length))))
            .Function("next", () => ++counter);
        var run = linker.Instantiate(module).GetFunction("run")!;
        long result = run.Invoke()[0].Int64;
        #endregion
        Assert.Equal(42, result);
        Assert.Equal(["hello"], said);
    }

    [Fact]
    public void Let_the_compiler_write_the_glue()
    {
        var module = WasmModule.Load(Wat.ToBinary("""
            (module
              (import "diary" "note" (func $note (param i32 i32))) (import "diary" "count" (func $count (result i32)))
              (memory (export "memory") 1) (data (i32.const 16) "hello")
              (func (export "write") (param i32) (result i32)
                (loop (call $note (i32.const 16) (i32.const 5)) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (call $count)))
            """));
        #region generated
        using var store = new Store();
        var diary = new Diary();
        var instance = diary.DefineIn(new Linker(store)).Instantiate(module);
        var writer = new Writer(instance);
        int notes = writer.Write(times: 3);
        #endregion
        Assert.Equal(3, notes);
        Assert.Equal(["hello", "hello", "hello"], diary.Notes);
    }

    [ToolFact("clang", "wasm-ld")]
    public void Run_a_program()
    {
        var bytes = Clang.Compile("process");
        #region wasi
        var files = new InMemoryFileSystem();
        files.WriteFile("data/input.txt", "some text");
        var output = new WasiCapture(bytesMax: 1 << 20);
        var options = new WasiOptions
        {
            StandardInput = WasiStream.FromText("a line\n"),
            StandardOutput = output,
            Clock = WasiClock.System,
            Random = WasiRandom.System,
        };
        options.AddArguments("program", "0").AddEnvironment("LANG", "C");
        options.AddDirectory("/", files.Root).AddDirectory("/data", files.GetDirectory("data").AsReadOnly());

        using var store = new Store(new StoreOptions { MemoryBytesMax = 256 << 20 });
        using var wasi = new WasiPreview1(options);
        var linker = new Linker(store);
        wasi.DefineIn(linker);
        int exitCode = WasiPreview1.Run(linker.Instantiate(WasmModule.Load(bytes)));
        #endregion
        Assert.Equal(0, exitCode);
        Assert.Contains("variable: LANG=C", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Handle_a_trap()
    {
        var bytes = Wat.ToBinary("""(module (memory 1) (func $peek (export "peek") (param i32) (result i32) (i32.load (local.get 0))))""");
        var report = new List<string>();
        #region trap
        using var store = new Store();
        var instance = new Linker(store).Instantiate(WasmModule.Load(bytes));
        try
        {
            instance.GetFunction("peek")!.Invoke(100_000);
        }
        catch (TrapException trap) when (trap.Kind == TrapKind.MemoryOutOfBounds)
        {
            report.Add(trap.Message);                                          // out of bounds memory access
            report.AddRange(trap.Frames.Select(frame => frame.ToString()));    // the guest's functions, innermost first
        }
        #endregion
        Assert.Equal("out of bounds memory access", report[0]);
        Assert.StartsWith("peek at 0x", report[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Interrupt_a_guest()
    {
        var bytes = Wat.ToBinary("""(module (func (export "forever") (loop (br 0))))""");
        var kind = TrapKind.Exit;
        #region interrupt
        using var store = new Store();
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        using var registration = store.InterruptOn(limit.Token);
        try
        {
            new Linker(store).Instantiate(WasmModule.Load(bytes)).GetFunction("forever")!.Invoke();
        }
        catch (TrapException trap)
        {
            kind = trap.Kind;
        }
        #endregion
        Assert.Equal(TrapKind.Interrupted, kind);
    }

    [Fact]
    public void Link_modules_each_with_its_own_powers()
    {
        var library = WasmModule.Load(Wat.ToBinary(Counting("")));
        var program = WasmModule.Load(Wat.ToBinary(Counting("""(func (export "library") (import "library" "count") (result i32))""")));
        #region modules
        using var store = new Store();
        using var little = new WasiPreview1(new WasiOptions().AddArguments("library"));
        using var more = new WasiPreview1(new WasiOptions().AddArguments("program", "with", "arguments"));

        var libraryLinker = new Linker(store);
        little.DefineIn(libraryLinker);

        var linker = new Linker(store);
        more.DefineIn(linker);
        linker.DefineInstance("library", libraryLinker.Instantiate(library));
        var instance = linker.Instantiate(program);
        #endregion
        Assert.Equal(3, instance.GetFunction("count")!.Invoke()[0].Int32);
        Assert.Equal(1, instance.GetFunction("library")!.Invoke()[0].Int32);

        static string Counting(string import) => $$"""
            (module
              (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
              {{import}}
              (memory (export "memory") 1)
              (func (export "count") (result i32) (drop (call $sizes (i32.const 0) (i32.const 4))) (i32.load (i32.const 0))))
            """;
    }

    [Fact]
    public void Keep_compiled_code()
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-readme-");
        var bytes = Wat.ToBinary("(module (func (export \"answer\") (result i32) i32.const 42))");
        try
        {
            #region cache
            var cache = ModuleCache.Open(new ModuleCacheOptions { Directory = folder.FullName });
            var module = cache.Load(bytes, ModuleOptions.Default, out CacheOrigin origin, out CompileReport? report);
            #endregion
            Assert.Equal(CacheOrigin.Compiled, origin);
            Assert.NotNull(report);
            Assert.Equal(42, new Linker(new Store()).Instantiate(module).GetFunction("answer")!.Invoke()[0].Int32);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Use_instances_again()
    {
        var module = WasmModule.Load(Wat.ToBinary("""
            (module (import "env" "next" (func $next (result i32))) (func (export "run") (result i32) call $next))
            """));
        #region pool
        using var pool = new InstancePool(module, new InstancePoolOptions
        {
            Link = linker => linker.DefineFunction("env", "next", () => 7),
            WarmMax = 8,
        });
        using (PooledInstance rented = pool.Rent())
        {
            rented.Instance.GetFunction("run")!.Invoke();
        }
        #endregion
        Assert.Equal(1, pool.Warm);
    }

    [Fact]
    public void Objects_can_be_host_modules()
    {
        var module = WasmModule.Load(Wat.ToBinary("""
            (module
              (import "counter" "add" (func $add (param i32))) (import "counter" "Total" (func $total (result i32)))
              (func (export "run") (result i32) (call $add (i32.const 3)) (call $add (i32.const 4)) (call $total)))
            """));
        using var store = new Store();
        var linker = new Linker(store);
        linker.CreateHostModule("counter").Functions(new Counter());
        Assert.Equal(7, linker.Instantiate(module).GetFunction("run")!.Invoke()[0].Int32);
        Assert.Throws<ArgumentException>(() => linker.CreateHostModule("x").Functions("nothing"));
    }

    [Fact]
    public void The_readme_shows_these_examples()
    {
        var readme = Lines(File.ReadAllText(Path.Combine(Vectors.Checkout, "src/Sojourn.Wasm/README.md")));
        var source = File.ReadAllLines(Path.Combine(Vectors.Checkout, "tests/Sojourn.Wasm.Tests/Readme/Examples.cs"));
        var regions = 0;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i].Trim().StartsWith("#region", StringComparison.Ordinal))
            {
                var end = Array.FindIndex(source, i, line => line.Trim() == "#endregion");
                Assert.Contains(Lines(string.Join('\n', source[(i + 1)..end])), readme, StringComparison.Ordinal);
                regions++;
            }
        }

        Assert.Equal(11, regions);

        static string Lines(string text) => string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
    }

    private sealed class Counter
    {
        private int total;

        [HostFunction("add")]
        public void Add(int number) => total += number;

        [HostFunction]
        public int Total() => total;
    }
}

#region marked
[HostModule("diary")]
public sealed partial class Diary
{
    public List<string> Notes { get; } = [];

    [HostFunction("note")]
    public void Note(string text) => Notes.Add(text);

    [HostFunction("count")]
    public int Count() => Notes.Count;
}

[GuestExports]
public sealed partial class Writer
{
    [GuestFunction("write")]
    public partial int Write(int times);
}
#endregion
