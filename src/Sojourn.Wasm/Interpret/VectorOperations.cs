using System.Numerics;
using System.Runtime.Intrinsics;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <summary>The vector instructions, lane by lane. Relaxed ones behave as in the deterministic profile.</summary>
internal static class VectorOperations
{
    /// <summary>Computes the result of one instruction.</summary>
    /// <param name="opcode">An instruction on vectors that does not touch memory.</param>
    /// <param name="a0">The first operand.</param>
    /// <param name="b0">The second operand, or anything where there is none.</param>
    /// <param name="c0">The third operand, or anything where there is none.</param>
    /// <param name="lane">The lane named by the instruction.</param>
    /// <param name="result">The result.</param>
    /// <returns>False where the instruction is not one of these.</returns>
    public static bool TryCompute(Opcode opcode, in Slot a0, in Slot b0, in Slot c0, int lane, out Slot result)
    {
        result = default;
        var a = a0.V128;
        var b = b0.V128;
        var c = c0.V128;
        var count = b0.U32;
        switch (opcode)
        {
            case Opcode.I8x16Splat:
                result.V128 = Lanes.Splat<byte>((byte)a0.Low);
                break;
            case Opcode.I8x16ExtractLaneS:
                result.I32 = Lanes.Get<sbyte>(a, lane);
                break;
            case Opcode.I8x16ExtractLaneU:
                result.U32 = Lanes.Get<byte>(a, lane);
                break;
            case Opcode.I8x16ReplaceLane:
                result.V128 = Lanes.Set(a, lane, (byte)b0.Low);
                break;
            case Opcode.I8x16Eq:
                result.V128 = Lanes.Compare<byte>(a, b, (x, y) => x == y);
                break;
            case Opcode.I8x16Ne:
                result.V128 = Lanes.Compare<byte>(a, b, (x, y) => x != y);
                break;
            case Opcode.I8x16LtS:
                result.V128 = Lanes.Compare<sbyte>(a, b, (x, y) => x < y);
                break;
            case Opcode.I8x16LtU:
                result.V128 = Lanes.Compare<byte>(a, b, (x, y) => x < y);
                break;
            case Opcode.I8x16GtS:
                result.V128 = Lanes.Compare<sbyte>(a, b, (x, y) => x > y);
                break;
            case Opcode.I8x16GtU:
                result.V128 = Lanes.Compare<byte>(a, b, (x, y) => x > y);
                break;
            case Opcode.I8x16LeS:
                result.V128 = Lanes.Compare<sbyte>(a, b, (x, y) => x <= y);
                break;
            case Opcode.I8x16LeU:
                result.V128 = Lanes.Compare<byte>(a, b, (x, y) => x <= y);
                break;
            case Opcode.I8x16GeS:
                result.V128 = Lanes.Compare<sbyte>(a, b, (x, y) => x >= y);
                break;
            case Opcode.I8x16GeU:
                result.V128 = Lanes.Compare<byte>(a, b, (x, y) => x >= y);
                break;
            case Opcode.I8x16Abs:
                result.V128 = Lanes.Map<sbyte>(a, x => unchecked((sbyte)(x < 0 ? -x : x)));
                break;
            case Opcode.I8x16Neg:
                result.V128 = Lanes.Map<sbyte>(a, x => unchecked((sbyte)-x));
                break;
            case Opcode.I8x16AllTrue:
                result.Flag = Lanes.All<byte>(a, x => x != 0);
                break;
            case Opcode.I8x16Bitmask:
                result.U32 = Lanes.Mask<sbyte>(a, x => x < 0);
                break;
            case Opcode.I8x16Shl:
                result.V128 = Lanes.Map<byte>(a, x => (byte)(x << (int)(count & 7)));
                break;
            case Opcode.I8x16ShrS:
                result.V128 = Lanes.Map<sbyte>(a, x => (sbyte)(x >> (int)(count & 7)));
                break;
            case Opcode.I8x16ShrU:
                result.V128 = Lanes.Map<byte>(a, x => (byte)(x >> (int)(count & 7)));
                break;
            case Opcode.I8x16Add:
                result.V128 = Lanes.Zip<byte>(a, b, (x, y) => unchecked((byte)(x + y)));
                break;
            case Opcode.I8x16AddSatS:
                result.V128 = Lanes.Zip<sbyte>(a, b, (x, y) => (sbyte)Math.Clamp(x + y, sbyte.MinValue, sbyte.MaxValue));
                break;
            case Opcode.I8x16AddSatU:
                result.V128 = Lanes.Zip<byte>(a, b, (x, y) => (byte)Math.Clamp(x + y, byte.MinValue, byte.MaxValue));
                break;
            case Opcode.I8x16Sub:
                result.V128 = Lanes.Zip<byte>(a, b, (x, y) => unchecked((byte)(x - y)));
                break;
            case Opcode.I8x16SubSatS:
                result.V128 = Lanes.Zip<sbyte>(a, b, (x, y) => (sbyte)Math.Clamp(x - y, sbyte.MinValue, sbyte.MaxValue));
                break;
            case Opcode.I8x16SubSatU:
                result.V128 = Lanes.Zip<byte>(a, b, (x, y) => (byte)Math.Clamp(x - y, byte.MinValue, byte.MaxValue));
                break;
            case Opcode.I8x16MinS:
                result.V128 = Lanes.Zip<sbyte>(a, b, Math.Min);
                break;
            case Opcode.I8x16MinU:
                result.V128 = Lanes.Zip<byte>(a, b, Math.Min);
                break;
            case Opcode.I8x16MaxS:
                result.V128 = Lanes.Zip<sbyte>(a, b, Math.Max);
                break;
            case Opcode.I8x16MaxU:
                result.V128 = Lanes.Zip<byte>(a, b, Math.Max);
                break;
            case Opcode.I8x16AvgrU:
                result.V128 = Lanes.Zip<byte>(a, b, (x, y) => (byte)((x + y + 1) / 2));
                break;
            case Opcode.I8x16RelaxedLaneselect:
                result.V128 = (a & c) | (b & ~c);
                break;
            case Opcode.I16x8Splat:
                result.V128 = Lanes.Splat<ushort>((ushort)a0.Low);
                break;
            case Opcode.I16x8ExtractLaneS:
                result.I32 = Lanes.Get<short>(a, lane);
                break;
            case Opcode.I16x8ExtractLaneU:
                result.U32 = Lanes.Get<ushort>(a, lane);
                break;
            case Opcode.I16x8ReplaceLane:
                result.V128 = Lanes.Set(a, lane, (ushort)b0.Low);
                break;
            case Opcode.I16x8Eq:
                result.V128 = Lanes.Compare<ushort>(a, b, (x, y) => x == y);
                break;
            case Opcode.I16x8Ne:
                result.V128 = Lanes.Compare<ushort>(a, b, (x, y) => x != y);
                break;
            case Opcode.I16x8LtS:
                result.V128 = Lanes.Compare<short>(a, b, (x, y) => x < y);
                break;
            case Opcode.I16x8LtU:
                result.V128 = Lanes.Compare<ushort>(a, b, (x, y) => x < y);
                break;
            case Opcode.I16x8GtS:
                result.V128 = Lanes.Compare<short>(a, b, (x, y) => x > y);
                break;
            case Opcode.I16x8GtU:
                result.V128 = Lanes.Compare<ushort>(a, b, (x, y) => x > y);
                break;
            case Opcode.I16x8LeS:
                result.V128 = Lanes.Compare<short>(a, b, (x, y) => x <= y);
                break;
            case Opcode.I16x8LeU:
                result.V128 = Lanes.Compare<ushort>(a, b, (x, y) => x <= y);
                break;
            case Opcode.I16x8GeS:
                result.V128 = Lanes.Compare<short>(a, b, (x, y) => x >= y);
                break;
            case Opcode.I16x8GeU:
                result.V128 = Lanes.Compare<ushort>(a, b, (x, y) => x >= y);
                break;
            case Opcode.I16x8Abs:
                result.V128 = Lanes.Map<short>(a, x => unchecked((short)(x < 0 ? -x : x)));
                break;
            case Opcode.I16x8Neg:
                result.V128 = Lanes.Map<short>(a, x => unchecked((short)-x));
                break;
            case Opcode.I16x8AllTrue:
                result.Flag = Lanes.All<ushort>(a, x => x != 0);
                break;
            case Opcode.I16x8Bitmask:
                result.U32 = Lanes.Mask<short>(a, x => x < 0);
                break;
            case Opcode.I16x8Shl:
                result.V128 = Lanes.Map<ushort>(a, x => (ushort)(x << (int)(count & 15)));
                break;
            case Opcode.I16x8ShrS:
                result.V128 = Lanes.Map<short>(a, x => (short)(x >> (int)(count & 15)));
                break;
            case Opcode.I16x8ShrU:
                result.V128 = Lanes.Map<ushort>(a, x => (ushort)(x >> (int)(count & 15)));
                break;
            case Opcode.I16x8Add:
                result.V128 = Lanes.Zip<ushort>(a, b, (x, y) => unchecked((ushort)(x + y)));
                break;
            case Opcode.I16x8AddSatS:
                result.V128 = Lanes.Zip<short>(a, b, (x, y) => (short)Math.Clamp(x + y, short.MinValue, short.MaxValue));
                break;
            case Opcode.I16x8AddSatU:
                result.V128 = Lanes.Zip<ushort>(a, b, (x, y) => (ushort)Math.Clamp(x + y, ushort.MinValue, ushort.MaxValue));
                break;
            case Opcode.I16x8Sub:
                result.V128 = Lanes.Zip<ushort>(a, b, (x, y) => unchecked((ushort)(x - y)));
                break;
            case Opcode.I16x8SubSatS:
                result.V128 = Lanes.Zip<short>(a, b, (x, y) => (short)Math.Clamp(x - y, short.MinValue, short.MaxValue));
                break;
            case Opcode.I16x8SubSatU:
                result.V128 = Lanes.Zip<ushort>(a, b, (x, y) => (ushort)Math.Clamp(x - y, ushort.MinValue, ushort.MaxValue));
                break;
            case Opcode.I16x8Mul:
                result.V128 = Lanes.Zip<ushort>(a, b, (x, y) => unchecked((ushort)(x * y)));
                break;
            case Opcode.I16x8MinS:
                result.V128 = Lanes.Zip<short>(a, b, Math.Min);
                break;
            case Opcode.I16x8MinU:
                result.V128 = Lanes.Zip<ushort>(a, b, Math.Min);
                break;
            case Opcode.I16x8MaxS:
                result.V128 = Lanes.Zip<short>(a, b, Math.Max);
                break;
            case Opcode.I16x8MaxU:
                result.V128 = Lanes.Zip<ushort>(a, b, Math.Max);
                break;
            case Opcode.I16x8AvgrU:
                result.V128 = Lanes.Zip<ushort>(a, b, (x, y) => (ushort)((x + y + 1) / 2));
                break;
            case Opcode.I16x8RelaxedLaneselect:
                result.V128 = (a & c) | (b & ~c);
                break;
            case Opcode.I32x4Splat:
                result.V128 = Lanes.Splat<uint>((uint)a0.Low);
                break;
            case Opcode.I32x4ExtractLane:
                result.U32 = Lanes.Get<uint>(a, lane);
                break;
            case Opcode.I32x4ReplaceLane:
                result.V128 = Lanes.Set(a, lane, (uint)b0.Low);
                break;
            case Opcode.I32x4Eq:
                result.V128 = Lanes.Compare<uint>(a, b, (x, y) => x == y);
                break;
            case Opcode.I32x4Ne:
                result.V128 = Lanes.Compare<uint>(a, b, (x, y) => x != y);
                break;
            case Opcode.I32x4LtS:
                result.V128 = Lanes.Compare<int>(a, b, (x, y) => x < y);
                break;
            case Opcode.I32x4LtU:
                result.V128 = Lanes.Compare<uint>(a, b, (x, y) => x < y);
                break;
            case Opcode.I32x4GtS:
                result.V128 = Lanes.Compare<int>(a, b, (x, y) => x > y);
                break;
            case Opcode.I32x4GtU:
                result.V128 = Lanes.Compare<uint>(a, b, (x, y) => x > y);
                break;
            case Opcode.I32x4LeS:
                result.V128 = Lanes.Compare<int>(a, b, (x, y) => x <= y);
                break;
            case Opcode.I32x4LeU:
                result.V128 = Lanes.Compare<uint>(a, b, (x, y) => x <= y);
                break;
            case Opcode.I32x4GeS:
                result.V128 = Lanes.Compare<int>(a, b, (x, y) => x >= y);
                break;
            case Opcode.I32x4GeU:
                result.V128 = Lanes.Compare<uint>(a, b, (x, y) => x >= y);
                break;
            case Opcode.I32x4Abs:
                result.V128 = Lanes.Map<int>(a, x => unchecked((int)(x < 0 ? -x : x)));
                break;
            case Opcode.I32x4Neg:
                result.V128 = Lanes.Map<int>(a, x => unchecked((int)-x));
                break;
            case Opcode.I32x4AllTrue:
                result.Flag = Lanes.All<uint>(a, x => x != 0);
                break;
            case Opcode.I32x4Bitmask:
                result.U32 = Lanes.Mask<int>(a, x => x < 0);
                break;
            case Opcode.I32x4Shl:
                result.V128 = Lanes.Map<uint>(a, x => (uint)(x << (int)(count & 31)));
                break;
            case Opcode.I32x4ShrS:
                result.V128 = Lanes.Map<int>(a, x => (int)(x >> (int)(count & 31)));
                break;
            case Opcode.I32x4ShrU:
                result.V128 = Lanes.Map<uint>(a, x => (uint)(x >> (int)(count & 31)));
                break;
            case Opcode.I32x4Add:
                result.V128 = Lanes.Zip<uint>(a, b, (x, y) => unchecked((uint)(x + y)));
                break;
            case Opcode.I32x4Sub:
                result.V128 = Lanes.Zip<uint>(a, b, (x, y) => unchecked((uint)(x - y)));
                break;
            case Opcode.I32x4Mul:
                result.V128 = Lanes.Zip<uint>(a, b, (x, y) => unchecked((uint)(x * y)));
                break;
            case Opcode.I32x4MinS:
                result.V128 = Lanes.Zip<int>(a, b, Math.Min);
                break;
            case Opcode.I32x4MinU:
                result.V128 = Lanes.Zip<uint>(a, b, Math.Min);
                break;
            case Opcode.I32x4MaxS:
                result.V128 = Lanes.Zip<int>(a, b, Math.Max);
                break;
            case Opcode.I32x4MaxU:
                result.V128 = Lanes.Zip<uint>(a, b, Math.Max);
                break;
            case Opcode.I32x4RelaxedLaneselect:
                result.V128 = (a & c) | (b & ~c);
                break;
            case Opcode.I64x2Splat:
                result.V128 = Lanes.Splat<ulong>((ulong)a0.Low);
                break;
            case Opcode.I64x2ExtractLane:
                result.Low = Lanes.Get<ulong>(a, lane);
                break;
            case Opcode.I64x2ReplaceLane:
                result.V128 = Lanes.Set(a, lane, (ulong)b0.Low);
                break;
            case Opcode.I64x2Eq:
                result.V128 = Lanes.Compare<ulong>(a, b, (x, y) => x == y);
                break;
            case Opcode.I64x2Ne:
                result.V128 = Lanes.Compare<ulong>(a, b, (x, y) => x != y);
                break;
            case Opcode.I64x2LtS:
                result.V128 = Lanes.Compare<long>(a, b, (x, y) => x < y);
                break;
            case Opcode.I64x2GtS:
                result.V128 = Lanes.Compare<long>(a, b, (x, y) => x > y);
                break;
            case Opcode.I64x2LeS:
                result.V128 = Lanes.Compare<long>(a, b, (x, y) => x <= y);
                break;
            case Opcode.I64x2GeS:
                result.V128 = Lanes.Compare<long>(a, b, (x, y) => x >= y);
                break;
            case Opcode.I64x2Abs:
                result.V128 = Lanes.Map<long>(a, x => unchecked((long)(x < 0 ? -x : x)));
                break;
            case Opcode.I64x2Neg:
                result.V128 = Lanes.Map<long>(a, x => unchecked((long)-x));
                break;
            case Opcode.I64x2AllTrue:
                result.Flag = Lanes.All<ulong>(a, x => x != 0);
                break;
            case Opcode.I64x2Bitmask:
                result.U32 = Lanes.Mask<long>(a, x => x < 0);
                break;
            case Opcode.I64x2Shl:
                result.V128 = Lanes.Map<ulong>(a, x => (ulong)(x << (int)(count & 63)));
                break;
            case Opcode.I64x2ShrS:
                result.V128 = Lanes.Map<long>(a, x => (long)(x >> (int)(count & 63)));
                break;
            case Opcode.I64x2ShrU:
                result.V128 = Lanes.Map<ulong>(a, x => (ulong)(x >> (int)(count & 63)));
                break;
            case Opcode.I64x2Add:
                result.V128 = Lanes.Zip<ulong>(a, b, (x, y) => unchecked((ulong)(x + y)));
                break;
            case Opcode.I64x2Sub:
                result.V128 = Lanes.Zip<ulong>(a, b, (x, y) => unchecked((ulong)(x - y)));
                break;
            case Opcode.I64x2Mul:
                result.V128 = Lanes.Zip<ulong>(a, b, (x, y) => unchecked((ulong)(x * y)));
                break;
            case Opcode.I64x2RelaxedLaneselect:
                result.V128 = (a & c) | (b & ~c);
                break;
            case Opcode.I8x16Popcnt:
                result.V128 = Lanes.Map<byte>(a, x => (byte)BitOperations.PopCount(x));
                break;
            case Opcode.I16x8ExtendLowI8x16S:
                result.V128 = Lanes.Widen<sbyte, short>(a, 0, x => x);
                break;
            case Opcode.I16x8ExtendLowI8x16U:
                result.V128 = Lanes.Widen<byte, ushort>(a, 0, x => x);
                break;
            case Opcode.I16x8ExtmulLowI8x16S:
                result.V128 = Lanes.WidenZip<sbyte, short>(a, b, 0, (x, y) => (short)((short)x * y));
                break;
            case Opcode.I16x8ExtmulLowI8x16U:
                result.V128 = Lanes.WidenZip<byte, ushort>(a, b, 0, (x, y) => (ushort)((ushort)x * y));
                break;
            case Opcode.I16x8ExtendHighI8x16S:
                result.V128 = Lanes.Widen<sbyte, short>(a, 8, x => x);
                break;
            case Opcode.I16x8ExtendHighI8x16U:
                result.V128 = Lanes.Widen<byte, ushort>(a, 8, x => x);
                break;
            case Opcode.I16x8ExtmulHighI8x16S:
                result.V128 = Lanes.WidenZip<sbyte, short>(a, b, 8, (x, y) => (short)((short)x * y));
                break;
            case Opcode.I16x8ExtmulHighI8x16U:
                result.V128 = Lanes.WidenZip<byte, ushort>(a, b, 8, (x, y) => (ushort)((ushort)x * y));
                break;
            case Opcode.I16x8ExtaddPairwiseI8x16S:
                result.V128 = Lanes.Pairs<sbyte, short>(a, a, (x, y, z, w) => (short)(x + y));
                break;
            case Opcode.I16x8ExtaddPairwiseI8x16U:
                result.V128 = Lanes.Pairs<byte, ushort>(a, a, (x, y, z, w) => (ushort)(x + y));
                break;
            case Opcode.I8x16NarrowI16x8S:
                result.V128 = Lanes.Narrow<short, sbyte>(a, b, x => (sbyte)Math.Clamp(x, sbyte.MinValue, sbyte.MaxValue));
                break;
            case Opcode.I8x16NarrowI16x8U:
                result.V128 = Lanes.Narrow<short, byte>(a, b, x => (byte)Math.Clamp(x, byte.MinValue, byte.MaxValue));
                break;
            case Opcode.I32x4ExtendLowI16x8S:
                result.V128 = Lanes.Widen<short, int>(a, 0, x => x);
                break;
            case Opcode.I32x4ExtendLowI16x8U:
                result.V128 = Lanes.Widen<ushort, uint>(a, 0, x => x);
                break;
            case Opcode.I32x4ExtmulLowI16x8S:
                result.V128 = Lanes.WidenZip<short, int>(a, b, 0, (x, y) => (int)((int)x * y));
                break;
            case Opcode.I32x4ExtmulLowI16x8U:
                result.V128 = Lanes.WidenZip<ushort, uint>(a, b, 0, (x, y) => (uint)((uint)x * y));
                break;
            case Opcode.I32x4ExtendHighI16x8S:
                result.V128 = Lanes.Widen<short, int>(a, 4, x => x);
                break;
            case Opcode.I32x4ExtendHighI16x8U:
                result.V128 = Lanes.Widen<ushort, uint>(a, 4, x => x);
                break;
            case Opcode.I32x4ExtmulHighI16x8S:
                result.V128 = Lanes.WidenZip<short, int>(a, b, 4, (x, y) => (int)((int)x * y));
                break;
            case Opcode.I32x4ExtmulHighI16x8U:
                result.V128 = Lanes.WidenZip<ushort, uint>(a, b, 4, (x, y) => (uint)((uint)x * y));
                break;
            case Opcode.I32x4ExtaddPairwiseI16x8S:
                result.V128 = Lanes.Pairs<short, int>(a, a, (x, y, z, w) => (int)(x + y));
                break;
            case Opcode.I32x4ExtaddPairwiseI16x8U:
                result.V128 = Lanes.Pairs<ushort, uint>(a, a, (x, y, z, w) => (uint)(x + y));
                break;
            case Opcode.I16x8NarrowI32x4S:
                result.V128 = Lanes.Narrow<int, short>(a, b, x => (short)Math.Clamp(x, short.MinValue, short.MaxValue));
                break;
            case Opcode.I16x8NarrowI32x4U:
                result.V128 = Lanes.Narrow<int, ushort>(a, b, x => (ushort)Math.Clamp(x, ushort.MinValue, ushort.MaxValue));
                break;
            case Opcode.I64x2ExtendLowI32x4S:
                result.V128 = Lanes.Widen<int, long>(a, 0, x => x);
                break;
            case Opcode.I64x2ExtendLowI32x4U:
                result.V128 = Lanes.Widen<uint, ulong>(a, 0, x => x);
                break;
            case Opcode.I64x2ExtmulLowI32x4S:
                result.V128 = Lanes.WidenZip<int, long>(a, b, 0, (x, y) => (long)((long)x * y));
                break;
            case Opcode.I64x2ExtmulLowI32x4U:
                result.V128 = Lanes.WidenZip<uint, ulong>(a, b, 0, (x, y) => (ulong)((ulong)x * y));
                break;
            case Opcode.I64x2ExtendHighI32x4S:
                result.V128 = Lanes.Widen<int, long>(a, 2, x => x);
                break;
            case Opcode.I64x2ExtendHighI32x4U:
                result.V128 = Lanes.Widen<uint, ulong>(a, 2, x => x);
                break;
            case Opcode.I64x2ExtmulHighI32x4S:
                result.V128 = Lanes.WidenZip<int, long>(a, b, 2, (x, y) => (long)((long)x * y));
                break;
            case Opcode.I64x2ExtmulHighI32x4U:
                result.V128 = Lanes.WidenZip<uint, ulong>(a, b, 2, (x, y) => (ulong)((ulong)x * y));
                break;
            case Opcode.I32x4DotI16x8S:
                result.V128 = Lanes.Pairs<short, int>(a, b, (x, y, z, w) => unchecked((x * z) + (y * w)));
                break;
            case Opcode.I16x8Q15mulrSatS:
                result.V128 = Lanes.Zip<short>(a, b, (x, y) => (short)Math.Min(((x * y) + 0x4000) >> 15, short.MaxValue));
                break;
            case Opcode.I16x8RelaxedQ15mulrS:
                result.V128 = Lanes.Zip<short>(a, b, (x, y) => (short)Math.Min(((x * y) + 0x4000) >> 15, short.MaxValue));
                break;
            case Opcode.I16x8RelaxedDotI8x16I7x16S:
                result.V128 = Lanes.Pairs<sbyte, short>(a, b, Dot);
                break;
            case Opcode.I32x4RelaxedDotI8x16I7x16AddS:
                result.V128 = Lanes.Zip<int>(Lanes.Pairs<short, int>(Lanes.Pairs<sbyte, short>(a, b, Dot), default, (x, y, z, w) => x + y), c, (x, y) => unchecked(x + y));
                break;
            case Opcode.F32x4Splat:
                result.V128 = Lanes.Splat<uint>(a0.U32);
                break;
            case Opcode.F32x4ExtractLane:
                result.U32 = Lanes.Get<uint>(a, lane);
                break;
            case Opcode.F32x4ReplaceLane:
                result.V128 = Lanes.Set(a, lane, b0.U32);
                break;
            case Opcode.F32x4Eq:
                result.V128 = Lanes.Compare<float>(a, b, (x, y) => x == y);
                break;
            case Opcode.F32x4Ne:
                result.V128 = Lanes.Compare<float>(a, b, (x, y) => x != y);
                break;
            case Opcode.F32x4Lt:
                result.V128 = Lanes.Compare<float>(a, b, (x, y) => x < y);
                break;
            case Opcode.F32x4Gt:
                result.V128 = Lanes.Compare<float>(a, b, (x, y) => x > y);
                break;
            case Opcode.F32x4Le:
                result.V128 = Lanes.Compare<float>(a, b, (x, y) => x <= y);
                break;
            case Opcode.F32x4Ge:
                result.V128 = Lanes.Compare<float>(a, b, (x, y) => x >= y);
                break;
            case Opcode.F32x4Abs:
                result.V128 = Lanes.Map<uint>(a, x => x & ~0x8000_0000u);
                break;
            case Opcode.F32x4Neg:
                result.V128 = Lanes.Map<uint>(a, x => x ^ 0x8000_0000u);
                break;
            case Opcode.F32x4Ceil:
                result.V128 = Lanes.Map<float>(a, x => Floats.Canonical(Floats.Ceiling(x)));
                break;
            case Opcode.F32x4Floor:
                result.V128 = Lanes.Map<float>(a, x => Floats.Canonical(Floats.Floor(x)));
                break;
            case Opcode.F32x4Trunc:
                result.V128 = Lanes.Map<float>(a, x => Floats.Canonical(Floats.Truncate(x)));
                break;
            case Opcode.F32x4Nearest:
                result.V128 = Lanes.Map<float>(a, x => Floats.Canonical(Floats.Nearest(x)));
                break;
            case Opcode.F32x4Sqrt:
                result.V128 = Lanes.Map<float>(a, x => Floats.Canonical(MathF.Sqrt(x)));
                break;
            case Opcode.F32x4Add:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => Floats.Canonical(x + y));
                break;
            case Opcode.F32x4Sub:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => Floats.Canonical(x - y));
                break;
            case Opcode.F32x4Mul:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => Floats.Canonical(x * y));
                break;
            case Opcode.F32x4Div:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => Floats.Canonical(x / y));
                break;
            case Opcode.F32x4Min:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => Floats.Canonical(Floats.Min(x, y)));
                break;
            case Opcode.F32x4RelaxedMin:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => Floats.Canonical(Floats.Min(x, y)));
                break;
            case Opcode.F32x4Max:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => Floats.Canonical(Floats.Max(x, y)));
                break;
            case Opcode.F32x4RelaxedMax:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => Floats.Canonical(Floats.Max(x, y)));
                break;
            case Opcode.F32x4Pmin:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => y < x ? y : x);
                break;
            case Opcode.F32x4Pmax:
                result.V128 = Lanes.Zip<float>(a, b, (x, y) => x < y ? y : x);
                break;
            case Opcode.F32x4RelaxedMadd:
                result.V128 = Lanes.Zip<float>(a, b, c, (x, y, z) => Floats.Canonical(MathF.FusedMultiplyAdd(x, y, z)));
                break;
            case Opcode.F32x4RelaxedNmadd:
                result.V128 = Lanes.Zip<float>(a, b, c, (x, y, z) => Floats.Canonical(MathF.FusedMultiplyAdd(-x, y, z)));
                break;
            case Opcode.F64x2Splat:
                result.V128 = Lanes.Splat<ulong>(a0.Low);
                break;
            case Opcode.F64x2ExtractLane:
                result.Low = Lanes.Get<ulong>(a, lane);
                break;
            case Opcode.F64x2ReplaceLane:
                result.V128 = Lanes.Set(a, lane, b0.Low);
                break;
            case Opcode.F64x2Eq:
                result.V128 = Lanes.Compare<double>(a, b, (x, y) => x == y);
                break;
            case Opcode.F64x2Ne:
                result.V128 = Lanes.Compare<double>(a, b, (x, y) => x != y);
                break;
            case Opcode.F64x2Lt:
                result.V128 = Lanes.Compare<double>(a, b, (x, y) => x < y);
                break;
            case Opcode.F64x2Gt:
                result.V128 = Lanes.Compare<double>(a, b, (x, y) => x > y);
                break;
            case Opcode.F64x2Le:
                result.V128 = Lanes.Compare<double>(a, b, (x, y) => x <= y);
                break;
            case Opcode.F64x2Ge:
                result.V128 = Lanes.Compare<double>(a, b, (x, y) => x >= y);
                break;
            case Opcode.F64x2Abs:
                result.V128 = Lanes.Map<ulong>(a, x => x & ~0x8000_0000_0000_0000u);
                break;
            case Opcode.F64x2Neg:
                result.V128 = Lanes.Map<ulong>(a, x => x ^ 0x8000_0000_0000_0000u);
                break;
            case Opcode.F64x2Ceil:
                result.V128 = Lanes.Map<double>(a, x => Floats.Canonical(Floats.Ceiling(x)));
                break;
            case Opcode.F64x2Floor:
                result.V128 = Lanes.Map<double>(a, x => Floats.Canonical(Floats.Floor(x)));
                break;
            case Opcode.F64x2Trunc:
                result.V128 = Lanes.Map<double>(a, x => Floats.Canonical(Floats.Truncate(x)));
                break;
            case Opcode.F64x2Nearest:
                result.V128 = Lanes.Map<double>(a, x => Floats.Canonical(Floats.Nearest(x)));
                break;
            case Opcode.F64x2Sqrt:
                result.V128 = Lanes.Map<double>(a, x => Floats.Canonical(Math.Sqrt(x)));
                break;
            case Opcode.F64x2Add:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => Floats.Canonical(x + y));
                break;
            case Opcode.F64x2Sub:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => Floats.Canonical(x - y));
                break;
            case Opcode.F64x2Mul:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => Floats.Canonical(x * y));
                break;
            case Opcode.F64x2Div:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => Floats.Canonical(x / y));
                break;
            case Opcode.F64x2Min:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => Floats.Canonical(Floats.Min(x, y)));
                break;
            case Opcode.F64x2RelaxedMin:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => Floats.Canonical(Floats.Min(x, y)));
                break;
            case Opcode.F64x2Max:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => Floats.Canonical(Floats.Max(x, y)));
                break;
            case Opcode.F64x2RelaxedMax:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => Floats.Canonical(Floats.Max(x, y)));
                break;
            case Opcode.F64x2Pmin:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => y < x ? y : x);
                break;
            case Opcode.F64x2Pmax:
                result.V128 = Lanes.Zip<double>(a, b, (x, y) => x < y ? y : x);
                break;
            case Opcode.F64x2RelaxedMadd:
                result.V128 = Lanes.Zip<double>(a, b, c, (x, y, z) => Floats.Canonical(Math.FusedMultiplyAdd(x, y, z)));
                break;
            case Opcode.F64x2RelaxedNmadd:
                result.V128 = Lanes.Zip<double>(a, b, c, (x, y, z) => Floats.Canonical(Math.FusedMultiplyAdd(-x, y, z)));
                break;
            case Opcode.V128Not:
                result.V128 = ~a;
                break;
            case Opcode.V128And:
                result.V128 = a & b;
                break;
            case Opcode.V128Andnot:
                result.V128 = a & ~b;
                break;
            case Opcode.V128Or:
                result.V128 = a | b;
                break;
            case Opcode.V128Xor:
                result.V128 = a ^ b;
                break;
            case Opcode.V128Bitselect:
                result.V128 = (a & c) | (b & ~c);
                break;
            case Opcode.V128AnyTrue:
                result.Flag = a != Vector128<byte>.Zero;
                break;
            case Opcode.I8x16Swizzle:
                result.V128 = Lanes.Map<byte>(b, i => i < 16 ? a[i] : (byte)0);
                break;
            case Opcode.I8x16RelaxedSwizzle:
                result.V128 = Lanes.Map<byte>(b, i => i < 16 ? a[i] : (byte)0);
                break;
            case Opcode.I32x4TruncSatF32x4S:
                result.V128 = Lanes.Convert<float, int>(a, x => Floats.SaturateInt32(x));
                break;
            case Opcode.I32x4TruncSatF32x4U:
                result.V128 = Lanes.Convert<float, uint>(a, x => Floats.SaturateUInt32(x));
                break;
            case Opcode.I32x4TruncSatF64x2SZero:
                result.V128 = Lanes.Convert<double, int>(a, Floats.SaturateInt32);
                break;
            case Opcode.I32x4TruncSatF64x2UZero:
                result.V128 = Lanes.Convert<double, uint>(a, Floats.SaturateUInt32);
                break;
            case Opcode.I32x4RelaxedTruncF32x4S:
                result.V128 = Lanes.Convert<float, int>(a, x => Floats.SaturateInt32(x));
                break;
            case Opcode.I32x4RelaxedTruncF32x4U:
                result.V128 = Lanes.Convert<float, uint>(a, x => Floats.SaturateUInt32(x));
                break;
            case Opcode.I32x4RelaxedTruncF64x2SZero:
                result.V128 = Lanes.Convert<double, int>(a, Floats.SaturateInt32);
                break;
            case Opcode.I32x4RelaxedTruncF64x2UZero:
                result.V128 = Lanes.Convert<double, uint>(a, Floats.SaturateUInt32);
                break;
            case Opcode.F32x4ConvertI32x4S:
                result.V128 = Lanes.Convert<int, float>(a, x => Floats.FromInt64(x));
                break;
            case Opcode.F32x4ConvertI32x4U:
                result.V128 = Lanes.Convert<uint, float>(a, x => Floats.FromUInt64(x));
                break;
            case Opcode.F64x2ConvertLowI32x4S:
                result.V128 = Lanes.Convert<int, double>(a, x => x);
                break;
            case Opcode.F64x2ConvertLowI32x4U:
                result.V128 = Lanes.Convert<uint, double>(a, x => x);
                break;
            case Opcode.F32x4DemoteF64x2Zero:
                result.V128 = Lanes.Convert<double, float>(a, x => Floats.Canonical((float)x));
                break;
            case Opcode.F64x2PromoteLowF32x4:
                result.V128 = Lanes.Convert<float, double>(a, x => Floats.Canonical((double)x));
                break;
            default:
                return false;
        }

        return true;
    }

    /// <summary>Two products of a signed byte with a byte of which the top bit counts as sign too, added in 16 bits.</summary>
    private static short Dot(sbyte x, sbyte y, sbyte z, sbyte w) => (short)Math.Clamp((x * z) + (y * w), short.MinValue, short.MaxValue);
}
