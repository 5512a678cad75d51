using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

/// <summary>Where a function makes the addresses of its stores, so that they become native addresses at once: otherwise the value, which comes after, has to be put aside.</summary>
/// <remarks>Only where nothing but plain instructions lies between: at the borders of blocks operands are kept in locals of their own types.</remarks>
internal sealed class StoreAddresses
{
    private readonly Dictionary<int, Instruction> made = [];
    private readonly HashSet<int> stores = [];

    private StoreAddresses()
    {
    }

    /// <summary>Whether the store's address is native when the store is reached.</summary>
    /// <param name="offset">The store's offset in the module.</param>
    public bool IsReady(int offset) => stores.Contains(offset);

    /// <summary>Whether what is on top of the stack is the address of a store.</summary>
    /// <param name="end">Offset in the module where the instruction ended that made it.</param>
    /// <param name="store">The store.</param>
    public bool IsMade(int end, out Instruction store) => made.TryGetValue(end, out store);

    /// <summary>Reads a function.</summary>
    public static StoreAddresses Of(ModuleDefinition module, FunctionBody body, WasmFeatures features)
    {
        var result = new StoreAddresses();

        // Where the operands on top of the stack were made; -1 where it does not matter. What lies below is not known.
        var operands = new Stack<int>();
        var reader = new InstructionReader(module.Bytes.Span, body.CodeOffset, body.CodeLength, features);
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            var signature = instruction.Info.Signature;
            if (signature[0] != '*')
            {
                var colon = signature.IndexOf(':', StringComparison.Ordinal);
                if (instruction.Opcode is >= Opcode.I32Store and <= Opcode.I64Store32)
                {
                    result.Note(in instruction, operands, module.Memories[instruction.Index].Limits.Is64Bit);
                }

                Change(operands, colon, signature.Length - colon - 1, reader.Position);
                continue;
            }

            switch (instruction.Opcode)
            {
                case Opcode.LocalGet or Opcode.GlobalGet or Opcode.MemorySize:
                    Change(operands, 0, 1, reader.Position);
                    break;
                case Opcode.LocalSet or Opcode.GlobalSet or Opcode.Drop:
                    Change(operands, 1, 0, 0);
                    break;
                case Opcode.LocalTee or Opcode.MemoryGrow:
                    Change(operands, 1, 1, reader.Position);
                    break;
                case Opcode.Select or Opcode.SelectTyped:
                    Change(operands, 3, 1, reader.Position);
                    break;
                case Opcode.Call:
                    Call(module.FunctionTypeOf(instruction.Index), 0, reader.Position);
                    break;
                case Opcode.CallIndirect:
                    Call(module.Types[instruction.Index].Function!, 1, reader.Position);
                    break;
                case Opcode.Nop:
                    break;
                default:
                    operands.Clear();
                    break;
            }
        }

        return result;

        void Call(FunctionType type, int more, int end) => Change(operands, type.Parameters.Length + more, type.Results.Length, end);
    }

    private static void Change(Stack<int> operands, int taken, int given, int end)
    {
        for (var i = 0; i < taken && operands.Count > 0; i++)
        {
            operands.Pop();
        }

        for (var i = 1; i <= given; i++)
        {
            operands.Push(i == given ? end : -1);
        }
    }

    private void Note(in Instruction store, Stack<int> operands, bool wide)
    {
        if (wide || operands.Count < 2)
        {
            return;
        }

        var value = operands.Pop();
        var end = operands.Peek();
        operands.Push(value);
        if (end >= 0)
        {
            made.Add(end, store);
            stores.Add(store.Offset);
        }
    }
}
