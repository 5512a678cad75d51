using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile.Demand;

/// <summary>The same for instructions on vectors.</summary>
internal static class VectorRules
{
    private enum Shape : byte
    {
        /// <summary>Little is known.</summary>
        Other,

        /// <summary>Every lane of every operand goes into the result.</summary>
        Lanes,

        /// <summary>The highest lane is looked at.</summary>
        High,
        ExtractLane,
        ReplaceNarrow,
        ReplaceWide,
        SplatNarrow,
        SplatWide,
        ShiftRight,
        Shuffle,
        StoreLane,
        LoadLane,
        Store,
        And,
        Or,
    }

    // Of vectors a bit of a need stands for a byte.
    private const ulong Bytes = 0xFFFF;
    private const ulong Last = 1UL << 15;
    private static readonly Shape[] Shapes = Make();

    /// <summary>What follows for an operand: 0, 1 or 2.</summary>
    public static (ulong Need, Cuts Cuts) Operand(FunctionTrace trace, in Step step, int number, ulong need)
    {
        var whole = (need & Bytes) == Bytes;
        switch (Shapes[(int)step.Opcode & 0xFFFF])
        {
            case Shape.Store:
                return (Bytes, Cuts.None);
            case Shape.Lanes:
                return (whole ? Bytes : 0, Cuts.Any);
            case Shape.High:
                return (whole ? Last : 0, Cuts.Any);
            case Shape.ExtractLane:
                return (need == OperandRules.All && IsLast(in step) ? Last : 0, Cuts.Any);
            case Shape.StoreLane:
                return (number == 0 || step.Index == (16 >> OpcodeTable.Get(step.Opcode).Natural) - 1 ? Last : 0, Cuts.Any);
            case Shape.LoadLane:
                return (whole && step.Index != (16 >> OpcodeTable.Get(step.Opcode).Natural) - 1 ? Last : 0, Cuts.Any);
            case Shape.ReplaceNarrow or Shape.ReplaceWide when number == 0:
                return (whole && !IsLast(in step) ? Last : 0, Cuts.Any);
            case Shape.ReplaceWide or Shape.SplatWide:
                return (whole ? OperandRules.All : 0, Cuts.None);
            case Shape.ShiftRight when number == 0:
                return (whole ? Last : 0, Cuts.Any);
            case Shape.Shuffle:
                return (whole && (step.Index & (number + 1)) != 0 ? Last : 0, Cuts.Any);
            case Shape.And when trace.TryConstant(number == 0 ? step.B : step.A, out var mask):
                return (whole && (byte)(mask >> 56) != 0 ? Last : 0, Cuts.Any);
            case Shape.Or when trace.TryConstant(number == 0 ? step.B : step.A, out var bits):
                return (whole && (byte)(bits >> 56) != 0xFF ? Last : 0, Cuts.Any);
            default:
                return (0, Cuts.Any);
        }
    }

    private static bool IsLast(in Step step) => step.Index == OpcodeTable.Get(step.Opcode).Natural - 1;

    private static Shape[] Make()
    {
        var rows = OpcodeTable.Instructions.Where(row => (int)row.Opcode >> 16 == 0xFD).ToArray();
        var shapes = new Shape[rows.Max(row => (int)row.Opcode & 0xFFFF) + 1];
        foreach (var row in rows)
        {
            shapes[(int)row.Opcode & 0xFFFF] = Of(row);
        }

        return shapes;
    }

    private static Shape Of(OpcodeInfo row)
    {
        var dot = row.Name.IndexOf('.', StringComparison.Ordinal);
        var shape = row.Name[..dot];
        var operation = row.Name[(dot + 1)..];
        var narrow = shape is "i8x16" or "i16x8";
        var floats = shape is "f32x4" or "f64x2";
        return operation switch
        {
            "store" => Shape.Store,
            "store8_lane" or "store16_lane" or "store32_lane" or "store64_lane" => Shape.StoreLane,
            "load8_lane" or "load16_lane" or "load32_lane" or "load64_lane" => Shape.LoadLane,
            "extract_lane" or "extract_lane_s" or "extract_lane_u" => Shape.ExtractLane,
            "replace_lane" => narrow ? Shape.ReplaceNarrow : Shape.ReplaceWide,
            "splat" => narrow ? Shape.SplatNarrow : Shape.SplatWide,
            "shuffle" => Shape.Shuffle,
            "and" => Shape.And,
            "or" => Shape.Or,
            "not" or "add" or "neg" or "avgr_u" or "add_sat_s" or "add_sat_u" => Shape.Lanes,
            "sub" or "mul" or "div" or "sqrt" or "min" or "max" or "pmin" or "pmax" or "ceil" or "floor" or "trunc" or "nearest" when floats => Shape.Lanes,
            "abs" or "bitmask" or "any_true" or "all_true" or "popcnt" => Shape.High,
            "shr_s" or "shr_u" => Shape.ShiftRight,
            _ when operation.StartsWith("extend_high", StringComparison.Ordinal) || operation.StartsWith("extadd_pairwise", StringComparison.Ordinal)
                || operation.StartsWith("convert_i32x4", StringComparison.Ordinal) || operation.StartsWith("trunc_sat_f32x4", StringComparison.Ordinal) => Shape.High,
            _ => Shape.Other,
        };
    }
}
