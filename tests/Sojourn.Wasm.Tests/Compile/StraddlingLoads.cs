using System.Text;

namespace Sojourn.Wasm.Tests.Compile;

/// <summary>Functions that load at an address that they are given and then need little or nothing of what they loaded.</summary>
internal static class StraddlingLoads
{
    public static readonly (string Opcode, string Type, int Width)[] Loads =
    [
        ("i32.load", "i32", 4), ("i64.load", "i64", 8), ("f32.load", "f32", 4), ("f64.load", "f64", 8),
        ("i32.load16_s", "i32", 2), ("i32.load16_u", "i32", 2), ("i64.load16_s", "i64", 2), ("i64.load16_u", "i64", 2),
        ("i64.load32_s", "i64", 4), ("i64.load32_u", "i64", 4), ("v128.load", "v128", 16),
        ("v128.load8x8_s", "v128", 8), ("v128.load8x8_u", "v128", 8), ("v128.load16x4_s", "v128", 8), ("v128.load16x4_u", "v128", 8),
        ("v128.load32x2_s", "v128", 8), ("v128.load32x2_u", "v128", 8), ("v128.load16_splat", "v128", 2), ("v128.load32_splat", "v128", 4),
        ("v128.load64_splat", "v128", 8), ("v128.load32_zero", "v128", 4), ("v128.load64_zero", "v128", 8),
        ("i32.load8_s", "i32", 1), ("i32.load8_u", "i32", 1), ("i64.load8_s", "i64", 1), ("i64.load8_u", "i64", 1), ("v128.load8_splat", "v128", 1), ("v128.load8_lane", "v128", 1),
        ("v128.load16_lane", "v128", 2), ("v128.load32_lane", "v128", 4), ("v128.load64_lane", "v128", 8),
    ];

    private static readonly string[] Any =
    [
        "(drop L)",
        "(local.set $x L)",
        "(drop (local.tee $x L))",
        "(local.set $x L) (local.set $x Z)",
        "(local.set $x L) (local.set $y (local.get $x)) (drop (local.get $y))",
        "(drop (block (result T) L))",
        "(block (br 0 L) )#v",
        "(drop (select L Z (i32.const 0)))",
        "(drop (select Z L (i32.const 1)))",
        "(drop (select L Z (local.get $c)))",
        "(local.set $x L) (if (local.get $c) (then (drop (local.get $x))))",
        "(local.set $x L) (if (i32.const 0) (then (call $sink (local.get $x))))",
        "(local.set $x L) (local.set $c (i32.const 0)) (if (local.get $c) (then (call $sink (local.get $x))))",
        "(call $ignore L)",
        "(drop (call $same L))",
        "(drop (call $load (local.get 0)))",
        "(local.set $x L) (block $b (br_if $b (local.get $c)) (local.set $x Z)) (drop (local.get $x))",
        "(local.set $x L) (loop $l (local.set $x Z) (br_if $l (i32.eqz (local.tee $c (i32.add (local.get $c) (i32.const 1))))))",
        "(local.set $x L) (call $end) (call $sink (local.get $x))#unreachable",
    ];

