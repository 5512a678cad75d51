using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

internal sealed partial class FunctionCompiler
{
    private bool Variables(in Instruction instruction, ref InstructionReader reader)
    {
        var index = instruction.Index;
        switch (instruction.Opcode)
        {
            case Opcode.LocalGet:
                if (!StoreOf(in instruction, ref reader))
                {
                    LoadVariable(index);
                    Push(localTypes[index]);
                }

                return true;
            case Opcode.LocalSet:
                StoreVariable(index);
                Pop();
                return true;
            case Opcode.LocalTee:
                Tee(index);
                return true;
            case Opcode.GlobalGet:
                LoadGlobal(index);
                return true;
            case Opcode.GlobalSet:
                StoreGlobal(index);
                return true;
            case Opcode.Drop:
                Pop();
                il.Emit(OpCodes.Pop);
                return true;
            case Opcode.Select or Opcode.SelectTyped:
                Select();
                return true;
            case Opcode.I32Const or Opcode.I64Const or Opcode.F32Const or Opcode.F64Const:
                if (!Constant(in instruction, ref reader) && !StoreOf(in instruction, ref reader))
                {
                    if (!HiddenConstant(in instruction, reader.PeekByte()))
                    {
                        LoadConstant(in instruction);
                    }

                    Push(Validate.ConstantValidator.TypeOf(instruction.Info.Signature[1]));
                }

                return true;
            default:
                return false;
        }
    }

    // Stored and loaded again: a copy of what is on the stack would be one more local to the platform's compiler, which tracks only so many. But of
    // references to locals as well it bears only so many.
    private void Tee(int index)
    {
        if (density == Density.Usual)
        {
            StoreVariable(index);
            LoadVariable(index);
        }
        else
        {
            il.Emit(OpCodes.Dup);
            StoreVariable(index);
        }
    }

    private void LoadVariable(int index)
    {
        if (index < parameterCount)
        {
            il.LoadArgument(index);
        }
        else
        {
            il.LoadLocal(index - parameterCount);
        }
    }

    private void StoreVariable(int index)
    {
        if (index < parameterCount)
        {
            il.StoreArgument(index);
        }
        else
        {
            il.StoreLocal(index - parameterCount);
        }
    }

    private void LoadConstant(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.I32Const:
                il.LoadInt32((int)instruction.Constant);
                break;
            case Opcode.I64Const:
                il.LoadInt64(instruction.Constant);
                break;
            case Opcode.F32Const:
                var single = BitConverter.Int32BitsToSingle((int)instruction.Constant);
                if (float.IsNaN(single))
                {
                    il.LoadInt32((int)instruction.Constant);
                    Call(typeof(Numeric), nameof(Numeric.SingleOfBits));
                }
                else
                {
                    il.LoadSingle(single);
                }

                break;
            default:
                var number = BitConverter.Int64BitsToDouble(instruction.Constant);
                if (double.IsNaN(number))
                {
                    il.LoadInt64(instruction.Constant);
                    Call(typeof(Numeric), nameof(Numeric.DoubleOfBits));
                }
                else
                {
                    il.LoadDouble(number);
                }

                break;
        }
    }

    /// <summary>Loads a neutral operand from the context, so that the platform's compiler does not fold x - 0, x * 1 or x / 1 to x: these make signalling NaNs quiet.</summary>
    private bool HiddenConstant(in Instruction instruction, byte next)
    {
        if (next is >= 0x5B and <= 0x66)
        {
            return false;
        }

        var wide = instruction.Opcode == Opcode.F64Const;
        if (!wide && instruction.Opcode != Opcode.F32Const)
        {
            return false;
        }

        var value = wide ? BitConverter.Int64BitsToDouble(instruction.Constant) : BitConverter.Int32BitsToSingle((int)instruction.Constant);
        var number = (value == 0 ? 0 : 2) + (double.IsNegative(value) ? 1 : 0);
        if (Math.Abs(value) is not (0 or 1))
        {
            return false;
        }

        LoadContext(wide ? ContextLayout.DoubleConstants + (8 * number) : ContextLayout.SingleConstants + (4 * number));
        il.Emit(wide ? OpCodes.Ldind_R8 : OpCodes.Ldind_R4);
        return true;
    }

    /// <summary>A constant or local that is stored right away: the address below it is computed first, so that no local is needed to swap them.</summary>
    private bool StoreOf(in Instruction instruction, ref InstructionReader reader)
    {
        if (reader.PeekByte() is < 0x36 or > 0x3E)
        {
            return false;
        }

        reader.Read(out var store);
        var left = AddressOf(in store);
        if (instruction.Opcode == Opcode.LocalGet)
        {
            LoadVariable(instruction.Index);
        }
        else
        {
            LoadConstant(in instruction);
        }

        StoreMemory(in store, left);
        return true;
    }

    private void LoadGlobal(int index)
    {
        var type = module.Globals[index].Type.Type;
        var form = Il(type);
        if (form == IlType.Object)
        {
            il.LoadArgument(ContextArgument);
            il.LoadInt32(index);
            Call(typeof(Bulk), nameof(Bulk.GlobalGetObject));
        }
        else
        {
            LoadCell(layout.Globals[index], isPointer: index < module.ImportedGlobals);
            LoadIndirect(form);
        }

        Push(type);
    }

    private void StoreGlobal(int index)
    {
        var form = Il(Pop());
        form = Il(module.Globals[index].Type.Type);
        if (form == IlType.Object)
        {
            il.LoadArgument(ContextArgument);
            il.LoadInt32(index);
            Call(typeof(Bulk), nameof(Bulk.GlobalSetObject));
            return;
        }

        var aside = Take(form);
        il.StoreLocal(aside);
        LoadCell(layout.Globals[index], isPointer: index < module.ImportedGlobals);
        il.LoadLocal(aside);
        StoreIndirect(form);
        Give(form, aside);
    }

    private void Select()
    {
        Pop();
        var right = Pop();
        var form = Il(right == WasmType.Bottom ? stack[^1] : right);
        var chosen = Take(IlType.Int32);
        var second = Take(form);
        il.StoreLocal(chosen);
        il.StoreLocal(second);
        if (density != Density.Usual)
        {
            // Shorter, but every operand on the stack goes through a local of the platform's compiler.
            var done = il.DefineLabel();
            il.LoadLocal(chosen);
            il.Branch(OpCodes.Brtrue, done);
            il.Emit(OpCodes.Pop);
            il.LoadLocal(second);
            il.Mark(done);
            Give(IlType.Int32, chosen);
            Give(form, second);
            return;
        }

        var first = Take(form);
        il.StoreLocal(first);
        il.LoadLocal(chosen);
        var on = il.DefineLabel();
        il.Branch(OpCodes.Brtrue, on);
        il.LoadLocal(second);
        il.StoreLocal(first);
        il.Mark(on);
        il.LoadLocal(first);
        Give(IlType.Int32, chosen);
        Give(form, second);
        Give(form, first);
    }
}
