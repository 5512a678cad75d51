using System.Collections.Frozen;

namespace Sojourn.Wasm.Text.Instructions;

/// <summary>Every instruction of WebAssembly 3.0, by name and by opcode.</summary>
/// <remarks>Core Specification 3.0, 5.4 "Instructions". The lists below are in opcode order; <c>-</c> leaves a code free.</remarks>
internal static class InstructionTable
{
    /// <summary>The instructions; a place in this array is an instruction's number within the reader.</summary>
    public static Instruction[] All { get; } = Build().ToArray();

    private static readonly FrozenDictionary<int, short> ByCode =
        All.Select((x, i) => (Key: (x.Prefix << 16) | x.Code, Index: (short)i)).ToFrozenDictionary(x => x.Key, x => x.Index);

    /// <summary>The number of the instruction with this opcode, or −1.</summary>
    public static int Find(int prefix, uint code) =>
        code < 0x10000 && ByCode.TryGetValue((prefix << 16) | (int)code, out var index) ? index : -1;

    private static IEnumerable<Instruction> Build() => Control().Concat(Numeric()).Concat(Bulk()).Concat(Collected()).Concat(Vector()).Concat(Relaxed());

    private static IEnumerable<Instruction> Control()
    {
        yield return new("unreachable", 0, 0x00, Immediate.None);
        yield return new("nop", 0, 0x01, Immediate.None);
        yield return new("block", 0, 0x02, Immediate.Block);
        yield return new("loop", 0, 0x03, Immediate.Block);
        yield return new("if", 0, 0x04, Immediate.If);
        yield return new("else", 0, 0x05, Immediate.Else);
        yield return new("throw", 0, 0x08, Immediate.Tag);
        yield return new("throw_ref", 0, 0x0A, Immediate.None);
        yield return new("end", 0, 0x0B, Immediate.End);
        yield return new("br", 0, 0x0C, Immediate.Label);
        yield return new("br_if", 0, 0x0D, Immediate.Label);
        yield return new("br_table", 0, 0x0E, Immediate.LabelTable);
        yield return new("return", 0, 0x0F, Immediate.None);
        yield return new("call", 0, 0x10, Immediate.Function);
        yield return new("call_indirect", 0, 0x11, Immediate.CallIndirect);
        yield return new("return_call", 0, 0x12, Immediate.Function);
        yield return new("return_call_indirect", 0, 0x13, Immediate.CallIndirect);
        yield return new("call_ref", 0, 0x14, Immediate.Type);
        yield return new("return_call_ref", 0, 0x15, Immediate.Type);
        yield return new("drop", 0, 0x1A, Immediate.None);
        yield return new("select", 0, 0x1B, Immediate.Select);
        yield return new("try_table", 0, 0x1F, Immediate.TryTable);
        yield return new("local.get", 0, 0x20, Immediate.Local);
        yield return new("local.set", 0, 0x21, Immediate.Local);
        yield return new("local.tee", 0, 0x22, Immediate.Local);
        yield return new("global.get", 0, 0x23, Immediate.Global);
        yield return new("global.set", 0, 0x24, Immediate.Global);
        yield return new("table.get", 0, 0x25, Immediate.Table);
        yield return new("table.set", 0, 0x26, Immediate.Table);
        yield return new("ref.null", 0, 0xD0, Immediate.HeapType);
        yield return new("ref.is_null", 0, 0xD1, Immediate.None);
        yield return new("ref.func", 0, 0xD2, Immediate.Function);
        yield return new("ref.eq", 0, 0xD3, Immediate.None);
        yield return new("ref.as_non_null", 0, 0xD4, Immediate.None);
        yield return new("br_on_null", 0, 0xD5, Immediate.Label);
        yield return new("br_on_non_null", 0, 0xD6, Immediate.Label);
    }