    private static readonly string[] Whole =
    [
        "(drop (T.and L (T.const 255)))", "(drop (T.add L (T.const 1)))", "(drop (T.mul L (T.const 0)))", "(drop (T.sub (local.tee $x L) (local.get $x)))",
        "(call $byte (i32.and N (i32.const 255)))", "(call $byte (i32.and N (i32.const 65535)))", "(call $byte (i32.and (i32.const 1) N))",
        "(call $byte (i32.extend8_s N))", "(call $byte (i32.extend16_s N))", "(call $byte (i32.shl N (i32.const 24)))", "(call $byte (i32.and (i32.add N (i32.const 7)) (i32.const 255)))",
        "(call $byte (i32.and (i32.sub N (local.get $c)) (i32.const 255)))", "(call $byte (i32.and (i32.xor N (local.get $c)) (i32.const 255)))",
        "(call $byte (i32.and (i32.mul N (i32.const 3)) (i32.const 255)))", "(call $byte (i32.mul N (i32.const 16777216)))", "(call $byte (i32.mul N (i32.const 0)))",
        "(i32.store8 (i32.const 0) N)", "(i32.store16 (i32.const 0) N)", "(T.store8 (i32.const 0) L)", "(T.store16 (i32.const 0) L)",
        "(i32.store8 (i32.const 0) (i32.add N (i32.const 1)))", "(local.set $x L) (T.store8 (i32.const 0) (local.get $x))",
        "(local.set $x L) (T.store8 (i32.const 0) (local.get $x)) (drop (local.get $x))", "(local.set $x L) (T.store8 (i32.const 0) (local.get $x)) (T.store8 (i32.const 1) (local.get $x))",
        "(if (i32.and N (i32.const 1)) (then (call $byte (i32.const 3))))", "(if (i32.eqz (i32.and N (i32.const 255))) (then (call $byte (i32.const 3))))",
        "(if (i32.eq (i32.and N (i32.const 255)) (i32.const 7)) (then (call $byte (i32.const 3))))", "(if (i32.lt_u (i32.and N (i32.const 255)) (i32.const 7)) (then (call $byte (i32.const 3))))",
        "(local.set $x L) (if (T.eq (local.get $x) (local.get $x)) (then (call $byte (i32.const 3))))", "(local.set $x L) (if (T.ne (local.get $x) (local.get $x)) (then (call $byte (i32.const 3))))",
        "(if (T.eq L L) (then (call $byte (i32.const 3))))", "(call $byte (N2 (T.sub L L)))", "(call $byte (N2 (T.xor L L)))", "(call $byte (N2 (T.or L (T.const -1))))",
        "(call $byte (i32.and (N2 (T.shr_u L (T.const 0))) (i32.const 255)))", "(call $byte (i32.and (N2 (T.shr_u L (T.const 4))) (i32.const 15)))",
        "(call $byte (i32.and (N2 (T.shr_u L (T.const 8))) (i32.const 255)))", "(call $byte (i32.and (N2 (T.shr_u L (T.const 16))) (i32.const 255)))", "(T.store8 (i32.const 0) (T.shr_u L (T.const 8)))",
        "(T.store8 (i32.const 0) (T.shr_u L (T.const 1)))", "(T.store16 (i32.const 0) (T.shr_s L (T.const 8)))", "(call $byte (N2 (T.shr_s (T.shl L (T.const 24)) (T.const 24))))", "(call $byte (N2 (T.shr_u (T.shl L (T.const 16)) (T.const 16))))",
        "(local.set $x L) (T.store8 (i32.const 0) (local.get $x)) (T.store8 (i32.const 1) (T.shr_u (local.get $x) (T.const 8)))", "(drop (T.div_u L (T.const 3)))", "(drop (T.div_s Z L))#trap", "(drop (T.rem_s L (T.const -1)))",
        "(call $byte (N2 (T.rem_s L (T.const 4))))", "(call $byte (i32.and (N2 (T.rotl L (T.const 0))) (i32.const 255)))", "(call $byte (i32.and (N2 (T.shl (T.const 1) L)) (i32.const 255)))", "(call $byte (N2 (T.shl (T.const 1) L)))",
        "(call $byte (N2 (T.rotr (T.const 1) L)))", "(call $byte (N2 (T.shr_s (T.const 100) L)))", "(local.set $c (i32.const 1)) (if (i32.and (local.get $c) N) (then (call $byte (i32.const 3))))",
        "(local.set $x L) (if (local.get $c) (then (T.store8 (i32.const 0) (local.get $x))) (else (T.store8 (i32.const 1) (local.get $x))))",
        "(local.set $x L) (loop $l (T.store8 (i32.const 0) (local.get $x)) (br_if $l (local.get $c)))", "(local.set $y L) (local.set $x (local.get $y)) (T.store8 (i32.const 0) (local.get $x))",
        "(T.store8 (i32.const 0) (T.add (T.const 1) (T.add (T.const 1) L)))", "(T.store16 (i32.const 0) (T.mul L L))", "(call $byte (i32.load8_u (i32.and (i32.const 7) N)))",
        "(call $byte (N2 (T.and L (T.const 0))))", "(local.set $c (i32.const 255)) (call $byte (i32.and N (local.get $c)))", "(local.set $c (i32.const 0)) (call $byte (i32.mul N (local.get $c)))",
        "(call $narrow N)", "(call $byte (call $mask N))", "(call $byte (i32.and (i32.wrap_i64 (i64.extend_i32_u N)) (i32.const 255)))",
        "(call $byte (i32.and (select N (i32.const 0) (local.get $c)) (i32.const 255)))#c1", "(call $byte (i32.and (block (result i32) N) (i32.const 255)))",
        "(drop (T.popcnt L))", "(drop (T.clz L))", "(drop (T.rotl L (T.const 8)))", "(call $byte (N2 (T.rem_u L (T.const 256))))", "(call $byte (N2 (T.rem_u L (T.const 1))))", "(call $byte (N2 (T.shl L (T.const 8))))",
        "(drop (f64.convert_i32_s N))", "(drop (f32.reinterpret_i32 N))", "(call $byte (i32.and (i32.or N (i32.const 256)) (i32.const 255)))", "(call $byte (i32.extend8_s (i32.extend16_s N)))",
        "(call $byte (i32.and (i32.and N (i32.const 65535)) (i32.const 255)))", "(br_table 0 0 0 (i32.and N (i32.const 255)))", "(call $byte (i32.load8_u (i32.and N (i32.const 255))))",
        "(global.set $g (i32.and N (i32.const 255)))", "(call $byte (i32.ge_u N (i32.const 0)))", "(call $byte (T.ge_u L (T.const 0)))", "(call $byte (T.lt_u L (T.const 0)))",
    ];

