using System.Text;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Run;

/// <summary>What a guest may try so that the host dies: it never does.</summary>
public sealed class HardeningTests
{
    private const string Recursion = """(module (func $f (export "f") (param i32) (result i32) (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))""";

    private const string Memory = """
        (module (memory (export "m") 1)
          (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
          (func (export "far") (param i32) (result i64) (i64.load offset=4294967295 (local.get 0)))
          (func (export "store") (param i32) (i64.store (local.get 0) (i64.const -1))))
        """;

    public static TheoryData<MemoryProtection, FuelMode> Modes => new()
    {
        { MemoryProtection.Automatic, FuelMode.None },
        { MemoryProtection.Automatic, FuelMode.Path },
        { MemoryProtection.BoundsChecks, FuelMode.None },
        { MemoryProtection.BoundsChecks, FuelMode.Exact },
    };

    [Theory]
    [MemberData(nameof(Modes))]
    public void Endless_recursion_traps_and_the_store_goes_on(MemoryProtection protection, FuelMode fuel)
    {
        using var store = new Store();
        var instance = Instantiate(store, Recursion, protection, fuel);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(TrapKind.StackExhausted, Assert.Throws<TrapException>(() => instance.GetFunction("f")!.Invoke(0)).Kind);
        }
    }

    [Fact]
    public void Endless_recursion_traps_on_threads_with_small_stacks()
    {
        foreach (var bytes in new[] { 1 << 20, 2 << 20, 16 << 20 })
        {
            TrapKind? kind = null;
            var thread = new Thread(
                () =>
                {
                    using var store = new Store();
                    var function = Instantiate(store, Recursion).GetFunction("f")!;
                    kind = Assert.Throws<TrapException>(() => function.Invoke(0)).Kind;
                },
                bytes);
            thread.Start();
            thread.Join();
            Assert.Equal(TrapKind.StackExhausted, kind);
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Accesses_beyond_the_end_trap_wherever_they_are(MemoryProtection protection, FuelMode fuel)
    {
        using var store = new Store();
        var instance = Instantiate(store, Memory, protection, fuel);
        var load = instance.GetFunction("load")!;
        Assert.Equal(0, load.Invoke(65532)[0].Int32);
        foreach (var address in new[] { 65533, 65536, int.MaxValue, int.MinValue, -1, -4 })
        {
            Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<TrapException>(() => load.Invoke(address)).Kind);
            Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<TrapException>(() => instance.GetFunction("far")!.Invoke(address)).Kind);
            Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<TrapException>(() => instance.GetFunction("store")!.Invoke(address)).Kind);
        }
    }

    [Fact]
    public void Many_traps_on_many_threads_while_garbage_is_collected()
    {
        var module = WasmModule.Load(Wat.ToBinary(Memory));
        var traps = 0;
        var threads = Enumerable.Range(0, 6).Select(_ => new Thread(() =>
        {
            using var store = new Store();
            var load = new Linker(store).Instantiate(module).GetFunction("load")!.Bind<Func<int, int>>();
            for (var i = 0; i < 500; i++)
            {
                var garbage = new byte[20_000];
                if (i % 100 == 0)
                {
                    GC.Collect();
                }

                try
                {
                    load(-1 - garbage[i]);
                }
                catch (TrapException trap) when (trap.Kind == TrapKind.MemoryOutOfBounds)
                {
                    Interlocked.Increment(ref traps);
                }
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(3000, traps);
    }

    [Fact]
    public void A_host_functions_own_null_reference_is_not_taken_for_a_trap()
    {
        using var store = new Store();
        var linker = new Linker(store).DefineFunction("h", "f", new Func<int, int>(_ => throw new NullReferenceException("ours")));
        var instance = linker.Instantiate(WasmModule.Load(Wat.ToBinary("""(module (import "h" "f" (func $f (param i32) (result i32))) (func (export "g") (result i32) (call $f (i32.const 1))))""")));
        Assert.Equal("ours", Assert.Throws<NullReferenceException>(() => instance.GetFunction("g")!.Invoke()).Message);
    }

    [Fact]
    public void A_trap_inside_a_host_call_is_the_inner_calls()
    {
        using var store = new Store();
        Instance? inner = null;
        var linker = new Linker(store).DefineFunction("h", "f", new Func<int, int>(at =>
        {
            try
            {
                return inner!.GetFunction("load")!.Invoke(at)[0].Int32;
            }
            catch (TrapException trap)
            {
                return -(int)trap.Kind;
            }
        }));
        inner = Instantiate(store, Memory);
        var outer = linker.Instantiate(WasmModule.Load(Wat.ToBinary("""(module (import "h" "f" (func $f (param i32) (result i32))) (memory 1) (func (export "g") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.load (i32.const 0)))))""")));
        var g = outer.GetFunction("g")!.Bind<Func<int, int>>();
        Assert.Equal(-(int)TrapKind.MemoryOutOfBounds, g(-1));
        Assert.Equal(0, g(8));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void An_endless_loop_is_interrupted_from_another_thread(MemoryProtection protection, FuelMode fuel)
    {
        foreach (var text in new[] { """(module (func (export "f") (loop $l (br $l))))""", """(module (memory 1) (func (export "f") (loop $l (i32.store (i32.const 0) (i32.load (i32.const 4))) (br $l))))""" })
        {
            using var store = new Store();
            using var source = new CancellationTokenSource();
            var function = Instantiate(store, text, protection, fuel).GetFunction("f")!;
            using (store.InterruptOn(source.Token))
            {
                source.CancelAfter(TimeSpan.FromMilliseconds(20));
                Assert.Equal(TrapKind.Interrupted, Assert.Throws<TrapException>(() => function.Invoke()).Kind);
            }

            store.ClearInterrupt();
        }
    }

    [Theory]
    [InlineData(FuelMode.Path)]
    [InlineData(FuelMode.Exact)]
    public void Fuel_ends_an_endless_loop_and_is_the_same_in_both_ways_of_memory(FuelMode fuel)
    {
        var left = new List<long>();
        foreach (var protection in new[] { MemoryProtection.Automatic, MemoryProtection.BoundsChecks })
        {
            using var store = new Store(new StoreOptions { Fuel = 1_000_003 });
            var instance = Instantiate(store, """(module (memory 1) (func (export "f") (param i32) (loop $l (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))""", protection, fuel);
            instance.GetFunction("f")!.Invoke(1000);
            left.Add(store.Fuel);
            Assert.Equal(TrapKind.FuelExhausted, Assert.Throws<TrapException>(() => instance.GetFunction("f")!.Invoke(-1)).Kind);
            left.Add(store.Fuel);
        }

        Assert.Equal(left.Take(2), left.Skip(2));
        Assert.InRange(left[0], 1, 1_000_002);
    }

    [Fact]
    public void Deep_expressions_do_not_overflow_the_platforms_compiler()
    {
        var text = new StringBuilder("(module (func (export \"left\") (param i32 i32) (result i32) local.get 0");
        Repeat(text, " local.get 1 i32.xor local.get 0 i32.add", 30_000);
        text.Append(") (func (export \"right\") (param i32 i32) (result i32)");
        Repeat(text, " local.get 0", 15_000);
        Repeat(text, " i32.sub", 14_999);
        text.Append("))");
        using var store = new Store();
        var instance = Instantiate(store, text.ToString());
        var expected = 3;
        for (var i = 0; i < 30_000; i++)
        {
            expected = unchecked((expected ^ 5) + 3);
        }

        Assert.Equal(expected, instance.GetFunction("left")!.Invoke(3, 5)[0].Int32);
        Assert.Equal(0, instance.GetFunction("right")!.Invoke(3, 5)[0].Int32);
    }

    [Fact]
    public void Nested_loops_compile_in_bounded_time()
    {
        var text = new StringBuilder("(module (func (export \"f\") (param i32) (result i32)");
        Repeat(text, " (loop", 600);
        text.Append(" (local.set 0 (i32.add (local.get 0) (i32.const 1)))").Append(')', 600).Append(" local.get 0))");
        using var store = new Store();
        Assert.Equal(8, Instantiate(store, text.ToString()).GetFunction("f")!.Invoke(7)[0].Int32);
    }

    [Fact]
    public void A_frame_that_no_stack_could_hold_is_refused_by_name()
    {
        var locals = new StringBuilder("(module (func (export \"f\")");
        for (var i = 0; i < 40_000; i++)
        {
            locals.Append(" (local i64)");
        }

        locals.Append("))");
        using var store = new Store();
        var fault = Assert.Throws<ModuleException>(() => Instantiate(store, locals.ToString()).GetFunction("f")!.Invoke());
        Assert.Equal(ModuleFault.LimitExceeded, fault.Fault);
        Assert.Contains("frame", fault.Message, StringComparison.Ordinal);
    }

    private static void Repeat(StringBuilder text, string part, int count)
    {
        for (var i = 0; i < count; i++)
        {
            text.Append(part);
        }
    }

    private static Instance Instantiate(Store store, string text, MemoryProtection protection = MemoryProtection.Automatic, FuelMode fuel = FuelMode.None) =>
        new Linker(store).Instantiate(WasmModule.Load(Wat.ToBinary(text), ModuleOptions.Default with { Protection = protection, Fuel = fuel }));
}
