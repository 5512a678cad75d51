using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Compile;

/// <summary>What was done before a trap is done, what comes after it is not, and the first of two traps is the one that is seen.</summary>
public sealed class TrapOrderTests
{
    private const int End = 65536;

    public static TheoryData<string, int> Stores => new()
    {
        // What is left of the memory's last sixteen bytes, when everything before the trap is stored.
        { "(i32.store (local.get 0) (i32.const -1)) (i32.store offset=4 (local.get 0) (i32.const -1))", 4 },
        { "(i32.store8 (local.get 0) (i32.const -1)) (i32.store8 offset=1 (local.get 0) (i32.const -1))", 1 },
        { "(i32.store16 (local.get 0) (i32.const -1)) (i32.store16 offset=2 (local.get 0) (i32.const -1))", 2 },
        { "(i64.store (local.get 0) (i64.const -1)) (i64.store offset=8 (local.get 0) (i64.const -1))", 8 },
        { "(i32.store8 (local.get 0) (i32.const -1)) (i32.store8 offset=1 (local.get 0) (i32.const -1)) (i32.store16 offset=2 (local.get 0) (i32.const -1)) (i32.store offset=4 (local.get 0) (i32.const -1))", 4 },
        { "(i32.store offset=4 (local.get 0) (i32.const -1)) (i32.store (local.get 0) (i32.const -1))", -4 },
        { "(i64.store offset=8 (local.get 0) (i64.const -1)) (i64.store (local.get 0) (i64.const -1))", -8 },
        { "(v128.store (local.get 0) (v128.const i64x2 -1 -1)) (v128.store offset=16 (local.get 0) (v128.const i64x2 -1 -1))", 16 },
        { "(i64.store (local.get 0) (i64.const 0)) (i64.store offset=8 (local.get 0) (i64.const 0)) (i64.store offset=16 (local.get 0) (i64.const 0)) (i64.store offset=24 (local.get 0) (i64.const 0))", 8 },
        { "(i32.store (local.get 0) (i32.const -1)) (drop (i32.load offset=4 (local.get 0)))", 4 },
        { "(i32.store (local.get 0) (i32.load offset=4 (local.get 0)))", -4 },
        { "(local.set $x (i32.load offset=4 (local.get 0))) (i32.store (local.get 0) (i32.const -1)) (i32.store offset=8 (i32.const 0) (local.get $x))", -4 },
        { "(i32.store (local.get 0) (i32.const -1)) (local.set $x (i32.div_u (i32.const 1) (local.get $z))) (i32.store (local.get 0) (i32.const 7)) (i32.store offset=8 (i32.const 0) (local.get $x))", 4 },
        { "(f32.store (local.get 0) (f32.load offset=2 (local.get 0)))", -4 },
        { "(i32.store (local.get 0) (i32.const -1)) (i32.store (local.get 0) (i32.const -1)) (unreachable)", 4 },
    };

    [Theory]
    [MemberData(nameof(Stores))]
    public void Memory_holds_what_was_stored_before_the_trap(string body, int stored)
    {
        var text = $"(module (memory (export \"m\") 1) (func (export \"f\") (param i32) (param $z i32) (local $x i32) {body}))";
        Assert.Equal(Last(text, stored, ExecutionTier.Interpreted, MemoryProtection.BoundsChecks), Last(text, stored, ExecutionTier.Compiled, MemoryProtection.BoundsChecks));
        Assert.Equal(Last(text, stored, ExecutionTier.Interpreted, MemoryProtection.BoundsChecks), Last(text, stored, ExecutionTier.Compiled, MemoryProtection.Automatic));
    }