    private static readonly string[] Long =
    [
        "(call $byte (i32.wrap_i64 L))", "(i64.store32 (i32.const 0) L)", "(call $byte (i32.wrap_i64 (i64.extend32_s L)))", "(call $byte (i32.wrap_i64 (i64.extend8_s L)))",
        "(call $byte (i32.wrap_i64 (i64.and L (i64.const 0xffffffff))))", "(i64.store (i32.const 0) (i64.and L (i64.const 0xffffffff)))", "(i64.store (i32.const 0) (i64.extend32_s L))",
        "(call $byte (i32.wrap_i64 (i64.add L (i64.const 5))))", "(call $byte (i32.wrap_i64 (i64.mul L (i64.const 5))))", "(call $byte (i32.wrap_i64 (i64.shl L (i64.const 5))))",
        "(local.set $x L) (call $byte (i32.wrap_i64 (local.get $x)))", "(drop (f64.reinterpret_i64 L))", "(call $byte (i32.wrap_i64 (i64.shl L (i64.const 32))))",
        "(call $byte (i32.wrap_i64 (i64.reinterpret_f64 (f64.reinterpret_i64 L))))", "(i32.store (i32.const 0) (i32.wrap_i64 L))", "(drop (f64.convert_i64_s L))",
    ];

    private static readonly string[] Floats =
    [
        "(drop (T.add L (T.const 1)))", "(drop (T.neg L))", "(drop (T.abs L))", "(drop (T.sqrt L))", "(drop (T.eq (local.tee $x L) (local.get $x)))", "(drop (T.copysign (T.const 1) L))",
        "(drop (T.copysign L (T.const 1)))", "(drop (T.min L L))", "(call $byte (T.eq L L))", "(drop (T.mul L (T.const 0)))", "(drop (T.sub L L))", "(drop (T.load (i32.const 0))) (drop L)",
    ];

    private static readonly string[] Single =
        ["(call $byte (i32.and (i32.reinterpret_f32 L) (i32.const 255)))", "(i32.store8 (i32.const 0) (i32.reinterpret_f32 L))", "(drop (f64.promote_f32 L))", "(drop (i32.trunc_sat_f32_s L))"];

