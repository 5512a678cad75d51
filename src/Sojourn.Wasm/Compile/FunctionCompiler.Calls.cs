using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

internal sealed partial class FunctionCompiler
{
    private readonly List<(IlLabel Label, Instruction Instruction, FunctionType Type, int[] Held, int Record)> deferred = [];

    private void CallFunction(int index)
    {
        var type = module.FunctionTypeOf(index);
        Pop(type.Parameters.Length);
        if (index >= module.ImportedFunctions)
        {
            il.LoadArgument(ContextArgument);
            il.Token(OpCodes.Call, image.MethodToken(firstMethod + index - module.ImportedFunctions));
        }
        else
        {
            LoadContext(layout.Imports[index] + 8);
            il.Emit(OpCodes.Ldind_I);
            LoadContext(layout.Imports[index]);
            il.Emit(OpCodes.Ldind_I);
            il.Token(OpCodes.Calli, CallSite(type));
        }

        PushResults(type);
    }

    private void CallIndirect(int typeIndex, int table)
    {
        Resolve(typeIndex, table);
        CallRecord(module.Types[typeIndex].Function!);
    }

    private void CallReference(int typeIndex)
    {
        Pop();
        Call(typeof(Calls), nameof(Calls.Reference));
        CallRecord(module.Types[typeIndex].Function!);
    }

    // Leaves the checked record on the stack in place of the index.
    private void Resolve(int typeIndex, int table)
    {
        var wide = module.Tables[table].Type.Limits.Is64Bit;
        Pop();
        LoadCell(layout.Tables[table], isPointer: table < module.ImportedTables);
        il.LoadArgument(ContextArgument);
        il.LoadInt32(layout.Types[typeIndex]);
        Call(typeof(Calls), wide ? nameof(Calls.IndirectWide) : nameof(Calls.Indirect));
    }

    // The record is on top of the arguments.
    private void CallRecord(FunctionType type)
    {
        Pop(type.Parameters.Length);
        LoadRecord();
        il.Token(OpCodes.Calli, CallSite(type));
        PushResults(type);
    }