    private static IEnumerable<Instruction> Numeric()
    {
        foreach (var x in Accesses(0, 0x28,
            "i32.load:2 i64.load:3 f32.load:2 f64.load:3 i32.load8_s:0 i32.load8_u:0 i32.load16_s:1 i32.load16_u:1 "
            + "i64.load8_s:0 i64.load8_u:0 i64.load16_s:1 i64.load16_u:1 i64.load32_s:2 i64.load32_u:2 "
            + "i32.store:2 i64.store:3 f32.store:2 f64.store:3 i32.store8:0 i32.store16:1 i64.store8:0 i64.store16:1 i64.store32:2"))
        {
            yield return x;
        }

        yield return new("memory.size", 0, 0x3F, Immediate.Memory);
        yield return new("memory.grow", 0, 0x40, Immediate.Memory);
        yield return new("i32.const", 0, 0x41, Immediate.I32);
        yield return new("i64.const", 0, 0x42, Immediate.I64);
        yield return new("f32.const", 0, 0x43, Immediate.F32);
        yield return new("f64.const", 0, 0x44, Immediate.F64);

        const string IntegerTests = "eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
        const string FloatTests = "eq ne lt gt le ge";
        const string IntegerOperations = "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr";
        const string FloatOperations = "abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign";
        foreach (var x in Run(0, 0x45, string.Join(' ', Of("i32", IntegerTests), Of("i64", IntegerTests), Of("f32", FloatTests), Of("f64", FloatTests),
            Of("i32", IntegerOperations), Of("i64", IntegerOperations), Of("f32", FloatOperations), Of("f64", FloatOperations),
            "i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u i64.extend_i32_s i64.extend_i32_u "
            + "i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64 "
            + "f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32 "
            + "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64 "
            + "i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s")))
        {
            yield return x;
        }
    }

    private static IEnumerable<Instruction> Bulk()
    {
        foreach (var x in Run(0xFC, 0,
            "i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u"))
        {
            yield return x;
        }

        yield return new("memory.init", 0xFC, 8, Immediate.MemoryInit);
        yield return new("data.drop", 0xFC, 9, Immediate.DataSegment);
        yield return new("memory.copy", 0xFC, 10, Immediate.MemoryCopy);
        yield return new("memory.fill", 0xFC, 11, Immediate.Memory);
        yield return new("table.init", 0xFC, 12, Immediate.TableInit);
        yield return new("elem.drop", 0xFC, 13, Immediate.ElementSegment);
        yield return new("table.copy", 0xFC, 14, Immediate.TableCopy);
        yield return new("table.grow", 0xFC, 15, Immediate.Table);
        yield return new("table.size", 0xFC, 16, Immediate.Table);
        yield return new("table.fill", 0xFC, 17, Immediate.Table);
    }

    private static IEnumerable<Instruction> Collected()
    {
        yield return new("struct.new", 0xFB, 0, Immediate.Type);
        yield return new("struct.new_default", 0xFB, 1, Immediate.Type);
        yield return new("struct.get", 0xFB, 2, Immediate.Field);
        yield return new("struct.get_s", 0xFB, 3, Immediate.Field);
        yield return new("struct.get_u", 0xFB, 4, Immediate.Field);
        yield return new("struct.set", 0xFB, 5, Immediate.Field);
        yield return new("array.new", 0xFB, 6, Immediate.Type);
        yield return new("array.new_default", 0xFB, 7, Immediate.Type);
        yield return new("array.new_fixed", 0xFB, 8, Immediate.TypeCount);
        yield return new("array.new_data", 0xFB, 9, Immediate.TypeData);
        yield return new("array.new_elem", 0xFB, 10, Immediate.TypeElement);
        yield return new("array.get", 0xFB, 11, Immediate.Type);
        yield return new("array.get_s", 0xFB, 12, Immediate.Type);
        yield return new("array.get_u", 0xFB, 13, Immediate.Type);
        yield return new("array.set", 0xFB, 14, Immediate.Type);
        yield return new("array.len", 0xFB, 15, Immediate.None);
        yield return new("array.fill", 0xFB, 16, Immediate.Type);
        yield return new("array.copy", 0xFB, 17, Immediate.TypeType);
        yield return new("array.init_data", 0xFB, 18, Immediate.TypeData);
        yield return new("array.init_elem", 0xFB, 19, Immediate.TypeElement);

        // The second code of each pair, one more, is the nullable form.
        yield return new("ref.test", 0xFB, 20, Immediate.ReferenceType);
        yield return new("ref.cast", 0xFB, 22, Immediate.ReferenceType);
        yield return new("br_on_cast", 0xFB, 24, Immediate.BranchOnCast);
        yield return new("br_on_cast_fail", 0xFB, 25, Immediate.BranchOnCast);
        foreach (var x in Run(0xFB, 26, "any.convert_extern extern.convert_any ref.i31 i31.get_s i31.get_u"))
        {
            yield return x;
        }
    }

