using Sojourn.Wasm.Pooling;
using Sojourn.Wasm.Text;
using Sojourn.Wasm.Wasi;
using Xunit;

namespace Sojourn.Wasm.Tests.Pooling;

/// <summary>An instance from a pool is like a new one, whatever was done to it before.</summary>
public sealed class InstancePoolTests
{
    private const string Everything = """
        (module
          (type $f (func (result i32)))
          (memory (export "m") 2 40)
          (memory $second (export "second") 1 3)
          (data (i32.const 100) "first contents")
          (data $passive "passive")
          (table $t (export "t") 4 100 funcref)
          (table $x (export "x") 2 10 externref)
          (elem (i32.const 1) $one)
          (elem $spare func $one $two)
          (global $g (export "g") (mut i64) (i64.const 7))
          (global $v (export "v") (mut v128) (v128.const i64x2 1 2))
          (global $r (export "r") (mut funcref) (ref.func $one))
          (global $e (export "e") (mut externref) (ref.null extern))
          (func $one (result i32) i32.const 1)
          (func $two (result i32) i32.const 2)
          (func $start (global.set $g (i64.add (global.get $g) (i64.const 1))) (i32.store (i32.const 200) (i32.const 0x5EED)))
          (start $start)
          (func (export "spoil") (param externref) (result i32 i64)
            (memory.fill (i32.const 0) (i32.const 0xAB) (i32.const 0x20000))
            (drop (memory.grow (i32.const 5)))
            (memory.fill (i32.const 0x20000) (i32.const 0xCD) (i32.const 0x50000))
            (memory.fill $second (i32.const 0) (i32.const 0xEF) (i32.const 0x10000))
            (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 7))
            (data.drop $passive)
            (table.init $t $spare (i32.const 0) (i32.const 0) (i32.const 2))
            (elem.drop $spare)
            (drop (table.grow $t (ref.func $two) (i32.const 50)))
            (table.set $x (i32.const 0) (local.get 0))
            (drop (table.grow $x (local.get 0) (i32.const 3)))
            (global.set $g (i64.const -1))
            (global.set $v (v128.const i64x2 -1 -1))
            (global.set $r (ref.func $two))
            (global.set $e (local.get 0))
            (i32.const 0x7777) (i64.const 0x8888))
          (func (export "sum") (result i64) (local $at i32) (local $sum i64)
            (loop $next
              (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.load8_u (local.get $at))))
              (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.mul (memory.size) (i32.const 65536)))))
            (local.get $sum))
          (func (export "grown") (result i64) (local $at i32) (local $sum i64)
            (drop (memory.grow (i32.const 5)))
            (local.set $at (i32.const 0x20000))
            (loop $next
              (local.set $sum (i64.or (local.get $sum) (i64.load (local.get $at))))
              (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.mul (memory.size) (i32.const 65536)))))
            (local.get $sum))
          (func (export "init") (result i32) (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 7)) (table.init $t $spare (i32.const 0) (i32.const 0) (i32.const 2)) (i32.load8_u (i32.const 0)))
          (func (export "spin") (loop br 0))
          (func (export "trap") (i32.store (i32.const 300) (i32.const 9)) unreachable)
          (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))
        """;

    public static TheoryData<ModuleOptions> Ways => new(
        ModuleOptions.Default,
        ModuleOptions.Default with { Protection = MemoryProtection.BoundsChecks, Fuel = FuelMode.Path },
        ModuleOptions.Default with { Tier = ExecutionTier.Interpreted });

    [Theory, MemberData(nameof(Ways))]
    public void What_was_done_to_an_instance_is_gone_when_it_comes_back(ModuleOptions options)
    {
        var module = WasmModule.Load(Wat.ToBinary(Everything), options);
        using var pool = new InstancePool(module, new() { Store = StoreOptions.Default with { Fuel = 1L << 40 } });
        string first;
        Instance used;
        long bytes;
        using (var rented = pool.Rent())
        {
            used = rented.Instance;
            bytes = rented.Store.MemoryBytes;
            first = Describe(rented.Instance);
            Assert.Contains("first contents", System.Text.Encoding.ASCII.GetString(used.GetMemory("m")!.Slice(100, 14)), StringComparison.Ordinal);
            rented.Instance.GetFunction("spoil")!.Invoke(Value.FromReference("secret"));
            Assert.NotEqual(first, Describe(rented.Instance));
        }

        for (var round = 0; round < 3; round++)
        {
            using var again = pool.Rent();
            Assert.Same(used, again.Instance);
            Assert.Equal(1L << 40, again.Store.Fuel);
            Assert.Equal(first, Describe(again.Instance));
            Assert.Equal(bytes, again.Store.MemoryBytes);
            Assert.DoesNotContain("secret", again.Store.ResultReferences);
            Assert.Equal('p', (char)again.Instance.GetFunction("init")!.Invoke()[0].Int32);
            Assert.Equal(0, again.Instance.GetFunction("grown")!.Invoke()[0].Int64);
            again.Instance.GetFunction("spoil")!.Invoke(Value.FromReference("secret"));
        }
    }

