using System.Globalization;
using System.Text;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>
/// Draws functions that access memory around one address, in every width, and do little or much with what they load. Called with addresses around the
/// memory's end, each access traps or does not; what the platform's compiler leaves out, narrows, joins or moves shows in the trap, the globals and the memory.
/// </summary>
internal sealed class EdgePrograms(Prng random)
{
    /// <summary>Functions f0, f1, .. of an address and a number that is 0 or 1.</summary>
    public const int Functions = 12;

    private static readonly string[] Loads32 = ["i32.load", "i32.load8_s", "i32.load8_u", "i32.load16_s", "i32.load16_u"];
    private static readonly string[] Loads64 = ["i64.load", "i64.load8_s", "i64.load8_u", "i64.load16_s", "i64.load16_u", "i64.load32_s", "i64.load32_u"];
    private static readonly string[] LoadsVector =
    [
        "v128.load", "v128.load8x8_s", "v128.load16x4_u", "v128.load32x2_s", "v128.load8_splat", "v128.load16_splat", "v128.load32_splat", "v128.load64_splat", "v128.load32_zero", "v128.load64_zero",
    ];

    private static readonly string[] Binary = ["add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr"];
    private static readonly string[] Compare = ["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"];
    private static readonly string[] Shapes = ["i8x16", "i16x8", "i32x4", "i64x2"];

    private int depth;
    private int labels;

    /// <summary>The module's text.</summary>
    public string Module()
    {
        var text = new StringBuilder("(module (memory (export \"m\") 1) (data (i32.const 65440) \"");
        for (var i = 0; i < 96; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"\\{random.Below(256):x2}");
        }

