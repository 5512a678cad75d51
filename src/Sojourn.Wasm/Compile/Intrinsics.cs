using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

/// <summary>Methods of the platform that mean exactly what an instruction means, and that its compiler has an instruction for.</summary>
internal static class Intrinsics
{
    private static readonly Dictionary<Opcode, MethodInfo> ByOpcode = new()
    {
        [Opcode.I32Clz] = Of(typeof(BitOperations), nameof(BitOperations.LeadingZeroCount), typeof(uint)),
        [Opcode.I32Ctz] = Of(typeof(BitOperations), nameof(BitOperations.TrailingZeroCount), typeof(int)),
        [Opcode.I32Popcnt] = Of(typeof(BitOperations), nameof(BitOperations.PopCount), typeof(uint)),
        [Opcode.I32Rotl] = Of(typeof(BitOperations), nameof(BitOperations.RotateLeft), typeof(uint), typeof(int)),
        [Opcode.I32Rotr] = Of(typeof(BitOperations), nameof(BitOperations.RotateRight), typeof(uint), typeof(int)),
        [Opcode.I64Clz] = Of(typeof(BitOperations), nameof(BitOperations.LeadingZeroCount), typeof(ulong)),
        [Opcode.I64Ctz] = Of(typeof(BitOperations), nameof(BitOperations.TrailingZeroCount), typeof(long)),
        [Opcode.I64Popcnt] = Of(typeof(BitOperations), nameof(BitOperations.PopCount), typeof(ulong)),
        [Opcode.I64Rotl] = Of(typeof(BitOperations), nameof(BitOperations.RotateLeft), typeof(ulong), typeof(int)),
        [Opcode.I64Rotr] = Of(typeof(BitOperations), nameof(BitOperations.RotateRight), typeof(ulong), typeof(int)),
        [Opcode.I32ReinterpretF32] = Of(typeof(BitConverter), nameof(BitConverter.SingleToInt32Bits), typeof(float)),
        [Opcode.I64ReinterpretF64] = Of(typeof(BitConverter), nameof(BitConverter.DoubleToInt64Bits), typeof(double)),
        [Opcode.F64ReinterpretI64] = Of(typeof(BitConverter), nameof(BitConverter.Int64BitsToDouble), typeof(long)),
        [Opcode.F32Abs] = Of(typeof(MathF), nameof(MathF.Abs), typeof(float)),
        [Opcode.F32Ceil] = Of(typeof(MathF), nameof(MathF.Ceiling), typeof(float)),
        [Opcode.F32Floor] = Of(typeof(MathF), nameof(MathF.Floor), typeof(float)),
        [Opcode.F32Trunc] = Of(typeof(MathF), nameof(MathF.Truncate), typeof(float)),
        [Opcode.F32Nearest] = Of(typeof(MathF), nameof(MathF.Round), typeof(float)),
        [Opcode.F32Sqrt] = Of(typeof(MathF), nameof(MathF.Sqrt), typeof(float)),
        [Opcode.F64Abs] = Of(typeof(Math), nameof(Math.Abs), typeof(double)),
        [Opcode.F64Ceil] = Of(typeof(Math), nameof(Math.Ceiling), typeof(double)),
        [Opcode.F64Floor] = Of(typeof(Math), nameof(Math.Floor), typeof(double)),
        [Opcode.F64Trunc] = Of(typeof(Math), nameof(Math.Truncate), typeof(double)),
        [Opcode.F64Nearest] = Of(typeof(Math), nameof(Math.Round), typeof(double)),
        [Opcode.F64Sqrt] = Of(typeof(Math), nameof(Math.Sqrt), typeof(double)),
    };

    /// <summary>The method of an instruction, or null.</summary>
    public static MethodInfo? Find(Opcode opcode) => opcode is Opcode.I32Ctz or Opcode.I64Ctz && !CountsTrailingZeros ? null : ByOpcode.GetValueOrDefault(opcode);

    // Without the instruction for it the platform's compiler errs: Numeric counts in another way.
    private static bool CountsTrailingZeros => Bmi1.IsSupported || RuntimeInformation.ProcessArchitecture != Architecture.X64;

    private static MethodInfo Of(Type type, string name, params Type[] parameters) => type.GetMethod(name, parameters)!;
}
