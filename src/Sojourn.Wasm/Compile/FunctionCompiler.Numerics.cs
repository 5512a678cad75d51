using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

internal sealed partial class FunctionCompiler
{
    private bool Numerics(in Instruction instruction, ref InstructionReader reader)
    {
        var opcode = instruction.Opcode;
        if (opcode is >= Opcode.I32Eqz and <= Opcode.F64Ge)
        {
            Compare(opcode);
            return true;
        }

        var signature = instruction.Info.Signature;
        if (signature[0] == '*')
        {
            return opcode switch
            {
                Opcode.MemorySize => MemorySize(in instruction),
                Opcode.MemoryGrow => MemoryGrow(in instruction),
                _ => false,
            };
        }

        if (sums.Contains(instruction.Offset))
        {
            Call(typeof(Numeric), opcode + "AsSum");
        }
        else if (!Direct(opcode))
        {
            Call(SupportMethods.Find(opcode) ?? throw Unsupported(in instruction));
        }

        var colon = signature.IndexOf(':', StringComparison.Ordinal);
        Pop(colon);
        var result = Validate.ConstantValidator.TypeOf(signature[colon + 1]);
        Push(result);
        if (owner.Options.CanonicalNaNs)
        {
            Canonicalize(opcode);
        }

        return true;
    }

