using System.Text;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Tests.Determinism;

/// <summary>A function for every instruction on floats whose NaN bits the specification leaves open, on operands that are NaNs of several kinds; and one for every kind of trap.</summary>
internal static class NanProgram
{
    private static readonly string[] Singles = ["nan:0x200000", "-nan:0x7fffff", "nan", "inf", "-0"];
    private static readonly string[] Doubles = ["nan:0x4000000000001", "-nan:0xfffffffffffff", "nan", "inf", "-0"];

    private static readonly (string Name, string Body)[] Traps =
    [
        ("unreachable", "unreachable"), ("divide", "(i32.div_s (i32.const 1) (i32.const 0))"), ("overflow", "(i32.div_s (i32.const -2147483648) (i32.const -1))"),
        ("convert", "(i32.trunc_f32_s (f32.const nan))"), ("load", "(i32.load (i32.const -1))"), ("store", "(i32.store (i32.const 65533) (i32.const 1)) (i32.const 0)"),
        ("element", "(call_indirect (result i32) (i32.const 9))"), ("empty", "(call_indirect (result i32) (i32.const 1))"), ("signature", "(call_indirect (result i64) (i32.const 0)) i32.wrap_i64"),
        ("recursion", "(call $recursion)"), ("fill", "(memory.fill (i32.const 65000) (i32.const 1) (i32.const 1000)) (i32.const 0)"),
    ];

    public static string Text()
    {
        var text = new StringBuilder("(module (memory 1) (table 2 funcref) (elem (i32.const 0) $zero) (func $zero (result i32) i32.const 0)\n");
        foreach (var row in OpcodeTable.Instructions.Where(row => row.Signature.Contains(':', StringComparison.Ordinal)))
        {
            var shape = Fuzz.Generation.OpcodeChoice.NanShape(row);
            if (shape != ' ')
            {
                Operations(text, row, shape);
            }
        }

        foreach (var (name, body) in Traps)
        {
            text.AppendLine($"(func ${name} (export \"trap-{name}\") (result i32) {body})");
        }

        return text.Append(')').ToString();
    }

    private static void Operations(StringBuilder text, OpcodeInfo row, char shape)
    {
        var operands = row.Signature[..row.Signature.IndexOf(':', StringComparison.Ordinal)];
        for (var i = 0; i < Singles.Length; i++)
        {
            var at = i;
            var call = $"({row.Name} {string.Join(' ', operands.Select(x => Operand(x, shape, at++)))})";
            var results = shape switch { 'f' => "i32", 'F' => "i64", _ => "i64 i64" };
            var body = shape switch
            {
                'f' => $"(i32.reinterpret_f32 {call})",
                'F' => $"(i64.reinterpret_f64 {call})",
                _ => $"(local.set 0 {call}) (i64x2.extract_lane 0 (local.get 0)) (i64x2.extract_lane 1 (local.get 0))",
            };
            text.AppendLine($"(func (export \"{row.Name}-{i}\") (result {results}) (local v128) {body})");
        }
    }

    private static string Operand(char letter, char shape, int at) => letter switch
    {
        'f' => $"(f32.const {Singles[at % Singles.Length]})",
        'F' => $"(f64.const {Doubles[at % Doubles.Length]})",
        _ when shape == '4' => $"(v128.const f32x4 {string.Join(' ', Enumerable.Range(0, 4).Select(lane => Singles[(at + lane) % Singles.Length]))})",
        _ => $"(v128.const f64x2 {Doubles[at % Doubles.Length]} {Doubles[(at + 1) % Doubles.Length]})",
    };
}