    private static readonly string[] Double =
    [
        "(call $byte (i32.wrap_i64 (i64.reinterpret_f64 L)))", "(i64.store8 (i32.const 0) (i64.reinterpret_f64 L))", "(i64.store32 (i32.const 0) (i64.reinterpret_f64 L))",
        "(call $byte (i32.and (i32.wrap_i64 (i64.reinterpret_f64 L)) (i32.const 255)))", "(drop (f32.demote_f64 L))", "(drop (i64.trunc_sat_f64_u L))", "(drop (i64.reinterpret_f64 L))",
    ];

    private static readonly string[] Vectors =
    [
        "(call $byte (i8x16.extract_lane_u 0 L))", "(call $byte (i8x16.extract_lane_s 0 L))", "(call $byte (i16x8.extract_lane_u 0 L))", "(call $byte (i32x4.extract_lane 0 L))",
        "(call $byte (i32.wrap_i64 (i64x2.extract_lane 0 L)))", "(drop (f32x4.extract_lane 0 L))", "(drop (f64x2.extract_lane 0 L))", "(global.set $h (f64x2.extract_lane 0 L))",
        "(call $byte (i32.reinterpret_f32 (f32x4.extract_lane 0 L)))", "(drop (i8x16.add L L))", "(drop (i8x16.add L Z))", "(drop (v128.not L))", "(drop (v128.and L Z))",
        "(v128.store (i32.const 0) (v128.and L Z))", "(v128.store (i32.const 0) (v128.xor (local.tee $x L) (local.get $x)))", "(v128.store (i32.const 0) (v128.xor L L))",
        "(v128.store (i32.const 0) (v128.andnot Z L))", "(v128.store (i32.const 0) (v128.or L (v128.const i64x2 -1 -1)))", "(v128.store (i32.const 0) (i16x8.extend_low_i8x16_s L))",
        "(v128.store (i32.const 0) (i16x8.extend_low_i8x16_u L))", "(v128.store (i32.const 0) (i32x4.extend_low_i16x8_s L))", "(v128.store (i32.const 0) (i64x2.extend_low_i32x4_u L))",
        "(v128.store (i32.const 0) (f64x2.promote_low_f32x4 L))", "(v128.store (i32.const 0) (f64x2.convert_low_i32x4_s L))", "(v128.store (i32.const 0) (f64x2.convert_low_i32x4_u L))",
        "(v128.store (i32.const 0) (i8x16.splat (i8x16.extract_lane_u 0 L)))", "(v128.store (i32.const 0) (f64x2.splat (f64x2.extract_lane 0 L)))",
        "(v128.store (i32.const 0) (i8x16.shuffle 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 L Z))", "(v128.store (i32.const 0) (i8x16.shuffle 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 Z L))",
        "(v128.store (i32.const 0) (i8x16.shuffle 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 L Z))", "(v128.store (i32.const 0) (i8x16.shuffle 0 1 2 3 0 1 2 3 0 1 2 3 0 1 2 3 L Z))",
        "(v128.store (i32.const 0) (i8x16.shuffle 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 L L))", "(v128.store (i32.const 0) (i8x16.swizzle L Z))", "(v128.store (i32.const 0) (i8x16.swizzle Z L))",
        "(v128.store64_lane 0 (i32.const 0) L)", "(v128.store32_lane 0 (i32.const 0) L)", "(v128.store8_lane 0 (i32.const 0) L)", "(drop (v128.any_true L))", "(drop (i8x16.bitmask L))", "(drop (i32x4.all_true L))",
        "(v128.store (i32.const 0) (v128.bitselect Z L (v128.const i64x2 -1 -1)))", "(v128.store (i32.const 0) (v128.bitselect L Z (v128.const i64x2 -1 0)))",
        "(v128.store (i32.const 0) (i32x4.replace_lane 1 L (i32.const 5)))", "(v128.store (i32.const 0) (i64x2.replace_lane 1 L (i64.const 5)))", "(v128.store (i32.const 0) (i32x4.mul L Z))",
        "(v128.store (i32.const 0) (i32x4.sub L L))", "(v128.store (i32.const 0) (i32x4.eq L L))", "(v128.store (i32.const 0) (i8x16.shl L (i32.const 0)))", "(drop (f64x2.add L Z))",
        "(v128.store (i32.const 0) (v128.load64_lane 1 (i32.const 0) L))", "(drop (i64.add (i64.const 1) (i64x2.extract_lane 0 L)))", "(local.set $x L) (call $byte (i8x16.extract_lane_u 0 (local.get $x)))",
        "(local.set $x L) (call $byte (i32x4.extract_lane 0 (local.get $x))) (call $byte (i32x4.extract_lane 1 (local.get $x)))", "(v128.store (i32.const 0) (i16x8.mul L Z))", "(v128.store (i32.const 0) (i32x4.min_u L Z))",
        "(v128.store (i32.const 0) (i32x4.max_u L (v128.const i64x2 -1 -1)))", "(v128.store (i32.const 0) (i16x8.narrow_i32x4_s L Z))", "(v128.store (i32.const 0) (i64x2.extmul_low_i32x4_s L L))",
        "(v128.store (i32.const 0) (v128.and L (v128.const i64x2 -1 0)))", "(v128.store (i32.const 0) (v128.and L (v128.const i32x4 -1 0 0 0)))",
    ];

