using Sojourn.Wasm.Compile.Demand;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Compile;

/// <summary>Found by fuzzing (seeds 0x200000bbe, 0x1000002e7): the platform's compiler branched on flags that a rotation had not set.</summary>
public sealed class ComparedRotationTests
{
    /// <summary>R is the rotated value, a T; the function's result tells whether it is zero (0) or not (1).</summary>
    private static readonly string[] Consumers =
    [
        "(if (result i32) (T.ne R (T.const 0)) (then (i32.const 1)) (else (i32.const 0)))",
        "(if (result i32) (T.eqz R) (then (i32.const 0)) (else (i32.const 1)))",
        "(i32.eqz (T.eqz R))",
        "(T.ne R (T.const 0))",
        "(T.ne (T.const 0) R)",
        "(T.gt_u R (T.const 0))",
        "(T.ge_u R (T.const 1))",
        "(T.ne R (local.get $zero))",
        "(select (i32.const 1) (i32.const 0) (T.ne R (T.const 0)))",
        "(local.set $x R) (T.ne (local.get $x) (T.const 0))",
        "(T.ne (local.tee $x R) (T.const 0))",
        "(local.set $x R) (local.set $y (local.get $x)) (i32.eqz (T.eqz (local.get $y)))",
        "(T.ne (T.add R (T.const 0)) (T.const 0))",
        "(T.ne (T.xor R (local.get $zero)) (T.const 0))",
        "(T.ne (T.mul R (T.const 1)) (T.const 0))",
        "(T.ne (T.and R (T.const -1)) (T.const 0))",
        "(T.ne (block (result T) R) (T.const 0))",
        "(T.ne (block (result T) (br_if 0 R (i32.const 1))) (T.const 0))",
        "(block (result i32) (br_if 0 (i32.const 0) (T.eqz R)) drop (i32.const 1))",
        "(T.ne (select R (T.const 7) (i32.const 1)) (T.const 0))",
        "(call $test R)",
        "(T.ne (call $rotated (local.get 0)) (T.const 0))",
        "(loop (result i32) (local.set $x R) (br_if 0 (T.eq (local.get $x) (T.const 123456789))) (T.ne (local.get $x) (T.const 0)))",
        "(if (result i32) (T.ge_s (T.div_u (T.const 100) (T.or R (T.const 1))) (T.const 0)) (then (T.ne R (T.const 0))) (else (i32.const 2)))",
    ];

    private static readonly string[] Narrow =
    [
        "(if (result i32) R (then (i32.const 1)) (else (i32.const 0)))", "(select (i32.const 1) (i32.const 0) R)", "(block (result i32) (br_if 0 (i32.const 1) R) drop (i32.const 0))",
        "(i64.ne (i64.extend_i32_u R) (i64.const 0))", "(i64.ne (i64.extend_i32_s R) (i64.const 0))", "(block (block (br_table 0 1 R)) (return (i32.const 0))) (i32.const 1)",
        "(local.set $x R) (block (br_if 0 (local.get $x)) (return (i32.const 0))) (i32.const 1)",
    ];

    public static TheoryData<string, string> Rotations => new()
    {
        { "i32", "(i32.rotl (local.get 0) (i32.const 8))" },
        { "i32", "(i32.rotl (local.get 0) (i32.const -8))" },
        { "i32", "(i32.rotl (local.get 0) (i32.const 32))" },
        { "i32", "(i32.rotr (local.get 0) (i32.const 1))" },
        { "i32", "(i32.rotr (local.get 0) (i32.const 31))" },
        { "i32", "(i32.rotr (local.get 0) (local.get $zero))" },
        { "i32", "(i32.rotl (local.get 0) (i32.add (local.get $zero) (i32.const 5)))" },
        { "i32", "(i32.or (i32.shl (local.get 0) (i32.const 8)) (i32.shr_u (local.get 0) (i32.const 24)))" },
        { "i32", "(i32.xor (i32.shr_u (local.get 0) (i32.const 24)) (i32.shl (local.get 0) (i32.const 8)))" },
        { "i32", "(i32.add (i32.shl (local.get 0) (i32.const 8)) (i32.shr_u (local.get 0) (i32.const 24)))" },
        { "i64", "(i64.rotl (local.get 0) (i64.const 8))" },
        { "i64", "(i64.rotr (local.get 0) (i64.const 63))" },
        { "i64", "(i64.rotr (local.get 0) (i64.const 64))" },
        { "i64", "(i64.or (i64.shl (local.get 0) (i64.const 40)) (i64.shr_u (local.get 0) (i64.const 24)))" },
    };

    [Theory]
    [MemberData(nameof(Rotations))]
    public void A_rotated_value_is_zero_where_the_value_is(string type, string rotation)
    {
        var consumers = Consumers.Concat(type == "i32" ? Narrow : []).ToArray();
        var functions = string.Join('\n', consumers.Select((x, i) =>
            $"(func (export \"f{i}\") (param {type}) (result i32) (local $x {type}) (local $y {type}) (local $zero {type}) {x.Replace("R", rotation, StringComparison.Ordinal).Replace("T.", type + ".", StringComparison.Ordinal).Replace("result T", "result " + type, StringComparison.Ordinal)})"));
        var binary = Wat.ToBinary($"""
            (module
              (func $test (param {type}) (result i32) ({type}.ne (local.get 0) ({type}.const 0)))
              (func $rotated (param {type}) (result {type}) (local $zero {type}) {rotation})
              {functions})
            """);
        foreach (var options in new[]
        {
            ModuleOptions.Default with { Tier = ExecutionTier.Interpreted }, ModuleOptions.Default, ModuleOptions.Default with { Fuel = FuelMode.Path },
            ModuleOptions.Default with { Protection = MemoryProtection.BoundsChecks },
        })
        {
            using var store = new Store();
            var instance = new Linker(store).Instantiate(WasmModule.Load(binary, options));
            for (var i = 0; i < consumers.Length; i++)
            {
                foreach (var value in new long[] { 0, 1, -1, 1 << 24, int.MinValue, long.MinValue >> (type == "i32" ? 32 : 0) })
                {
                    var argument = type == "i32" ? Value.From((int)value) : Value.From(value);
                    Assert.True((value == 0 ? 0 : 1) == instance.GetFunction($"f{i}")!.Invoke(argument)[0].Int32, $"{options.Tier} {options.Protection} {rotation} of {value}: {consumers[i]}");
                }
            }
        }
    }

    [Theory]
    [InlineData("(local.set 0 (i32.rotl (i32.xor (local.get 0) (i32.load (local.get 1))) (i32.const 16))) (i32.store (i32.const 0) (local.get 0))", 0)]
    [InlineData("(if (i32.rotl (local.get 0) (i32.const 16)) (then (i32.store (i32.const 0) (local.get 0))))", 1)]
    [InlineData("(loop (local.set 0 (i32.xor (i32.load (local.get 1)) (i32.rotl (local.get 0) (i32.const 5)))) (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 4)))))", 0)]
    [InlineData("(if (i32.lt_u (i32.rotr (i32.mul (local.get 0) (i32.const -85)) (i32.const 1)) (i32.const 42)) (then (nop)))", 0)]
    public void Only_rotations_that_may_be_compared_cost_more(string body, int sums)
    {
        var module = WasmModule.Load(Wat.ToBinary($"(module (memory 1) (func (param i32 i32) {body}))"));
        Assert.Equal(sums, ComparedRotations.Of(FunctionTrace.Of(module.Definition, 0, WasmFeatures.Wasm3)!, 2).Count);
    }
}