    public static TheoryData<string, TrapKind> Pairs => new()
    {
        { "(i32.add (i32.load (i32.const -1)) (i32.div_u (i32.const 1) (local.get $z)))", TrapKind.MemoryOutOfBounds },
        { "(i32.add (i32.div_u (i32.const 1) (local.get $z)) (i32.load (i32.const -1)))", TrapKind.IntegerDivideByZero },
        { "(local.set $x (i32.load (i32.const -1))) (i32.add (i32.div_u (i32.const 1) (local.get $z)) (local.get $x))", TrapKind.MemoryOutOfBounds },
        { "(local.set $x (i32.div_u (i32.const 1) (local.get $z))) (i32.add (i32.load (i32.const -1)) (local.get $x))", TrapKind.IntegerDivideByZero },
        { "(local.set $x (i32.div_u (i32.const 1) (local.get $z))) (i32.load (i32.const -1))", TrapKind.IntegerDivideByZero },
        { "(drop (i32.load (i32.const -1))) (i32.div_u (i32.const 1) (local.get $z))", TrapKind.MemoryOutOfBounds },
        { "(drop (i32.div_s (i32.const 1) (local.get $z))) (unreachable)", TrapKind.IntegerDivideByZero },
        { "(drop (i32.rem_u (i32.const 1) (local.get $z))) (i32.load (i32.const -1))", TrapKind.IntegerDivideByZero },
        { "(local.set $x (i32.load (i32.const -1))) (unreachable)", TrapKind.MemoryOutOfBounds },
        { "(drop (i32.trunc_f32_s (f32.const nan))) (i32.load (i32.const -1))", TrapKind.InvalidConversionToInteger },
        { "(local.set $x (i32.load (i32.const -1))) (drop (i32.trunc_f32_s (f32.const nan))) (local.get $x)", TrapKind.MemoryOutOfBounds },
        { "(i32.add (i32.trunc_f32_s (f32.const 1e30)) (i32.div_s (i32.const -2147483648) (i32.sub (local.get $z) (i32.const 1))))", TrapKind.IntegerOverflow },
        { "(i32.add (i32.load (i32.const -1)) (call $never))", TrapKind.MemoryOutOfBounds },
        { "(i32.add (call $never) (i32.load (i32.const -1)))", TrapKind.Unreachable },
        { "(local.set $x (i32.load (i32.const -1))) (drop (call $never)) (local.get $x)", TrapKind.MemoryOutOfBounds },
        { "(i32.store (i32.const -1) (i32.div_u (i32.const 1) (local.get $z))) (i32.const 1)", TrapKind.IntegerDivideByZero },
        { "(i32.store (i32.div_u (i32.const 1) (local.get $z)) (i32.load (i32.const -1))) (i32.const 1)", TrapKind.IntegerDivideByZero },
        { "(i32.store (i32.load (i32.const -1)) (i32.div_u (i32.const 1) (local.get $z))) (i32.const 1)", TrapKind.MemoryOutOfBounds },
        { "(loop $l (local.set $x (i32.add (local.get $x) (i32.div_u (i32.const 1) (local.get $z)))) (local.set $x (i32.add (local.get $x) (i32.load (i32.const -1)))) (br_if $l (local.get $z))) (local.get $x)", TrapKind.IntegerDivideByZero },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void The_first_trap_is_seen(string body, TrapKind wanted)
    {
        var binary = Wat.ToBinary($"(module (memory 1) (func $never (result i32) unreachable) (func (export \"f\") (param $z i32) (result i32) (local $x i32) {body}))");
        foreach (var (tier, protection) in new[]
        {
            (ExecutionTier.Interpreted, MemoryProtection.BoundsChecks), (ExecutionTier.Compiled, MemoryProtection.BoundsChecks), (ExecutionTier.Compiled, MemoryProtection.Automatic),
        })
        {
            using var store = new Store();
            var function = new Linker(store).Instantiate(WasmModule.Load(binary, ModuleOptions.Default with { Tier = tier, Protection = protection })).GetFunction("f")!;
            var kind = Assert.Throws<TrapException>(() => function.Invoke(0)).Kind;
            Assert.True(kind == wanted, $"{tier} {protection}: {kind} for {wanted}");
        }
    }

    private static string Last(string text, int stored, ExecutionTier tier, MemoryProtection protection)
    {
        using var store = new Store();
        var instance = new Linker(store).Instantiate(WasmModule.Load(Wat.ToBinary(text), ModuleOptions.Default with { Tier = tier, Protection = protection }));
        Assert.Throws<TrapException>(() => instance.GetFunction("f")!.Invoke(End - Math.Abs(stored), 0));
        return Convert.ToHexString(instance.GetMemory("m")!.Span[^32..]);
    }
}