    [Fact]
    public unsafe void Results_of_the_last_use_are_gone()
    {
        using var pool = new InstancePool(WasmModule.Load(Wat.ToBinary(Everything)));
        using (var rented = pool.Rent())
        {
            rented.Instance.GetFunction("spoil")!.Invoke(Value.FromReference(null));
        }

        using var again = pool.Rent();
        var results = new ReadOnlySpan<byte>((byte*)again.Store.Block + Sojourn.Wasm.Run.StoreBlock.ResultsOffset, 16 * Sojourn.Wasm.Run.StoreBlock.ResultsMax);
        Assert.False(results.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Traps_and_interruptions_do_not_reach_the_next_use()
    {
        using var pool = new InstancePool(WasmModule.Load(Wat.ToBinary(Everything)));
        using var stale = new CancellationTokenSource();
        using (var rented = pool.Rent())
        {
            Assert.Equal(TrapKind.Unreachable, Assert.Throws<TrapException>(() => rented.Instance.GetFunction("trap")!.Invoke()).Kind);
            Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<TrapException>(() => rented.Instance.GetFunction("load")!.Invoke(-1)).Kind);
            rented.Store.InterruptOn(stale.Token);
            rented.Store.Interrupt();
            Assert.Equal(TrapKind.Interrupted, Assert.Throws<TrapException>(() => rented.Instance.GetFunction("spin")!.Invoke()).Kind);
        }

        using (var again = pool.Rent())
        {
            stale.Cancel();
            Assert.Equal(0, again.Instance.GetFunction("load")!.Invoke(300)[0].Int32);
        }
    }

    [Fact]
    public void Objects_of_the_guests_heap_cannot_be_put_back_so_the_instance_is_not_used_again()
    {
        var module = WasmModule.Load(Wat.ToBinary("""
            (module
              (type $box (struct (field (mut i32))))
              (global $g (ref $box) (struct.new $box (i32.const 1)))
              (func (export "bump") (result i32)
                (struct.set $box 0 (global.get $g) (i32.add (struct.get $box 0 (global.get $g)) (i32.const 1)))
                (struct.get $box 0 (global.get $g))))
            """));
        using var pool = new InstancePool(module);
        for (var i = 0; i < 3; i++)
        {
            using var rented = pool.Rent();
            Assert.Equal(2, rented.Instance.GetFunction("bump")!.Invoke()[0].Int32);
        }

        Assert.Equal(0, pool.Warm);
    }

    [Fact]
    public void A_pool_keeps_no_more_than_it_may_and_frees_what_comes_back_late()
    {
        var pool = new InstancePool(WasmModule.Load(Wat.ToBinary(Everything)), new() { WarmMax = 2, WarmAtStart = 9 });
        Assert.Equal(2, pool.Warm);
        var rented = Enumerable.Range(0, 4).Select(_ => pool.Rent()).ToList();
        Assert.Equal(4, rented.Select(each => each.Instance).Distinct().Count());
        rented[0].Dispose();
        rented[1].Dispose();
        rented[2].Dispose();
        Assert.Equal(2, pool.Warm);
        pool.Dispose();
        var late = rented[3].Store;
        rented[3].Dispose();
        Assert.Throws<ObjectDisposedException>(late.CheckUsable);
        Assert.Throws<ObjectDisposedException>(() => rented[0].Instance);
        Assert.Throws<ObjectDisposedException>(pool.Rent);
    }

    [Fact]
    public void A_wasi_program_runs_again_with_other_capabilities()
    {
        var module = WasmModule.Load(Wat.ToBinary("""
            (module
              (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "_start")
                (i32.store (i32.const 0) (i32.const 16))
                (i32.store (i32.const 4) (i32.const 64))
                (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
                (i32.store (i32.const 4) (i32.const 64))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
            """));
        using var wasi = new WasiPreview1(new WasiOptions());
        using var pool = new InstancePool(module, new() { Link = linker => wasi.DefineIn(linker), WarmMax = 1 });
        foreach (var text in new[] { "the first one's long secret", "short" })
        {
            using var rented = pool.Rent();
            var output = new WasiCapture();
            wasi.Restart(new WasiOptions { StandardInput = WasiStream.FromText(text), StandardOutput = output });
            Assert.Equal(0, WasiPreview1.Run(rented.Instance));
            Assert.Equal(text.PadRight(64, '\0'), output.ToString());
        }
    }

    [Fact]
    public void Threads_rent_at_once()
    {
        var made = 0;
        using var pool = new InstancePool(WasmModule.Load(Wat.ToBinary(Everything)), new() { Returned = _ => Interlocked.Increment(ref made) });
        string first;
        using (var rented = pool.Rent())
        {
            first = Describe(rented.Instance);
        }

        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            using var rented = pool.Rent();
            Assert.Equal(8, rented.Instance.GetGlobal("g")!.Value.Int64);
            Assert.Equal('f', (char)rented.Instance.GetFunction("load")!.Invoke(100)[0].Int32);
            rented.Instance.GetFunction("spoil")!.Invoke(Value.FromReference(i));
        });
        Assert.Equal(201, made);
        using var last = pool.Rent();
        Assert.Equal(first, Describe(last.Instance));
    }

    private static string Describe(Instance instance)
    {
        var tables = string.Join(';', new[] { "t", "x" }.Select(name => instance.GetTable(name)!).Select(table =>
            string.Join(',', Enumerable.Range(0, (int)table.Length).Select(i => table[(ulong)i].Reference?.ToString() ?? "-"))));
        var globals = string.Join(',', new[] { "g", "v", "r", "e" }.Select(name => instance.GetGlobal(name)!.Value.ToString()));
        var second = instance.GetMemory("second")!;
        return $"{instance.GetMemory("m")!.Pages} {instance.GetFunction("sum")!.Invoke()[0].Int64:x} {second.Pages} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(second.Span))} {tables} {globals}";
    }
}