    private void LoadRecord()
    {
        var record = Take(IlType.Native);
        il.StoreLocal(record);
        il.LoadLocal(record);
        il.LoadInt32(8);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I);
        il.LoadLocal(record);
        il.Emit(OpCodes.Ldind_I);
        Give(IlType.Native, record);
    }

    private void ReturnCall(in Instruction instruction)
    {
        FunctionType type;
        switch (instruction.Opcode)
        {
            case Opcode.ReturnCall:
                type = module.FunctionTypeOf(instruction.Index);
                break;
            case Opcode.ReturnCallIndirect:
                type = module.Types[instruction.Index].Function!;
                Resolve(instruction.Index, instruction.Index2);
                break;
            default:
                type = module.Types[instruction.Index].Function!;
                Pop();
                Call(typeof(Calls), nameof(Calls.Reference));
                break;
        }

        Pop(type.Parameters.Length);
        if (openRegions > 0)
        {
            DeferTailCall(in instruction, type);
            return;
        }

        if (stack.Count > Frame.Height)
        {
            // A tail call needs the stack to hold its arguments and nothing else.
            ClearBelow(type, hasRecord: instruction.Opcode != Opcode.ReturnCall);
        }

        TailCall(in instruction, type);
        reachable = false;
    }

    // A tail call leaves its protected regions first: it is made at the method's end.
    private void DeferTailCall(in Instruction instruction, FunctionType type)
    {
        var record = -1;
        if (instruction.Opcode != Opcode.ReturnCall)
        {
            record = NewLocal(IlType.Native);
            il.StoreLocal(record);
        }

        var held = new int[type.Parameters.Length];
        for (var i = held.Length - 1; i >= 0; i--)
        {
            held[i] = NewLocal(Il(type.Parameters[i]));
            il.StoreLocal(held[i]);
        }

        var label = il.DefineLabel();
        il.Branch(OpCodes.Leave, label);
        deferred.Add((label, instruction, type, held, record));
        reachable = false;
    }

    private void DeferredTailCalls()
    {
        foreach (var (label, instruction, type, held, record) in deferred)
        {
            il.Mark(label);
            LoadAll(held);
            if (record >= 0)
            {
                il.LoadLocal(record);
            }

            TailCall(in instruction, type);
        }

        deferred.Clear();
    }

    // Arguments and record are on the stack.
    private void TailCall(in Instruction instruction, FunctionType type)
    {
        LeaveMetered();
        if (instruction.Opcode != Opcode.ReturnCall)
        {
            LoadRecord();
            il.Emit(OpCodes.Tailcall);
            il.Token(OpCodes.Calli, CallSite(type));
        }
        else if (instruction.Index >= module.ImportedFunctions)
        {
            il.LoadArgument(ContextArgument);
            il.Emit(OpCodes.Tailcall);
            il.Token(OpCodes.Call, image.MethodToken(firstMethod + instruction.Index - module.ImportedFunctions));
        }
        else
        {
            LoadContext(layout.Imports[instruction.Index] + 8);
            il.Emit(OpCodes.Ldind_I);
            LoadContext(layout.Imports[instruction.Index]);
            il.Emit(OpCodes.Ldind_I);
            il.Emit(OpCodes.Tailcall);
            il.Token(OpCodes.Calli, CallSite(type));
        }

        il.Emit(OpCodes.Ret);
    }

    private void ClearBelow(FunctionType type, bool hasRecord)
    {
        var record = -1;
        if (hasRecord)
        {
            record = Take(IlType.Native);
            il.StoreLocal(record);
        }

        var held = SpillTop([.. type.Parameters]);
        Drop(stack.Count - Frame.Height);
        LoadAll(held);
        for (var i = 0; i < held.Length; i++)
        {
            Give(Il(type.Parameters[i]), held[i]);
        }

        if (hasRecord)
        {
            il.LoadLocal(record);
            Give(IlType.Native, record);
        }
    }

    private int CallSite(FunctionType type)
    {
        var parameters = IlTypes.Of(type.Parameters.AsSpan(), types, spare: 1);
        parameters[^1] = IlType.Native;
        return image.CallSite(parameters, type.Results.Length == 0 ? null : Il(type.Results[0]));
    }

    private void PushResults(FunctionType type)
    {
        for (var i = 0; i < type.Results.Length; i++)
        {
            if (i > 0)
            {
                LoadExtraResult(Il(type.Results[i]), i);
            }

            Push(type.Results[i]);
        }
    }

    private void LoadExtraResultAddress(int index)
    {
        LoadContext(ContextLayout.StoreBlock);
        il.Emit(OpCodes.Ldind_I);
        il.LoadInt32(StoreBlock.ResultsOffset + (16 * index));
        il.Emit(OpCodes.Add);
    }

    private void LoadExtraResult(IlType type, int index)
    {
        if (type == IlType.Object)
        {
            il.LoadArgument(ContextArgument);
            il.LoadInt32(index);
            Call(typeof(Bulk), nameof(Bulk.ResultObject));
            return;
        }

        LoadExtraResultAddress(index);
        LoadIndirect(type);
    }

    private void StoreExtraResult(IlType type, int index, int local)
    {
        if (type == IlType.Object)
        {
            il.LoadLocal(local);
            il.LoadArgument(ContextArgument);
            il.LoadInt32(index);
            Call(typeof(Bulk), nameof(Bulk.SetResultObject));
            return;
        }

        LoadExtraResultAddress(index);
        il.LoadLocal(local);
        StoreIndirect(type);
    }

    private void LoadIndirect(IlType type)
    {
        switch (type)
        {
            case IlType.Int32: il.Emit(OpCodes.Ldind_I4); break;
            case IlType.Int64: il.Emit(OpCodes.Ldind_I8); break;
            case IlType.Single: il.Emit(OpCodes.Ldind_R4); break;
            case IlType.Double: il.Emit(OpCodes.Ldind_R8); break;
            case IlType.Native: il.Emit(OpCodes.Ldind_I); break;
            default: il.Token(OpCodes.Ldobj, VectorToken); break;
        }
    }

    private void StoreIndirect(IlType type)
    {
        switch (type)
        {
            case IlType.Int32: il.Emit(OpCodes.Stind_I4); break;
            case IlType.Int64: il.Emit(OpCodes.Stind_I8); break;
            case IlType.Single: il.Emit(OpCodes.Stind_R4); break;
            case IlType.Double: il.Emit(OpCodes.Stind_R8); break;
            case IlType.Native: il.Emit(OpCodes.Stind_I); break;
            default: il.Token(OpCodes.Stobj, VectorToken); break;
        }
    }

    private int VectorToken => image.VectorType;
}
