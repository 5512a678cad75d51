using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <summary>A function's instructions, decoded, with the places that structured control jumps to.</summary>
internal sealed class Body
{
    private Body(FunctionType type, int locals, Instruction[] code, int[] match)
    {
        Type = type;
        Locals = locals;
        Code = code;
        Match = match;
    }

    public FunctionType Type { get; }

    /// <summary>The number of locals beyond the parameters.</summary>
    public int Locals { get; }

    public Instruction[] Code { get; }

    /// <summary>For block, loop, try_table and else: the place of their <c>end</c>. For if: of its <c>else</c>, or <c>end</c> where there is none.</summary>
    public int[] Match { get; }

    public static Body Decode(WasmModule module, int function)
    {
        var definition = module.Definition;
        var body = definition.Functions[function].Body!;
        var code = new List<Instruction>();
        var match = new List<int>();
        var open = new Stack<int>();
        var reader = new InstructionReader(module.Bytes.Span, body.CodeOffset, body.CodeLength, module.Options.Features);
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            var at = code.Count;
            code.Add(instruction);
            match.Add(-1);
            switch (instruction.Opcode)
            {
                case Opcode.Block or Opcode.Loop or Opcode.If or Opcode.TryTable:
                    open.Push(at);
                    break;
                case Opcode.Else:
                    match[open.Pop()] = at;
                    open.Push(at);
                    break;
                case Opcode.End when open.Count > 0:
                    match[open.Pop()] = at;
                    break;
            }
        }

        return new(definition.FunctionTypeOf(function), body.LocalCount, code.ToArray(), match.ToArray());
    }
}
