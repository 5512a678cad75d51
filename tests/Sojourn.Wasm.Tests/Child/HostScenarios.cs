using System.Runtime.InteropServices;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Child;

/// <summary>What guests may do that could end the host's process; each gives what it saw.</summary>
internal static class HostScenarios
{
    public static IReadOnlyDictionary<string, Func<string>> All { get; } = new Dictionary<string, Func<string>>(StringComparer.Ordinal)
    {
        ["recursion"] = () => OnStacks(Recursion("(call $f (i32.add (local.get 0) (i32.const 1)))")),
        ["indirect-recursion"] = () => OnStacks(Recursion("(call_indirect (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)) (i32.const 0))")),
        ["reference-recursion"] = () => OnStacks(Recursion("(call_ref $t (i32.add (local.get 0) (i32.const 1)) (ref.func $f))")),
        ["mutual-recursion-with-vectors"] = () => OnStacks("""
            (module
              (func $f (export "f") (param i32) (result i32) (local v128 v128 v128 v128) (local.set 1 (i32x4.splat (local.get 0)))
                (i32.add (call $g (local.get 0) (local.get 1)) (i32x4.extract_lane 0 (local.get 1))))
              (func $g (param i32 v128) (result i32) (i32.add (call $f (i32x4.extract_lane 1 (local.get 1))) (local.get 0))))
            """),
        ["recursion-under-handlers"] = () => OnStacks("""
            (module (tag $e)
              (func $f (export "f") (param i32) (result i32)
                (block $caught (try_table (catch_all $caught) (return (i32.add (call $f (local.get 0)) (i32.const 1)))) unreachable)
                (throw $e)))
            """),
        ["host-recursion"] = HostRecursion,
        ["start-recursion"] = StartRecursion,
        ["memory-growth"] = MemoryGrowth,
        ["table-growth"] = TableGrowth,
        ["heap-growth"] = () => HeapGrowth("(struct.new $node (local.get 0) (i32.const 1))"),
        ["heap-growth-arrays"] = () => HeapGrowth("(struct.new $big (local.get 0) (array.new_default $bytes (i32.const 1000000)))"),
        ["heap-churn"] = HeapChurn,
        ["exception-growth"] = ExceptionGrowth,
        ["many-instances"] = ManyInstances,
        ["many-stores"] = ManyStores,
        ["whole-memory"] = WholeMemory,
        ["traps-on-threads"] = TrapsOnThreads,
        ["million-traps"] = MillionTraps,
        ["million-casts"] = MillionCasts,
        ["traps-under-collection"] = TrapsUnderCollection,
        ["traps-in-host-calls"] = TrapsInHostCalls,
        ["host-faults-beside-traps"] = HostFaultsBesideTraps,
        ["wild-pointer"] = WildPointer,
        ["leaves-at-the-stacks-end"] = LeavesAtTheStacksEnd,
        ["no-managed-memory"] = NoManagedMemory,
        ["great-tables"] = GreatTables,
    };

    private const string Peek = """(module (memory 1) (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))""";

    private static string Recursion(string call) => $"""
        (module (type $t (func (param i32) (result i32))) (table funcref (elem $f))
          (func $f (export "f") (param i32) (result i32) (i32.add {call} (i32.const 1))))
        """;

    private static Instance Instantiate(Store store, string text, ModuleOptions? options = null) => new Linker(store).Instantiate(WasmModule.Load(Wat.ToBinary(text), options));

    private static TrapKind? TrapOf(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (TrapException trap)
        {
            return trap.Kind;
        }
    }

    /// <summary>Calls "f" until the stack ends, on threads with little and with much of it, several times, in every tier.</summary>
    private static string OnStacks(string text)
    {
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        var bytes = Wat.ToBinary(text);
        foreach (var options in new[]
        {
            ModuleOptions.Default, ModuleOptions.Default with { Fuel = FuelMode.Path }, ModuleOptions.Default with { Protection = MemoryProtection.BoundsChecks },
            ModuleOptions.Default with { Tier = ExecutionTier.Interpreted },
        })
        {
            var module = WasmModule.Load(bytes, options);
            foreach (var stack in new[] { 256 << 10, 512 << 10, 1 << 20, 2 << 20, 64 << 20 })
            {
                var thread = new Thread(
                    () =>
                    {
                        using var store = new Store();
                        var function = new Linker(store).Instantiate(module).GetFunction("f")!;
                        for (var i = 0; i < 3; i++)
                        {
                            kinds.Add(TrapOf(() => function.Invoke(1))?.ToString() ?? "returned");
                        }
                    },
                    stack);
                thread.Start();
                thread.Join();
            }
        }

        return string.Join(' ', kinds.Order(StringComparer.Ordinal));
    }

