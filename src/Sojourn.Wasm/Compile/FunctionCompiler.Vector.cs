using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

internal sealed partial class FunctionCompiler
{
    private void Vector(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.V128Const:
                LoadVector(instruction.Vector);
                Push(WasmType.V128);
                return;
            case Opcode.I8x16Shuffle:
                Shuffle(instruction.Vector);
                return;
            case Opcode.V128Load:
                LoadAddress(in instruction);
                TouchLastByte(in instruction);
                il.Token(OpCodes.Ldobj, VectorToken);
                Push(WasmType.V128);
                return;
        }

        switch (instruction.Info.Immediates)
        {
            case ImmediateKind.MemoryArgument when instruction.Opcode == Opcode.V128Store:
                AddressBelow(in instruction, out var stored);
                il.LoadLocal(stored);
                KeepStoreApart(in instruction);
                il.Token(OpCodes.Stobj, VectorToken);
                Give(IlType.Vector, stored);
                return;
            case ImmediateKind.MemoryArgument:
                LoadAddress(in instruction);
                TouchLastByte(in instruction);
                Call(SupportMethods.Find(instruction.Opcode) ?? throw Unsupported(in instruction));
                Push(WasmType.V128);
                return;
            case ImmediateKind.MemoryArgumentLane:
                AddressBelow(in instruction, out var vector);
                if (instruction.Opcode is >= Opcode.V128Load8Lane and <= Opcode.V128Load64Lane)
                {
                    TouchLastByte(in instruction);
                }

                il.LoadLocal(vector);
                Give(IlType.Vector, vector);
                il.LoadInt32(instruction.Lane);
                Call(SupportMethods.Find(instruction.Opcode) ?? throw Unsupported(in instruction));
                if (instruction.Opcode is >= Opcode.V128Load8Lane and <= Opcode.V128Load64Lane)
                {
                    Push(WasmType.V128);
                }

                return;
            case ImmediateKind.Lane:
                il.LoadInt32(instruction.Lane);
                break;
        }

        Call(SupportMethods.Find(instruction.Opcode) ?? throw Unsupported(in instruction));
        var signature = instruction.Info.Signature;
        var colon = signature.IndexOf(':', StringComparison.Ordinal);
        Pop(colon);
        Push(Validate.ConstantValidator.TypeOf(signature[colon + 1]));
        if (owner.Options.CanonicalNaNs)
        {
            CanonicalizeVector(instruction.Info.Name);
        }
    }

    private void AddressBelow(in Instruction instruction, out int vector)
    {
        vector = Take(IlType.Vector);
        il.StoreLocal(vector);
        Pop();
        LoadAddress(in instruction);
    }

    private void CanonicalizeVector(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        if (name[dot..] is ".ceil" or ".floor" or ".trunc" or ".nearest" or ".sqrt" or ".add" or ".sub" or ".mul" or ".div" or ".min" or ".max"
            or ".demote_f64x2_zero" or ".promote_low_f32x4" or ".relaxed_madd" or ".relaxed_nmadd" or ".relaxed_min" or ".relaxed_max")
        {
            if (name.StartsWith("f32x4", StringComparison.Ordinal))
            {
                Call(typeof(Simd), nameof(Simd.CanonicalF32x4));
            }
            else if (name.StartsWith("f64x2", StringComparison.Ordinal))
            {
                Call(typeof(Simd), nameof(Simd.CanonicalF64x2));
            }
        }
    }

    private void LoadVector(Vector128<byte> value)
    {
        il.LoadInt64(value.AsInt64()[0]);
        il.LoadInt64(value.AsInt64()[1]);
        Call(typeof(Simd), nameof(Simd.Constant));
    }

    private void Shuffle(Vector128<byte> lanes)
    {
        Pop(2);
        var left = Vector128.Create((byte)0x80);
        var right = left;
        for (var i = 0; i < 16; i++)
        {
            if (lanes[i] < 16)
            {
                left = left.WithElement(i, lanes[i]);
            }
            else
            {
                right = right.WithElement(i, (byte)(lanes[i] - 16));
            }
        }

        LoadVector(left);
        LoadVector(right);
        Call(typeof(Simd), nameof(Simd.Shuffle));
        Push(WasmType.V128);
    }

    private static int VectorWidth(Opcode opcode, OpcodeInfo info) => opcode switch
    {
        Opcode.V128Load or Opcode.V128Store => 16,
        _ => 1 << info.Natural,
    };
}