    /// <summary>What is done with the results of loads of a type.</summary>
    public static string[] Consumers(string type) =>
    [
        .. Any,
        .. type switch { "i32" or "i64" => Whole, "f32" or "f64" => Floats, _ => Vectors },
        .. type switch { "i64" => Long, "f32" => Single, "f64" => Double, _ => [] },
    ];

    /// <summary>A module that exports f0, f1, ..: one function per consumer, each of an address and a number that is 0.</summary>
    /// <param name="opcode">The load.</param>
    /// <param name="type">What it gives.</param>
    /// <param name="padding">Instructions without effect, which make functions too long to be inlined.</param>
    public static string Module(string opcode, string type, int padding)
    {
        var nops = string.Concat(Enumerable.Repeat(" nop", padding));
        var text = new StringBuilder();
        var zero = type == "v128" ? "(v128.const i64x2 0 0)" : $"({type}.const 0)";
        var load = opcode.Contains("_lane", StringComparison.Ordinal) ? $"({opcode} 0 (local.get 0) (v128.const i64x2 0 0))" : $"({opcode} (local.get 0))";
        text.AppendLine("(module (memory (export \"m\") 1) (global $g (mut i32) (i32.const 0)) (global $h (mut f64) (f64.const 0))");
        text.AppendLine("(func $byte (export \"byte\") (param i32) (global.set $g (local.get 0)))");
        text.AppendLine("(func $narrow (param i32) (i32.store8 (i32.const 0) (local.get 0)))");
        text.AppendLine("(func $mask (param i32) (result i32) (i32.and (local.get 0) (i32.const 255)))");
        text.AppendLine("(func $end unreachable)");
        text.AppendLine($"(func $sink (param {type}))");
        text.AppendLine($"(func $ignore (param {type}))");
        text.AppendLine($"(func $same (param {type}) (result {type}) (local.get 0))");
        text.AppendLine($"(func $load (param i32) (result {type}) {nops} {load})");
        var consumers = Consumers(type);
        for (var i = 0; i < consumers.Length; i++)
        {
            var body = consumers[i].Split('#')[0]
                .Replace("N2", type == "i64" ? "i32.wrap_i64" : "i32.add (i32.const 0)", StringComparison.Ordinal)
                .Replace("T.", type + ".", StringComparison.Ordinal)
                .Replace("(result T)", $"(result {type})", StringComparison.Ordinal)
                .Replace("N)", type == "i64" ? "(i32.wrap_i64 L))" : "L)", StringComparison.Ordinal)
                .Replace("N ", type == "i64" ? "(i32.wrap_i64 L) " : "L ", StringComparison.Ordinal)
                .Replace(" Z", " " + zero, StringComparison.Ordinal);
            if (body.StartsWith("(block (br 0 L)", StringComparison.Ordinal))
            {
                body = $"(drop (block (result {type}) (br 0 L)))";
            }

            body = body.Replace(" L", " " + load, StringComparison.Ordinal);
            text.AppendLine($"(func (export \"f{i}\") (param i32) (param $c i32) (local $x {type}) (local $y {type}) {nops} {body})");
        }

        return text.Append(')').ToString();
    }
}