    private void Canonicalize(Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.F32Ceil or Opcode.F32Floor or Opcode.F32Trunc or Opcode.F32Nearest or Opcode.F32Sqrt or Opcode.F32Add or Opcode.F32Sub
                or Opcode.F32Mul or Opcode.F32Div or Opcode.F32Min or Opcode.F32Max or Opcode.F32DemoteF64:
                Call(typeof(Numeric), nameof(Numeric.CanonicalF32));
                break;
            case Opcode.F64Ceil or Opcode.F64Floor or Opcode.F64Trunc or Opcode.F64Nearest or Opcode.F64Sqrt or Opcode.F64Add or Opcode.F64Sub
                or Opcode.F64Mul or Opcode.F64Div or Opcode.F64Min or Opcode.F64Max or Opcode.F64PromoteF32:
                Call(typeof(Numeric), nameof(Numeric.CanonicalF64));
                break;
        }
    }

    private void Compare(Opcode opcode)
    {
        if (opcode == Opcode.I32Eqz)
        {
            condition = (condition ?? new Condition(Comparison.NotZero)).Negate();
            return;
        }

        if (opcode == Opcode.I64Eqz)
        {
            condition = new Condition(Comparison.NotZero, IsNegated: true, IsWide: true);
        }
        else if (opcode >= Opcode.F32Eq)
        {
            var kind = ((int)opcode - (int)Opcode.F32Eq) % 6;
            condition = new Condition(Comparison.Equal + kind, IsFloat: true);
        }
        else
        {
            var number = opcode >= Opcode.I64Eq ? opcode - Opcode.I64Eq : opcode - Opcode.I32Eq;
            condition = number < 2
                ? new Condition(Comparison.Equal + number)
                : new Condition(Comparison.Less + ((number - 2) / 2), IsUnsigned: (number & 1) != 0);
        }

        Pop(opcode == Opcode.I64Eqz ? 1 : 2);
        Push(WasmType.I32);
    }

    // Instructions that IL has, or nearly has.
    private bool Direct(Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.I32Add or Opcode.I64Add or Opcode.F32Add or Opcode.F64Add:
                il.Emit(OpCodes.Add);
                return true;
            case Opcode.I32Sub or Opcode.I64Sub or Opcode.F32Sub or Opcode.F64Sub:
                il.Emit(OpCodes.Sub);
                return true;
            case Opcode.I32Mul or Opcode.I64Mul or Opcode.F32Mul or Opcode.F64Mul:
                il.Emit(OpCodes.Mul);
                return true;
            case Opcode.F32Div or Opcode.F64Div:
                il.Emit(OpCodes.Div);
                return true;
            case Opcode.I32And or Opcode.I64And:
                il.Emit(OpCodes.And);
                return true;
            case Opcode.I32Or or Opcode.I64Or:
                il.Emit(OpCodes.Or);
                return true;
            case Opcode.I32Xor or Opcode.I64Xor:
                il.Emit(OpCodes.Xor);
                return true;
            case Opcode.I32Shl or Opcode.I32ShrS or Opcode.I32ShrU:
                il.LoadInt32(31);
                il.Emit(OpCodes.And);
                Shift(opcode - Opcode.I32Shl);
                return true;
            case Opcode.I64Shl or Opcode.I64ShrS or Opcode.I64ShrU:
                il.Emit(OpCodes.Conv_I4);
                il.LoadInt32(63);
                il.Emit(OpCodes.And);
                Shift(opcode - Opcode.I64Shl);
                return true;
            case Opcode.F32Neg or Opcode.F64Neg:
                il.Emit(OpCodes.Neg);
                return true;
            case Opcode.I32WrapI64:
                il.Emit(OpCodes.Conv_I4);
                return true;
            case Opcode.I64ExtendI32S:
                il.Emit(OpCodes.Conv_I8);
                return true;
            case Opcode.I64ExtendI32U:
                il.Emit(OpCodes.Conv_U8);
                return true;
            case Opcode.F32ConvertI32S or Opcode.F32ConvertI64S:
                il.Emit(OpCodes.Conv_R4);
                return true;
            case Opcode.F64ConvertI32S or Opcode.F64ConvertI64S or Opcode.F64PromoteF32:
                il.Emit(OpCodes.Conv_R8);
                return true;
            case Opcode.I32Extend8S:
                il.Emit(OpCodes.Conv_I1);
                return true;
            case Opcode.I32Extend16S:
                il.Emit(OpCodes.Conv_I2);
                return true;
            case Opcode.I64Extend8S:
                il.Emit(OpCodes.Conv_I1);
                il.Emit(OpCodes.Conv_I8);
                return true;
            case Opcode.I64Extend16S:
                il.Emit(OpCodes.Conv_I2);
                il.Emit(OpCodes.Conv_I8);
                return true;
            case Opcode.I64Extend32S:
                il.Emit(OpCodes.Conv_I4);
                il.Emit(OpCodes.Conv_I8);
                return true;
            default:
                return Intrinsic(opcode);
        }
    }

    // What the platform's compiler knows by name, called without a method of ours between: in functions of very many temporaries nothing is inlined.
    private bool Intrinsic(Opcode opcode)
    {
        if (Intrinsics.Find(opcode) is not { } method)
        {
            return false;
        }

        if (opcode is Opcode.I64Rotl or Opcode.I64Rotr)
        {
            il.Emit(OpCodes.Conv_I4);
        }

        Call(method);
        if (opcode is Opcode.I64Clz or Opcode.I64Ctz or Opcode.I64Popcnt)
        {
            il.Emit(OpCodes.Conv_I8);
        }

        return true;
    }

    private void Shift(int kind) => il.Emit(kind switch { 0 => OpCodes.Shl, 1 => OpCodes.Shr, _ => OpCodes.Shr_Un });

    /// <summary>A constant that is consumed by a shift, rotation or division right away, which then needs no checks.</summary>
    private bool Constant(in Instruction instruction, ref InstructionReader reader)
    {
        var next = (Opcode)reader.PeekByte();
        var narrow = instruction.Opcode == Opcode.I32Const;
        if (!narrow && instruction.Opcode != Opcode.I64Const)
        {
            return false;
        }

        var first = narrow ? Opcode.I32DivS : Opcode.I64DivS;
        var kind = next - first;
        var value = instruction.Constant;
        if (kind is >= 0 and <= 3 && value != 0 && (value != -1 || (kind & 1) != 0))
        {
            reader.Read(out _);
            if (narrow)
            {
                il.LoadInt32((int)value);
            }
            else
            {
                il.LoadInt64(value);
            }

            il.Emit(kind switch { 0 => OpCodes.Div, 1 => OpCodes.Div_Un, 2 => OpCodes.Rem, _ => OpCodes.Rem_Un });
            return true;
        }

        // Shl, shr_s and shr_u follow div_s, div_u, rem_s, rem_u, and, or, xor.
        if (kind is >= 7 and <= 9)
        {
            reader.Read(out _);
            il.LoadInt32((int)value & (narrow ? 31 : 63));
            Shift(kind - 7);
            return true;
        }

        return false;
    }
}