    /// <summary>Functions that call nothing do not look at the stack's limit, however large their frames: recursion calls one at every depth, to the very end.</summary>
    private static string LeavesAtTheStacksEnd()
    {
        // As many locals as a function without a look at the limit may have, all of them alive at once, and all that fits into its code.
        var leaf = new System.Text.StringBuilder("(func $leaf (param i32) (result i32)");
        leaf.Append("(local").Insert(leaf.Length, " v128", 250).Append(')');
        for (var i = 1; i <= 250; i++)
        {
            leaf.Append(System.Globalization.CultureInfo.InvariantCulture, $"(local.set {i} (i32x4.add (i32x4.splat (local.get 0)) (v128.load (i32.const {i * 16}))))");
        }

        leaf.Append("(loop ");
        for (var i = 1; i < 250; i++)
        {
            leaf.Append(System.Globalization.CultureInfo.InvariantCulture, $"(local.set {i} (i32x4.mul (local.get {i}) (local.get {i + 1})))");
        }

        leaf.Append("(br_if 0 (i32x4.extract_lane 0 (local.get 7)))) (i32x4.extract_lane 1 (local.get 9)))");
        return OnStacks($"""
            (module (memory 1)
              {leaf}
              (func $f (export "f") (param i32) (result i32)
                (i32.add (call $leaf (i32.const 0)) (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (call $leaf (i32.const 0))))))
            """);
    }

