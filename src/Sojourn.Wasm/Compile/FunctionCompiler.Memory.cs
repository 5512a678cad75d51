using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Runtime.Intrinsics.X86;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

internal sealed unsafe partial class FunctionCompiler
{
    // Beyond a page the platform's compiler would check the pointer first.
    private const int FieldOffsetMax = 2047;
    private static readonly MethodInfo LoadFour = typeof(Sse2).GetMethod(nameof(Sse2.LoadScalarVector128), [typeof(int*)])!;
    private static readonly MethodInfo LoadEight = typeof(Sse2).GetMethod(nameof(Sse2.LoadScalarVector128), [typeof(long*)])!;
    private static readonly MethodInfo BroadcastByte = typeof(Avx2).GetMethod(nameof(Avx2.BroadcastScalarToVector128), [typeof(byte*)])!;
    private static readonly byte[] Widths =
        [4, 8, 4, 8, 1, 1, 2, 2, 1, 1, 2, 2, 4, 4, 4, 8, 4, 8, 1, 2, 1, 2, 4];

    private void MemoryAccess(in Instruction instruction)
    {
        int left;
        if (instruction.Opcode >= Opcode.I32Store)
        {
            if (addresses?.IsReady(instruction.Offset) == true)
            {
                Pop();
                StoreMemory(in instruction, AddressOf(in instruction));
                return;
            }

            var form = Il(stack[^1]);
            var aside = Take(form);
            il.StoreLocal(aside);
            Pop();
            left = AddressOf(in instruction);
            il.LoadLocal(aside);
            Give(form, aside);
            StoreMemory(in instruction, left);
            return;
        }

        left = AddressOf(in instruction);
        TouchLastByte(in instruction, left);
        LoadMemory(instruction.Opcode, left);
        Push(Validate.ConstantValidator.TypeOf(instruction.Info.Signature[2]));
    }

    // A load whose value may not be needed whole: the platform's compiler may make it narrower, and then its end would not trap. The touch is written
    // as the platform's own intrinsic, not as a method of ours: in functions of very many temporaries nothing is inlined.
    private void TouchLastByte(in Instruction instruction, int left = 0)
    {
        if (!NeedsTouch(in instruction))
        {
            return;
        }

        var width = AccessWidth(in instruction);
        il.Emit(OpCodes.Dup);
        if (!Sse2.IsSupported || (width == 2 && !Avx2.IsSupported))
        {
            AddLeft(left);
            Call(typeof(Access), width switch { 2 => nameof(Access.TouchEnd2), 4 => nameof(Access.TouchEnd4), 8 => nameof(Access.TouchEnd8), _ => nameof(Access.TouchEnd16) });
            return;
        }

        if (width is 2 or 16)
        {
            il.AddNative(left + (width == 2 ? 1 : 8));
        }
        else if (left != 0)
        {
            il.Token(OpCodes.Ldflda, image.Field(FieldOf(instruction.Opcode), left));
        }

        Call(width switch { 2 => BroadcastByte, 4 => LoadFour, _ => LoadEight });
        il.Emit(OpCodes.Pop);
    }

    private void AddLeft(int left)
    {
        if (left != 0)
        {
            il.AddNative(left);
        }
    }

    private bool NeedsTouch(in Instruction instruction) =>
        guarded && !module.Memories[instruction.Index].Limits.Is64Bit && care?.Loads.Contains(instruction.Offset) != false && AccessWidth(in instruction) > 1;

    private static int AccessWidth(in Instruction instruction) =>
        instruction.Info.Immediates == ImmediateKind.MemoryArgument && (int)instruction.Opcode < 0x40
            ? Widths[(int)instruction.Opcode - 0x28]
            : VectorWidth(instruction.Opcode, instruction.Info);

    /// <summary>Pops the operand from the type stack and leaves the address on IL's stack, checked where no guard page is.</summary>
    private void LoadAddress(in Instruction instruction) => LoadAddress(in instruction, instruction.Constant);

