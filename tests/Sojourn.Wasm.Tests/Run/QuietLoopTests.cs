using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Run;

/// <summary>Quiet loops pay from portions: every tier must take, give back and lose the same, wherever the loop is left, traps or runs out of fuel.</summary>
public sealed class QuietLoopTests
{
    // Each takes a number of rounds and a way to end.
    private const string Text = """
        (module
          (memory 1)
          (func $leaf (param i32) (result i32) local.get 0)

          ;; Ends by itself, by branches of every kind, by a return, by a trap.
          (func (export "plain") (param $n i32) (param $way i32) (result i32) (local $i i32)
            (block $out (result i32)
              (block $other
                (loop $again
                  (local.set $i (i32.add (local.get $i) (i32.const 1)))
                  (if (i32.eq (local.get $i) (local.get $n))
                    (then
                      (br_if 2 (i32.eq (local.get $way) (i32.const 1)))
                      (if (i32.eq (local.get $way) (i32.const 2)) (then (br 4 (i32.const 77))))
                      (if (i32.eq (local.get $way) (i32.const 3)) (then (return (i32.const 78))))
                      (if (i32.eq (local.get $way) (i32.const 4)) (then (br_table 3 3 3 (local.get $i))))
                      (if (i32.eq (local.get $way) (i32.const 5)) (then (drop (i32.load (i32.const -4)))))
                      (if (i32.eq (local.get $way) (i32.const 6)) (then unreachable))
                      (if (i32.eq (local.get $way) (i32.const 7)) (then (drop (i32.div_u (local.get $i) (i32.const 0)))))
                      (drop (br_if 3 (i32.const 79) (i32.eq (local.get $way) (i32.const 8))))))
                  (br_if $again (i32.lt_u (local.get $i) (local.get $n)))))
              (local.get $i)))

          ;; Loops in a quiet loop, and a quiet loop in one that calls.
          (func (export "nested") (param $n i32) (param $way i32) (result i32) (local $i i32) (local $j i32) (local $k i32)
            (loop $outer
              (local.set $j (i32.const 0))
              (loop $middle
                (local.set $k (i32.const 0))
                (loop $inner
                  (local.set $k (i32.add (local.get $k) (i32.const 1)))
                  (br_if $inner (i32.lt_u (local.get $k) (i32.const 40))))
                (if (i32.and (i32.eq (local.get $way) (i32.const 5)) (i32.eq (local.get $i) (i32.const 3)))
                  (then (i32.store (i32.const -1) (local.get $j))))
                (local.set $j (i32.add (local.get $j) (i32.const 1)))
                (br_if $outer (i32.and (i32.eq (local.get $way) (i32.const 2)) (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9))))
                (br_if $middle (i32.lt_u (local.get $j) (i32.const 7))))
              (local.set $i (call $leaf (i32.add (local.get $i) (i32.const 1))))
              (br_if $outer (i32.lt_u (local.get $i) (local.get $n))))
            (local.get $i))

          ;; The counter begins as a constant: nothing in the loop asks for interruption.
          (func (export "brief") (param $n i32) (param $way i32) (result i32) (local $i i32) (local $sum i32)
            (local.set $i (i32.const 3))
            (loop $again
              (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $i))))
              (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 3))) (i32.const 3000))))
            (loop $down
              (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $i))))
              (br_if $down (local.tee $i (i32.add (local.get $i) (i32.const -1)))))
            (local.get $sum)))
        """;

    private static readonly byte[] Module = Wat.ToBinary(Text);

    /// <summary>Every tier that counts fuel.</summary>
    public static TheoryData<FuelMode> Modes => [FuelMode.Path, FuelMode.Exact];

    [Theory]
    [MemberData(nameof(Modes))]
    public void Every_tier_counts_the_same(FuelMode mode)
    {
        var tiers = Tiers(mode);
        foreach (var name in new[] { "plain", "nested", "brief" })
        {
            for (var way = 0; way <= 8; way++)
            {
                foreach (var rounds in new[] { 1, 2, 17, 300, 1000 })
                {
                    AllSay(tiers, name, rounds, way, 1L << 40);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Fuel_ends_at_the_same_place(FuelMode mode)
    {
        var tiers = Tiers(mode);
        foreach (var name in new[] { "plain", "nested", "brief" })
        {
            for (var fuel = 0L; fuel < 700; fuel += fuel < 120 ? 1 : 13)
            {
                AllSay(tiers, name, 30, (int)(fuel % 9), fuel);
            }

            for (var fuel = 4000L; fuel < 9000; fuel += 331)
            {
                AllSay(tiers, name, 1000, (int)(fuel % 9), fuel);
            }
        }
    }

    [Fact]
    public void A_trap_loses_no_more_than_a_portion()
    {
        var module = WasmModule.Load(Module, new ModuleOptions { Fuel = FuelMode.Path });
        var left = Run(module, "plain", 500, 0, 100_000).Fuel;
        var trapped = Run(module, "plain", 500, 6, 100_000);
        Assert.StartsWith("Unreachable", trapped.Said, StringComparison.Ordinal);
        Assert.InRange(trapped.Fuel, left - 4096, left + 100);
    }

    [Theory]
    [InlineData(FuelMode.None)]
    [InlineData(FuelMode.Path)]
    public async Task A_quiet_loop_is_interrupted(FuelMode mode)
    {
        var module = WasmModule.Load(Wat.ToBinary("(module (func (export \"f\") (local i32) (loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))))"), new ModuleOptions { Fuel = mode });
        using var store = new Store(new StoreOptions { Fuel = long.MaxValue });
        var run = new Linker(store).Instantiate(module).GetFunction("f")!;
        var running = Task.Factory.StartNew(() => Assert.Throws<TrapException>(() => run.Invoke()), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        store.Interrupt();
        Assert.Equal(TrapKind.Interrupted, (await running).Kind);
    }

    private static WasmModule[] Tiers(FuelMode mode) =>
    [
        WasmModule.Load(Module, new ModuleOptions { Fuel = mode, Tier = ExecutionTier.Interpreted }),
        WasmModule.Load(Module, new ModuleOptions { Fuel = mode }),
        WasmModule.Load(Module, new ModuleOptions { Fuel = mode, Protection = MemoryProtection.BoundsChecks }),
    ];

    private static void AllSay(WasmModule[] tiers, string name, int rounds, int way, long fuel)
    {
        var first = Run(tiers[0], name, rounds, way, fuel);
        foreach (var tier in tiers.AsSpan(1))
        {
            Assert.Equal(first, Run(tier, name, rounds, way, fuel));
        }
    }

    private static (string Said, long Fuel) Run(WasmModule module, string name, int rounds, int way, long fuel)
    {
        using var store = new Store(new StoreOptions { Fuel = fuel });
        try
        {
            return ($"{name} {rounds} {way}: {new Linker(store).Instantiate(module).GetFunction(name)!.Invoke(rounds, way)[0].Int32}", store.Fuel);
        }
        catch (TrapException trap)
        {
            return ($"{trap.Kind}", store.Fuel);
        }
    }
}
