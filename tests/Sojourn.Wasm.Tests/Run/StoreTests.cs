using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sojourn.Wasm.Run;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Run;

/// <summary>What holds for every store: typed delegates in both tiers, calls of the host that allocate nothing, one tier, memory that comes back.</summary>
public sealed class StoreTests
{
    private const string Everything = """
        (module
          (import "env" "mix" (func $mix (param i32 i64 f32 f64 v128 funcref externref) (result f64)))
          (import "env" "pair" (func $pair (param i32) (result i32 i64)))
          (import "env" "self" (func $self (param externref) (result externref)))
          (import "env" "add" (func $add (param i32 i32) (result i32)))
          (memory (export "m") 1)
          (elem declare func $sum)
          (func $sum (export "sum") (param i32 i64 f32 f64) (result f64)
            (f64.add (f64.add (f64.convert_i32_u (local.get 0)) (f64.convert_i64_s (local.get 1)))
                     (f64.add (f64.promote_f32 (local.get 2)) (local.get 3))))
          (func (export "through") (param i32 i64 f32 f64 v128 externref) (result f64)
            (call $mix (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (ref.func $sum) (local.get 5)))
          (func (export "paired") (param i32) (result i64)
            (local i64)
            (call $pair (local.get 0))
            (local.set 1)
            (i64.extend_i32_s)
            (i64.mul (local.get 1)))
          (func (export "same") (param externref) (result externref) (call $self (local.get 0)))
          (func (export "function") (param funcref) (result funcref) (local.get 0))
          (func (export "vector") (param v128) (result v128) (i32x4.add (local.get 0) (local.get 0)))
          (func (export "nothing"))
          (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
          (func (export "calls") (param $n i32) (result i32)
            (local $sum i32)
            (loop $again
              (local.set $sum (call $add (local.get $sum) (local.get $n)))
              (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum)))
        """;

    [Theory]
    [InlineData(ExecutionTier.Compiled)]
    [InlineData(ExecutionTier.Interpreted)]
    public void Delegates_bind_to_functions_of_every_tier(ExecutionTier tier)
    {
        using var store = new Store();
        var instance = Instantiate(store, tier);
        Assert.Equal(4_000_000_000 - 5 + 0.5 + 0.25, instance.GetFunction("sum")!.Bind<Func<uint, long, float, double, double>>()(4_000_000_000, -5, 0.5f, 0.25));
        var bytes = Vector128.Create(1, 2, 3, 4).AsByte();
        Assert.Equal(1 + 2 + 3 + 4 + 3 + 1000 + 7, instance.GetFunction("through")!.Bind<Func<int, long, float, double, Vector128<byte>, object?, double>>()(1, 2, 3, 4, bytes, "seven c"));
        Assert.Equal(-42L, instance.GetFunction("paired")!.Bind<Func<int, long>>()(-7));
        var thing = new object();
        Assert.Same(thing, instance.GetFunction("same")!.Bind<Func<object?, object?>>()(thing));
        Assert.Null(instance.GetFunction("same")!.Bind<Func<object?, object?>>()(null));
        var function = instance.GetFunction("function")!.Bind<Func<Function?, Function?>>();
        Assert.Equal("nothing", instance.GetFunction("nothing") is { } nothing && ReferenceEquals(function(nothing), nothing) ? "nothing" : "another");
        Assert.Null(function(null));
        Assert.Equal(Vector128.Create(2, 4, 6, 8).AsByte(), instance.GetFunction("vector")!.Bind<Func<Vector128<byte>, Vector128<byte>>>()(bytes));
        instance.GetFunction("nothing")!.Bind<Action>()();
        var load = instance.GetFunction("load")!.Bind<Func<int, int>>();
        Assert.Equal(0, load(65532));
        Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<TrapException>(() => load(65533)).Kind);
        Assert.Contains("Func", Assert.Throws<ArgumentException>(() => instance.GetFunction("load")!.Bind<Func<long, int>>()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ExecutionTier.Compiled)]
    [InlineData(ExecutionTier.Interpreted)]
    public void Calls_of_typed_host_functions_allocate_nothing(ExecutionTier tier)
    {
        const int Count = 20_000;
        using var store = new Store();
        var calls = Instantiate(store, tier).GetFunction("calls")!;
        Value[] results = new Value[1];
        calls.Invoke([Value.From(Count)], results);
        var before = GC.GetAllocatedBytesForCurrentThread();
        calls.Invoke([Value.From(Count)], results);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Count;
        Assert.Equal(Count * (Count + 1) / 2, results[0].Int32);
        Assert.True(each < 1, $"a call allocates {each} bytes");
    }

    [Fact]
    public void A_store_has_one_tier()
    {
        using var store = new Store();
        Instantiate(store, ExecutionTier.Compiled);
        var fault = Assert.Throws<LinkException>(() => Instantiate(store, ExecutionTier.Interpreted));
        Assert.Contains("compiled", fault.Message, StringComparison.Ordinal);
        Assert.Contains("interpreted", fault.Message, StringComparison.Ordinal);
        Assert.Contains("ModuleOptions.Tier", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Address_space_of_stores_comes_back_at_once_where_they_are_disposed_of()
    {
        var module = Load(ExecutionTier.Compiled);
        if (GuardArena.For(memory: true) is not { } arena)
        {
            return;
        }

        Use(module, dispose: true);
        var before = arena.Taken;
        for (var i = 0; i < 2000; i++)
        {
            Use(module, dispose: true);
        }

        // Other tests run at the same time.
        Assert.InRange(arena.Taken, before, before + 200);
    }

    [Fact]
    public void Address_space_of_stores_that_are_dropped_comes_back_too()
    {
        var module = Load(ExecutionTier.Compiled);
        if (GuardArena.For(memory: true) is not { } arena)
        {
            return;
        }

        Use(module, dispose: false);
        var before = arena.Taken;
        for (var i = 0; i < 3000; i++)
        {
            Use(module, dispose: false);
        }

        Assert.InRange(arena.Taken, before, before + 1000);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Use(WasmModule module, bool dispose)
    {
        var store = new Store();
        var instance = Link(store).Instantiate(module);
        instance.GetFunction("nothing")!.Invoke();
        instance.GetMemory("m")!.Slice(0, 4).Fill(7);
        Assert.Equal(0x07070707, instance.GetFunction("load")!.Invoke(0)[0].Int32);
        if (dispose)
        {
            store.Dispose();
        }
    }

    private static Instance Instantiate(Store store, ExecutionTier tier) => Link(store).Instantiate(Load(tier));

    private static WasmModule Load(ExecutionTier tier) => WasmModule.Load(Wat.ToBinary(Everything), new ModuleOptions { Tier = tier });

    private static Linker Link(Store store)
    {
        var linker = new Linker(store);
        linker.CreateHostModule("env")
            .Function("mix", (Caller _, int a, long b, float c, double d, Vector128<byte> e, Function? f, object? g) =>
                a + b + c + d + e.AsInt32()[2] + (f is null ? 0 : 1000) + ((string)g!).Length)
            .Function("pair", (int value) => (value, 6L))
            .Function("self", (object? value) => value)
            .Function("add", (int left, int right) => left + right);
        return linker;
    }
}