    /// <summary>The same, but a static offset may be left to the access: it becomes a field there.</summary>
    /// <returns>The offset that is left.</returns>
    private int AddressOf(in Instruction instruction)
    {
        if (addresses?.IsReady(instruction.Offset) == true)
        {
            Pop();
            return LeftOf(in instruction);
        }

        var left = LeftOf(in instruction);
        LoadAddress(in instruction, left != 0 ? 0 : instruction.Constant);
        return left;
    }

    // Of a field whose value nobody needs, the platform's compiler looks only whether there is an object: a null check of the address without the offset.
    private int LeftOf(in Instruction instruction) =>
        IsLeft(instruction.Index, instruction.Constant) && (instruction.Opcode >= Opcode.I32Store || care?.Partial.Contains(instruction.Offset) == false) && image.Field(FieldOf(instruction.Opcode), (int)instruction.Constant) != 0 ? (int)instruction.Constant : 0;

    private bool IsLeft(int memory, long offset) => density != Density.Usual && guarded && offset is > 0 and <= FieldOffsetMax && !module.Memories[memory].Limits.Is64Bit;

    // The address of a store that comes later.
    private void MakeAddress(in Instruction store)
    {
        il.Emit(OpCodes.Conv_U);
        LoadMemoryBase(store.Index);
        il.Emit(OpCodes.Add);
        if (store.Constant != 0 && LeftOf(in store) == 0)
        {
            il.AddNative(store.Constant);
        }
    }

    private void LoadAddress(in Instruction instruction, long offset)
    {
        var width = AccessWidth(in instruction);
        Pop();
        var memory = instruction.Index;
        var own = memory == 0 && layout.OwnsMemory;
        if (module.Memories[memory].Limits.Is64Bit)
        {
            LoadCell(layout.Memories[memory], isPointer: !own);
            il.LoadInt64(offset);
            il.LoadInt32(width);
            Call(typeof(Access), nameof(Access.Wide));
            return;
        }

        if (guarded)
        {
            il.Emit(OpCodes.Conv_U);
            if (TryLoadBase(memory, offset))
            {
                return;
            }

            LoadMemoryBase(memory);
            il.Emit(OpCodes.Add);
        }
        else
        {
            if (own)
            {
                il.LoadArgument(ContextArgument);
            }
            else
            {
                LoadCell(layout.Memories[memory], isPointer: true);
            }

            il.LoadInt64(offset + width);
            Call(typeof(Access), own ? nameof(Access.Own) : nameof(Access.Other));
        }

        if (offset != 0)
        {
            il.AddNative(offset);
        }
    }

    private void LoadMemoryBase(int memory)
    {
        if (memory != 0)
        {
            LoadCell(layout.Memories[memory], isPointer: true);
            il.Emit(OpCodes.Ldind_I);
        }
        else if (layout.OwnsMemory)
        {
            il.LoadArgument(ContextArgument);
        }
        else
        {
            il.LoadLocal(memoryLocal);
        }
    }

    private void LoadMemory(Opcode opcode, int left)
    {
        if (left != 0)
        {
            il.Token(OpCodes.Ldfld, image.Field(FieldOf(opcode), left));
            WidenLoaded(opcode);
            return;
        }

        switch (opcode)
        {
            case Opcode.I32Load: il.Emit(OpCodes.Ldind_I4); break;
            case Opcode.I64Load: il.Emit(OpCodes.Ldind_I8); break;
            case Opcode.F32Load: il.Emit(OpCodes.Ldind_R4); break;
            case Opcode.F64Load: il.Emit(OpCodes.Ldind_R8); break;
            case Opcode.I32Load8S or Opcode.I64Load8S: il.Emit(OpCodes.Ldind_I1); break;
            case Opcode.I32Load8U or Opcode.I64Load8U: il.Emit(OpCodes.Ldind_U1); break;
            case Opcode.I32Load16S or Opcode.I64Load16S: il.Emit(OpCodes.Ldind_I2); break;
            case Opcode.I32Load16U or Opcode.I64Load16U: il.Emit(OpCodes.Ldind_U2); break;
            case Opcode.I64Load32S: il.Emit(OpCodes.Ldind_I4); break;
            default: il.Emit(OpCodes.Ldind_U4); break;
        }

        WidenLoaded(opcode);
    }