    /// <summary>The platform has less memory than the store allows the guest: arrays, tables and segments end in a trap or say no.</summary>
    private static string NoManagedMemory()
    {
        var said = new List<string>();
        foreach (var tier in new[] { ExecutionTier.Compiled, ExecutionTier.Interpreted })
        {
            using var store = new Store(StoreOptions.Default with { HeapBytesMax = 1L << 40, TableElementsMax = 1L << 32 });
            var instance = Instantiate(
                store,
                """
                (module
                  (type $bytes (array (mut i8))) (table $t 1 externref)
                  (func (export "array") (param i32) (result i32) (array.len (array.new_default $bytes (local.get 0))))
                  (func (export "table") (param i32) (result i32) (table.grow $t (ref.null extern) (local.get 0))))
                """,
                ModuleOptions.Default with { Tier = tier });
            said.Add(TrapOf(() => instance.GetFunction("array")!.Invoke(1 << 30))?.ToString() ?? "made");
            said.Add(TrapOf(() => instance.GetFunction("array")!.Bind<Func<int, int>>()(-1))?.ToString() ?? "made");
            said.Add(instance.GetFunction("table")!.Invoke(200_000_000)[0].Int32.ToString(System.Globalization.CultureInfo.InvariantCulture));
            said.Add(TrapOf(() => Instantiate(store, "(module (type $bytes (array (mut i8))) (global (ref $bytes) (array.new_default $bytes (i32.const 2000000000))))", ModuleOptions.Default with { Tier = tier }))?.ToString() ?? "made");
            said.Add(instance.GetFunction("array")!.Invoke(1000)[0].Int32.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return string.Join(' ', said);
    }

    /// <summary>Tables of more elements than the platform's arrays can hold.</summary>
    private static string GreatTables()
    {
        var said = new List<string>();
        foreach (var tier in new[] { ExecutionTier.Compiled, ExecutionTier.Interpreted })
        {
            using var store = new Store(StoreOptions.Default with { TableElementsMax = 1L << 40 });
            var instance = Instantiate(
                store,
                """
                (module (table $t 1 externref)
                  (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null extern) (local.get 0)))
                  (func (export "size") (result i32) (table.size $t)))
                """,
                ModuleOptions.Default with { Tier = tier });
            foreach (var by in new[] { int.MaxValue, -2, unchecked((int)0xC0000000), 5 })
            {
                said.Add(instance.GetFunction("grow")!.Invoke(by)[0].Int32.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }

            said.Add(instance.GetFunction("size")!.Invoke()[0].Int32.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return string.Join(' ', said);
    }

    /// <summary>Guest calls host calls guest, and so on.</summary>
    private static string HostRecursion()
    {
        var kinds = new HashSet<TrapKind?>();
        foreach (var stack in new[] { 512 << 10, 1 << 20, 8 << 20 })
        {
            var thread = new Thread(
                () =>
                {
                    using var store = new Store();
                    Instance? instance = null;
                    var linker = new Linker(store).DefineFunction("h", "again", new Func<int, int>(x => instance!.GetFunction("f")!.Invoke(x + 1)[0].Int32));
                    instance = linker.Instantiate(WasmModule.Load(Wat.ToBinary("""(module (import "h" "again" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32) (i32.add (call $h (local.get 0)) (i32.const 1))))""")));
                    kinds.Add(TrapOf(() => instance.GetFunction("f")!.Invoke(0)));
                },
                stack);
            thread.Start();
            thread.Join();
        }

        return string.Join(' ', kinds);
    }

    private static string StartRecursion()
    {
        using var store = new Store();
        return TrapOf(() => Instantiate(store, "(module (func $f (call $f)) (start $f))")?.ToString()).ToString() ?? "returned";
    }

    private static string MemoryGrowth()
    {
        using var store = new Store(new StoreOptions { MemoryBytesMax = 64 << 20 });
        var grow = Instantiate(store, """(module (memory 0) (memory 0) (func (export "f") (result i32) (local i32) (loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if 0 (i32.or (i32.ge_s (memory.grow 0 (i32.const 1)) (i32.const 0)) (i32.ge_s (memory.grow 1 (i32.const 3)) (i32.const 0))))) (local.get 0)))""");
        grow.GetFunction("f")!.Invoke();
        return $"refused at {store.MemoryBytes >> 20} MiB";
    }

    private static string TableGrowth()
    {
        using var store = new Store(new StoreOptions { TableElementsMax = 1_000_000 });
        var grow = Instantiate(store, """(module (table $a 0 funcref) (table $b 0 externref) (func (export "f") (result i32) (loop (br_if 0 (i32.ge_s (table.grow $a (ref.null func) (i32.const 1000)) (i32.const 0)))) (loop (br_if 0 (i32.ge_s (table.grow $b (ref.null extern) (i32.const 7)) (i32.const 0)))) (i32.add (table.size $a) (table.size $b))))""");
        return $"refused at {grow.GetFunction("f")!.Invoke()[0].Int32} elements";
    }

    private static string HeapGrowth(string node)
    {
        var kinds = new HashSet<TrapKind?>();
        foreach (var tier in new[] { ExecutionTier.Compiled, ExecutionTier.Interpreted })
        {
            using var store = new Store(new StoreOptions { HeapBytesMax = 128 << 20 });
            var instance = Instantiate(
                store,
                $$"""
                (module
                  (type $node (struct (field (mut anyref)) (field i32))) (type $bytes (array (mut i8))) (type $big (struct (field (mut anyref)) (field (ref $bytes))))
                  (func (export "f") (local anyref) (loop (local.set 0 {{node}}) (br 0))))
                """,
                ModuleOptions.Default with { Tier = tier });
            kinds.Add(TrapOf(() => instance.GetFunction("f")!.Invoke()));
        }

        return string.Join(' ', kinds);
    }

    /// <summary>Much is made and forgotten: the limit counts what is reachable.</summary>
    private static string HeapChurn()
    {
        using var store = new Store(new StoreOptions { HeapBytesMax = 32 << 20 });
        var instance = Instantiate(store, """
            (module (type $bytes (array (mut i8))) (global $last (mut anyref) (ref.null none))
              (func (export "f") (param i32) (loop (global.set $last (array.new_default $bytes (i32.const 10000))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
            """);
        return TrapOf(() => instance.GetFunction("f")!.Invoke(100_000))?.ToString() ?? "1 GB made, 32 MiB at most alive";
    }

    /// <summary>Exceptions that carry exceptions.</summary>
    private static string ExceptionGrowth()
    {
        using var store = new Store(new StoreOptions { HeapBytesMax = 1 << 20 });
        var instance = Instantiate(store, """
            (module (tag $e (param exnref))
              (func (export "f") (local exnref)
                (loop $again
                  (block $caught (result exnref) (try_table (catch_all_ref $caught) (throw $e (local.get 0))) unreachable)
                  (local.set 0) (br $again))))
            """);
        return $"{TrapOf(() => instance.GetFunction("f")!.Invoke())}";
    }

    private static string ManyInstances()
    {
        using var store = new Store(new StoreOptions { InstancesMax = 2_000 });
        var module = WasmModule.Load(Wat.ToBinary(Peek));
        var linker = new Linker(store);
        for (var i = 0; ; i++)
        {
            if (TrapOf(() => linker.Instantiate(module)) is { } kind)
            {
                return $"{kind} after {i}";
            }
        }
    }

    /// <summary>Stores come and go; their address space is given back.</summary>
    private static string ManyStores()
    {
        var module = WasmModule.Load(Wat.ToBinary(Peek));
        var sum = 0;
        for (var i = 0; i < 50_000; i++)
        {
            using var store = new Store();
            sum += new Linker(store).Instantiate(module).GetFunction("load")!.Invoke(0)[0].Int32;
        }

        return $"sum {sum}";
    }

    private static string WholeMemory()
    {
        var seen = new List<string>();
        foreach (var protection in new[] { MemoryProtection.Automatic, MemoryProtection.BoundsChecks })
        {
            using var store = new Store(new StoreOptions { MemoryBytesMax = 4L << 30 });
            var instance = Instantiate(
                store,
                """
                (module (memory 65536)
                  (func (export "touch") (param i32) (result i32) (i32.store8 (local.get 0) (i32.const 77)) (i32.load8_u (local.get 0)))
                  (func (export "wide") (param i32) (result i64) (i64.load (local.get 0)))
                  (func (export "far") (param i32) (result i64) (i64.load offset=4294967295 (local.get 0)))
                  (func (export "grow") (result i32) (memory.grow (i32.const 1))))
                """,
                ModuleOptions.Default with { Protection = protection });
            seen.Add($"{instance.GetFunction("touch")!.Invoke(-1)[0].Int32}");
            seen.Add($"{TrapOf(() => instance.GetFunction("wide")!.Invoke(-7))}");
            seen.Add($"{TrapOf(() => instance.GetFunction("far")!.Invoke(1))}");
            seen.Add($"{TrapOf(() => instance.GetFunction("far")!.Invoke(-1))}");
            seen.Add($"{instance.GetFunction("grow")!.Invoke()[0].Int32}");
        }

        return string.Join(' ', seen);
    }

    private static string TrapsOnThreads()
    {
        var module = WasmModule.Load(Wat.ToBinary(Peek));
        long traps = 0;
        using var go = new ManualResetEventSlim();
        var threads = Enumerable.Range(0, 32).Select(n => new Thread(
            () =>
            {
                using var store = new Store();
                var load = new Linker(store).Instantiate(module).GetFunction("load")!.Bind<Func<int, int>>();
                go.Wait();
                for (var i = 0; i < 2_000; i++)
                {
                    if ((i + n) % 500 == 0)
                    {
                        GC.Collect();
                    }

                    if (TrapOf(() => load(-1 - i)) == TrapKind.MemoryOutOfBounds && load(i) == 0)
                    {
                        Interlocked.Increment(ref traps);
                    }
                }
            },
            512 << 10)).ToArray();
        Array.ForEach(threads, x => x.Start());
        go.Set();
        Array.ForEach(threads, x => x.Join());
        return $"{traps} traps";
    }

    private static string MillionTraps()
    {
        using var store = new Store();
        var load = Instantiate(store, Peek).GetFunction("load")!.Bind<Func<int, int>>();
        var traps = 0;
        for (var i = 0; i < 1_000_000; i++)
        {
            try
            {
                load(-1);
            }
            catch (TrapException)
            {
                traps++;
            }
        }

        return $"{traps} traps";
    }

    /// <summary>Traps of instructions that go through the stage leave nothing on it.</summary>
    private static string MillionCasts()
    {
        using var store = new Store();
        var cast = Instantiate(store, """(module (type $s (struct)) (func (export "f") (param i32) (drop (ref.cast (ref $s) (ref.i31 (local.get 0))))))""").GetFunction("f")!.Bind<Action<int>>();
        var traps = 0;
        for (var i = 0; i < 1_000_000; i++)
        {
            try
            {
                cast(i);
            }
            catch (TrapException trap) when (trap.Kind == TrapKind.CastFailure)
            {
                traps++;
            }
        }

        return $"{traps} traps, {(store.Stage.Count > 1 ? "operands pile up" : "no operands pile up")}";
    }

    /// <summary>The collector runs all the while that guests trap, and finds what they hold.</summary>
    private static string TrapsUnderCollection()
    {
        var module = WasmModule.Load(Wat.ToBinary("""(module (memory 1) (table 1 externref) (func (export "f") (param externref i32) (result externref) (table.set (i32.const 0) (local.get 0)) (drop (i32.load (local.get 1))) (local.get 0)))"""));
        using var done = new CancellationTokenSource();
        var collections = 0;
        var collector = new Thread(() =>
        {
            var kept = new object[64];
            while (!done.IsCancellationRequested || collections < 50)
            {
                kept[collections % kept.Length] = new byte[20_000];
                GC.Collect(collections % 3, GCCollectionMode.Forced, blocking: true, compacting: true);
                collections++;
            }
        });
        var (traps, alike) = (0, 0);
        var guests = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            using var store = new Store();
            var instance = new Linker(store).Instantiate(module);
            var function = instance.GetFunction("f")!.Bind<Func<object, int, object>>();
            for (var i = 0; i < 3_000; i++)
            {
                var held = new string('x', 1 + (i % 50));
                if (TrapOf(() => function(held, -1 - (i % 3))) == TrapKind.MemoryOutOfBounds)
                {
                    Interlocked.Increment(ref traps);
                }

                if (ReferenceEquals(function(held, i), held) && held.Length == 1 + (i % 50))
                {
                    Interlocked.Increment(ref alike);
                }
            }
        })).ToArray();
        collector.Start();
        Array.ForEach(guests, x => x.Start());
        Array.ForEach(guests, x => x.Join());
        done.Cancel();
        collector.Join();
        return $"{traps} traps, {alike} references kept";
    }

    private static string TrapsInHostCalls()
    {
        using var store = new Store();
        Instance? inner = null;
        var linker = new Linker(store)
            .DefineFunction("h", "trap", new Func<int, int>(at => inner!.GetFunction("load")!.Invoke(at)[0].Int32))
            .DefineFunction("h", "throw", new Func<int, int>(_ => throw new InvalidOperationException("the host's own")))
            .DefineFunction("h", "collect", new Func<int, int>(x =>
            {
                GC.Collect();
                return TrapOf(() => inner!.GetFunction("load")!.Invoke(x)) == TrapKind.MemoryOutOfBounds ? 1 : 0;
            }));
        inner = Instantiate(store, Peek);
        var outer = linker.Instantiate(WasmModule.Load(Wat.ToBinary("""
            (module
              (import "h" "trap" (func $trap (param i32) (result i32))) (import "h" "throw" (func $throw (param i32) (result i32))) (import "h" "collect" (func $collect (param i32) (result i32)))
              (memory 1)
              (func (export "a") (param i32) (result i32) (call $trap (local.get 0)))
              (func (export "b") (param i32) (result i32) (call $throw (local.get 0)))
              (func (export "c") (param i32) (result i32) (i32.add (call $collect (local.get 0)) (i32.load (i32.const 65533)))))
            """)));
        var counts = new int[3];
        for (var i = 0; i < 5_000; i++)
        {
            counts[0] += TrapOf(() => outer.GetFunction("a")!.Invoke(-1)) == TrapKind.MemoryOutOfBounds ? 1 : 0;
            try
            {
                outer.GetFunction("b")!.Invoke(1);
            }
            catch (InvalidOperationException)
            {
                counts[1]++;
            }

            counts[2] += i % 50 == 0 && TrapOf(() => outer.GetFunction("c")!.Invoke(-1)) == TrapKind.MemoryOutOfBounds ? 1 : 0;
        }

        return string.Join(' ', counts);
    }

    /// <summary>The host's null references are its own, on threads beside guests that trap.</summary>
    private static string HostFaultsBesideTraps()
    {
        var module = WasmModule.Load(Wat.ToBinary(Peek));
        var own = 0;
        var traps = 0;
        var threads = Enumerable.Range(0, 8).Select(n => new Thread(() =>
        {
            using var store = new Store();
            var load = new Linker(store).Instantiate(module).GetFunction("load")!;
            string? nothing = null;
            for (var i = 0; i < 3_000; i++)
            {
                try
                {
                    if (n % 2 == 0)
                    {
                        load.Invoke(-1);
                    }
                    else
                    {
                        GC.KeepAlive(nothing!.Length + i);
                    }
                }
                catch (TrapException)
                {
                    Interlocked.Increment(ref traps);
                }
                catch (NullReferenceException)
                {
                    Interlocked.Increment(ref own);
                }
            }
        })).ToArray();
        Array.ForEach(threads, x => x.Start());
        Array.ForEach(threads, x => x.Join());
        return $"{traps} traps, {own} null references of the host";
    }

    /// <summary>A wild access of the host's own is not made a trap of: the process ends, as it must.</summary>
    private static string WildPointer()
    {
        using var store = new Store();
        var load = Instantiate(store, Peek).GetFunction("load")!;
        TrapOf(() => load.Invoke(-1));
        return $"{TrapOf(() => Marshal.WriteInt32(unchecked((nint)0x1234_5678_9000), 1))} survived";
    }
}