    private static IEnumerable<Instruction> Vector()
    {
        foreach (var x in Accesses(0xFD, 0,
            "v128.load:4 v128.load8x8_s:3 v128.load8x8_u:3 v128.load16x4_s:3 v128.load16x4_u:3 v128.load32x2_s:3 v128.load32x2_u:3 "
            + "v128.load8_splat:0 v128.load16_splat:1 v128.load32_splat:2 v128.load64_splat:3 v128.store:4"))
        {
            yield return x;
        }

        yield return new("v128.const", 0xFD, 12, Immediate.V128);
        yield return new("i8x16.shuffle", 0xFD, 13, Immediate.Shuffle);
        foreach (var x in Run(0xFD, 14, "i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat"))
        {
            yield return x;
        }

        foreach (var x in Run(0xFD, 21,
            "i8x16.extract_lane_s i8x16.extract_lane_u i8x16.replace_lane i16x8.extract_lane_s i16x8.extract_lane_u i16x8.replace_lane "
            + "i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane",
            Immediate.Lane))
        {
            yield return x;
        }

        const string IntegerTests = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
        const string FloatTests = "eq ne lt gt le ge";
        foreach (var x in Run(0xFD, 35, string.Join(' ', Of("i8x16", IntegerTests), Of("i16x8", IntegerTests), Of("i32x4", IntegerTests),
            Of("f32x4", FloatTests), Of("f64x2", FloatTests), "v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true")))
        {
            yield return x;
        }

        foreach (var x in Accesses(0xFD, 84,
            "v128.load8_lane:0 v128.load16_lane:1 v128.load32_lane:2 v128.load64_lane:3 v128.store8_lane:0 v128.store16_lane:1 v128.store32_lane:2 v128.store64_lane:3",
            Immediate.MemoryArgumentLane))
        {
            yield return x;
        }

        foreach (var x in Accesses(0xFD, 92, "v128.load32_zero:2 v128.load64_zero:3"))
        {
            yield return x;
        }

        foreach (var x in Run(0xFD, 94,
            "f32x4.demote_f64x2_zero f64x2.promote_low_f32x4 "
            + "i8x16.abs i8x16.neg i8x16.popcnt i8x16.all_true i8x16.bitmask i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u "
            + "f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest i8x16.shl i8x16.shr_s i8x16.shr_u "
            + "i8x16.add i8x16.add_sat_s i8x16.add_sat_u i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u f64x2.ceil f64x2.floor "
            + "i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u f64x2.trunc i8x16.avgr_u "
            + "i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u "
            + "i16x8.abs i16x8.neg i16x8.q15mulr_sat_s i16x8.all_true i16x8.bitmask i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u "
            + "i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u i16x8.shl i16x8.shr_s i16x8.shr_u "
            + "i16x8.add i16x8.add_sat_s i16x8.add_sat_u i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u f64x2.nearest "
            + "i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u - i16x8.avgr_u "
            + "i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u "
            + "i32x4.abs i32x4.neg - i32x4.all_true i32x4.bitmask - - "
            + "i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u i32x4.shl i32x4.shr_s i32x4.shr_u "
            + "i32x4.add - - i32x4.sub - - - i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u i32x4.dot_i16x8_s - "
            + "i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u "
            + "i64x2.abs i64x2.neg - i64x2.all_true i64x2.bitmask - - "
            + "i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u i64x2.shl i64x2.shr_s i64x2.shr_u "
            + "i64x2.add - - i64x2.sub - - - i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s "
            + "i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u "
            + "f32x4.abs f32x4.neg - f32x4.sqrt f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax "
            + "f64x2.abs f64x2.neg - f64x2.sqrt f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax "
            + "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u "
            + "i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u"))
        {
            yield return x;
        }
    }

    private static IEnumerable<Instruction> Relaxed() => Run(0xFD, 256,
        "i8x16.relaxed_swizzle i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero "
        + "f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd f64x2.relaxed_nmadd "
        + "i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect "
        + "f32x4.relaxed_min f32x4.relaxed_max f64x2.relaxed_min f64x2.relaxed_max "
        + "i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s i32x4.relaxed_dot_i8x16_i7x16_add_s");

    private static string Of(string type, string names) => string.Join(' ', names.Split(' ').Select(name => $"{type}.{name}"));

    private static IEnumerable<Instruction> Run(byte prefix, int first, string names, Immediate immediate = Immediate.None) =>
        names.Split(' ').Select((name, i) => new Instruction(name, prefix, (ushort)(first + i), immediate)).Where(x => x.Name != "-");

    private static IEnumerable<Instruction> Accesses(byte prefix, int first, string names, Immediate immediate = Immediate.MemoryArgument) =>
        names.Split(' ').Select((name, i) => new Instruction(name[..^2], prefix, (ushort)(first + i), immediate, (byte)(name[^1] - '0')));
}