    private void WidenLoaded(Opcode opcode)
    {
        if (opcode is Opcode.I64Load8S or Opcode.I64Load16S or Opcode.I64Load32S)
        {
            il.Emit(OpCodes.Conv_I8);
        }
        else if (opcode is Opcode.I64Load8U or Opcode.I64Load16U or Opcode.I64Load32U)
        {
            il.Emit(OpCodes.Conv_U8);
        }
    }

    private void StoreMemory(in Instruction instruction, int left)
    {
        KeepStoreApart(in instruction);
        if (left != 0)
        {
            il.Token(OpCodes.Stfld, image.Field(FieldOf(instruction.Opcode), left));
            return;
        }

        il.Emit(instruction.Opcode switch
        {
            Opcode.I32Store or Opcode.I64Store32 => OpCodes.Stind_I4,
            Opcode.I64Store => OpCodes.Stind_I8,
            Opcode.F32Store => OpCodes.Stind_R4,
            Opcode.F64Store => OpCodes.Stind_R8,
            Opcode.I32Store8 or Opcode.I64Store8 => OpCodes.Stind_I1,
            _ => OpCodes.Stind_I2,
        });
    }

    private static PrimitiveTypeCode FieldOf(Opcode opcode) => opcode switch
    {
        Opcode.I32Load8S or Opcode.I64Load8S or Opcode.I32Store8 or Opcode.I64Store8 => PrimitiveTypeCode.SByte,
        Opcode.I32Load8U or Opcode.I64Load8U => PrimitiveTypeCode.Byte,
        Opcode.I32Load16S or Opcode.I64Load16S or Opcode.I32Store16 or Opcode.I64Store16 => PrimitiveTypeCode.Int16,
        Opcode.I32Load16U or Opcode.I64Load16U => PrimitiveTypeCode.UInt16,
        Opcode.I64Load32U => PrimitiveTypeCode.UInt32,
        Opcode.I64Load or Opcode.I64Store => PrimitiveTypeCode.Int64,
        Opcode.F32Load or Opcode.F32Store => PrimitiveTypeCode.Single,
        Opcode.F64Load or Opcode.F64Store => PrimitiveTypeCode.Double,
        _ => PrimitiveTypeCode.Int32,
    };

    // The platform's compiler joins stores of constants side by side into a wider one; where that straddles the end, the first would be lost.
    private void KeepStoreApart(in Instruction instruction)
    {
        if (guarded && care?.Stores.Contains(instruction.Offset) != false)
        {
            il.Emit(OpCodes.Volatile);
        }
    }

    private bool MemorySize(in Instruction instruction)
    {
        var memory = instruction.Index;
        var wide = module.Memories[memory].Limits.Is64Bit;
        LoadCell(layout.Memories[memory], isPointer: !(memory == 0 && layout.OwnsMemory));
        il.LoadInt32(8);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I8);
        il.LoadInt32(16);
        il.Emit(OpCodes.Shr_Un);
        if (!wide)
        {
            il.Emit(OpCodes.Conv_I4);
        }

        Push(wide ? WasmType.I64 : WasmType.I32);
        return true;
    }

    private bool MemoryGrow(in Instruction instruction)
    {
        var wide = module.Memories[instruction.Index].Limits.Is64Bit;
        ChargeBulk(Opcode.MemoryGrow, wide);
        Widen(wide);
        il.LoadArgument(ContextArgument);
        il.LoadInt32(instruction.Index);
        Call(typeof(Bulk), nameof(Bulk.MemoryGrow));
        if (!wide)
        {
            il.Emit(OpCodes.Conv_I4);
        }

        return true;
    }

    private void Widen(bool already)
    {
        if (!already)
        {
            il.Emit(OpCodes.Conv_U8);
        }
    }
}
