using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

/// <summary>Which functions of a module call which others by their index.</summary>
internal static class CallGraph
{
    /// <summary>The module's own functions, callees before their callers as far as there is no recursion: machine code calls directly what is machine code already.</summary>
    public static int[] BottomUp(WasmModule module)
    {
        var definition = module.Definition;
        var order = new List<int>(definition.Functions.Length - definition.ImportedFunctions);
        var seen = new bool[definition.Functions.Length];
        var path = new Stack<(int Function, int[] Callees, int Next)>();
        for (var root = definition.ImportedFunctions; root < definition.Functions.Length; root++)
        {
            Visit(root);
            while (path.TryPop(out var top))
            {
                if (top.Next < top.Callees.Length)
                {
                    path.Push(top with { Next = top.Next + 1 });
                    Visit(top.Callees[top.Next]);
                }
                else
                {
                    order.Add(top.Function);
                }
            }
        }

        return [.. order];

        void Visit(int function)
        {
            if (!seen[function])
            {
                seen[function] = true;
                path.Push((function, Callees(module, function), 0));
            }
        }
    }

    private static int[] Callees(WasmModule module, int function)
    {
        var definition = module.Definition;
        var body = definition.Functions[function].Body!;
        var callees = new List<int>();
        var reader = new InstructionReader(definition.Bytes.Span, body.CodeOffset, body.CodeLength, module.Options.Features);
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            if (instruction.Opcode is Opcode.Call or Opcode.ReturnCall && instruction.Index >= definition.ImportedFunctions)
            {
                callees.Add(instruction.Index);
            }
        }

        return [.. callees.Distinct()];
    }
}