        text.AppendLine("\")");
        for (var i = 0; i < 3; i++)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"(global $g{i} (export \"g{i}\") (mut i64) (i64.const 0))");
        }

        text.AppendLine("(func $byte (param i32) (global.set $g0 (i64.extend_i32_u (local.get 0))))");
        text.AppendLine("(func $ignore (param i32))");
        text.AppendLine("(func $mask (param i32) (result i32) (i32.and (local.get 0) (i32.const 255)))");
        text.AppendLine("(func $peek (param i32) (result i32) (i32.load8_u (local.get 0)))");
        text.AppendLine("(func $wide (param i32) (drop (i64.load (local.get 0))))");
        text.AppendLine(CultureInfo.InvariantCulture, $"(func $apart (param i32) (result i64) {string.Concat(Enumerable.Repeat("nop ", 120))} (i64.load (local.get 0)))");
        for (var i = 0; i < Functions; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"(func (export \"f{i}\") (param $p i32) (param $c i32) (local $x i32) (local $y i64) (local $u f32) (local $w f64) (local $v v128) (local $i i32) (local $z i32) (local $q i32)");
            for (var statements = 1 + random.Below(6); statements > 0; statements--)
            {
                text.AppendLine().Append("  ").Append(Statement());
            }

            text.AppendLine(")");
        }

        return text.Append(')').ToString();
    }

    private string Statement()
    {
        depth++;
        var made = depth > 4 ? $"(drop {I32()})" : random.Below(18) switch
        {
            0 => $"(local.set $x {I32()})",
            1 => $"(local.set $y {I64()})",
            2 => $"(local.set $u {F32()})",
            3 => $"(local.set $w {F64()})",
            4 => $"(local.set $v {V128()})",
            5 or 6 => $"(drop {Load()})",
            7 => $"(drop {random.Below(5) switch { 0 => I32(), 1 => I64(), 2 => F32(), 3 => F64(), _ => V128() }})",
            8 => $"(global.set $g{random.Below(3)} {I64()})",
            9 or 10 => Store("(i32.const 8)", random.Below(40)),
            11 => Store(Address(), random.Below(4)),
            12 => $"(if {I32()} (then {Statement()}) (else {Statement()}))",
            13 => $"(if {I32()} (then {Statement()} {Statement()}))",
            14 => Block(),
            15 => Loop(),
            16 => $"(call ${random.Pick(["byte", "ignore", "wide"])} {(random.OneIn(2) ? Address() : I32())})",
            _ => $"(local.set $q {Address()})",
        };
        depth--;
        return made;
    }

    private string Block()
    {
        var label = labels++;
        return $"(block $b{label} {Statement()} (br_if $b{label} {I32()}) {Statement()})";
    }

    private string Loop()
    {
        // An inner loop leaves the counter at 0, so an outer one ends with it.
        var label = labels++;
        var body = Statement() + " " + Statement();
        return $"(local.set $i (i32.const 2)) (loop $l{label} {body} (br_if $l{label} (i32.gt_s (local.tee $i (i32.sub (local.get $i) (i32.const 1))) (i32.const 0))))";
    }

    // The parameter, or near it; now and then what a local holds, which may be anywhere.
    private string Address() => random.Below(12) switch
    {
        < 6 => "(local.get $p)",
        6 => "(i32.add (local.get $p) (i32.const 4))",
        7 => "(i32.add (local.get $p) (local.get $c))",
        8 => "(i32.sub (local.get $p) (i32.const 8))",
        9 => "(i32.and (local.get $p) (i32.const -1))",
        10 => "(local.get $q)",
        _ => "(select (local.get $p) (i32.const 0) (local.get $c))",
    };

    private string Offset() => random.Below(3) == 0 ? string.Create(CultureInfo.InvariantCulture, $"offset={random.Below(12)} ") : "";

    private string Load() => random.Below(8) switch
    {
        < 3 => $"({random.Pick(Loads32)} {Offset()}{Address()})",
        < 5 => $"({random.Pick(Loads64)} {Offset()}{Address()})",
        5 => $"(f32.load {Offset()}{Address()})",
        6 => $"(f64.load {Offset()}{Address()})",
        _ => $"({random.Pick(LoadsVector)} {Offset()}{Address()})",
    };

    private string Store(string at, int offset)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"offset={offset} {at}");
        return random.Below(9) switch
        {
            0 => $"(i32.store {where} {I32()})",
            1 => $"(i32.store8 {where} {I32()})",
            2 => $"(i32.store16 {where} {I32()})",
            3 => $"(i64.store {where} {I64()})",
            4 => $"(i64.store{random.Pick([8, 16, 32])} {where} {I64()})",
            5 => $"(f32.store {where} {F32()})",
            6 => $"(f64.store {where} {F64()})",
            7 => $"(v128.store {where} {V128()})",
            _ => random.OneIn(2) ? $"(i32.store {where} (i32.const -1))" : $"(i64.store {where} (i64.const 7))",
        };
    }

    private string Constant(int bits)
    {
        var value = random.Below(8) switch { 0 => 0, 1 => 1, 2 => -1, 3 => 255, 4 => 65535, 5 => 1L << random.Below(bits), 6 => random.Below(64), _ => (long)random.Next() };
        return string.Create(CultureInfo.InvariantCulture, $"(i{bits}.const {(bits == 32 ? (int)value : value)})");
    }

    private string I32()
    {
        if (++depth > 7)
        {
            depth--;
            return random.Pick(["(local.get $c)", "(local.get $x)", "(local.get $z)"]);
        }

        var made = random.Below(24) switch
        {
            < 6 => $"({random.Pick(Loads32)} {Offset()}{Address()})",
            6 => "(local.get $x)",
            7 => random.Pick(["(local.get $c)", "(local.get $z)"]),
            8 => Constant(32),
            < 12 => $"(i32.{random.Pick(Binary)} {I32()} {(random.OneIn(2) ? Constant(32) : I32())})",
            12 => $"(i32.{random.Pick(Compare)} {I32()} {(random.OneIn(2) ? Constant(32) : I32())})",
            13 => $"(i64.{random.Pick(Compare)} {I64()} {(random.OneIn(2) ? Constant(64) : I64())})",
            14 => $"(i32.wrap_i64 {I64()})",
            15 => $"(i32.eqz {I32()})",
            16 => $"(i32.{random.Pick(["extend8_s", "extend16_s", "clz", "ctz", "popcnt"])} {I32()})",
            17 => $"(i32.reinterpret_f32 {F32()})",
            18 => $"(f64.{random.Pick(["lt", "eq", "ge"])} {F64()} {F64()})",
            19 => $"(local.tee $x {I32()})",
            20 => $"(select {I32()} {I32()} {I32()})",
            21 => $"(call ${random.Pick(["mask", "peek"])} {Address()})",
            22 => $"(i32.{random.Pick(["div_u", "rem_u", "div_s", "rem_s"])} {I32()} {(random.OneIn(2) ? Constant(32) : I32())})",
            _ => random.OneIn(2) ? $"({random.Pick(["i8x16", "i16x8"])}.extract_lane_{random.Pick(["s", "u"])} {random.Below(8)} {V128()})" : $"(i32x4.extract_lane {random.Below(4)} {V128()})",
        };
        depth--;
        return made;
    }

    private string I64()
    {
        if (++depth > 7)
        {
            depth--;
            return "(local.get $y)";
        }

        var made = random.Below(16) switch
        {
            < 5 => $"({random.Pick(Loads64)} {Offset()}{Address()})",
            5 => "(local.get $y)",
            6 => Constant(64),
            < 10 => $"(i64.{random.Pick(Binary)} {I64()} {(random.OneIn(2) ? Constant(64) : I64())})",
            10 => $"(i64.extend_i32_{random.Pick(["s", "u"])} {I32()})",
            11 => $"(i64.{random.Pick(["extend8_s", "extend16_s", "extend32_s"])} {I64()})",
            12 => $"(i64.reinterpret_f64 {F64()})",
            13 => $"(local.tee $y {I64()})",
            14 => $"(call $apart {Address()})",
            _ => $"(i64x2.extract_lane {random.Below(2)} {V128()})",
        };
        depth--;
        return made;
    }

    private string F32()
    {
        if (++depth > 7)
        {
            depth--;
            return "(local.get $u)";
        }

        var made = random.Below(8) switch
        {
            < 3 => $"(f32.load {Offset()}{Address()})",
            3 => "(local.get $u)",
            4 => $"(f32.{random.Pick(["abs", "neg"])} {F32()})",
            5 => $"(f32.{random.Pick(["add", "mul", "sub", "copysign", "min"])} {F32()} {F32()})",
            6 => $"(f32.reinterpret_i32 {I32()})",
            _ => $"(f32.demote_f64 {F64()})",
        };
        depth--;
        return made;
    }

    private string F64()
    {
        if (++depth > 7)
        {
            depth--;
            return "(local.get $w)";
        }

        var made = random.Below(8) switch
        {
            < 3 => $"(f64.load {Offset()}{Address()})",
            3 => "(local.get $w)",
            4 => $"(f64.{random.Pick(["abs", "neg", "sqrt"])} {F64()})",
            5 => $"(f64.{random.Pick(["add", "mul", "sub", "copysign", "max"])} {F64()} {F64()})",
            6 => $"(f64.reinterpret_i64 {I64()})",
            _ => $"(f64.convert_i32_{random.Pick(["s", "u"])} {I32()})",
        };
        depth--;
        return made;
    }

    private string V128()
    {
        if (++depth > 7)
        {
            depth--;
            return "(local.get $v)";
        }

        var made = random.Below(14) switch
        {
            < 4 => $"({random.Pick(LoadsVector)} {Offset()}{Address()})",
            4 => "(local.get $v)",
            5 => "(v128.const i64x2 0 -1)",
            6 => $"({random.Pick(Shapes)}.{random.Pick(["add", "sub", "ne", "eq"])} {V128()} {V128()})",
            7 => $"(v128.{random.Pick(["and", "or", "xor", "andnot"])} {V128()} {V128()})",
            8 => $"(i32x4.splat {I32()})",
            9 => $"(v128.load{random.Pick(["8_lane", "16_lane", "32_lane", "64_lane"])} {Offset()}{random.Below(2)} {Address()} {V128()})",
            10 => $"(i32x4.replace_lane {random.Below(4)} {V128()} {I32()})",
            11 => $"(i8x16.shuffle {string.Join(' ', Enumerable.Range(0, 16).Select(_ => random.Below(random.OneIn(2) ? 8 : 32)))} {V128()} {V128()})",
            12 => $"(i16x8.extend_{random.Pick(["low", "high"])}_i8x16_u {V128()})",
            _ => $"(v128.bitselect {V128()} {V128()} {V128()})",
        };
        depth--;
        return made;
    }
}
