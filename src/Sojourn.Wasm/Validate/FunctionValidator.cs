using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

/// <summary>Judges function bodies, one after the other.</summary>
/// <remarks>WebAssembly 3.0, validation, instructions; one part of the instructions per file.</remarks>
internal sealed partial class FunctionValidator(ModuleContext context)
{
    private readonly ModuleDefinition module = context.Module;
    private readonly WasmFeatures features = context.Options.Features;
    private readonly OperandStack stack = new(context);
    private WasmType[] locals = [];
    private int localCount;
    private WasmType[] results = [];

    public void Validate(int functionIndex)
    {
        var function = module.Functions[functionIndex];
        var type = module.Types[function.TypeIndex].Function!;
        var body = function.Body!;
        SetLocals(type, body);
        results = [.. type.Results];
        stack.Reset(locals.AsSpan(0, localCount), type.Parameters.Length);
        stack.Open(Opcode.Block, [], results);
        var reader = new InstructionReader(module.Bytes.Span, body.CodeOffset, body.CodeLength, features);
        while (stack.Depth > 0)
        {
            reader.Read(out var instruction);
            stack.Offset = instruction.Offset;
            var signature = instruction.Info.Signature;
            if (signature[0] != '*')
            {
                Simple(in instruction, signature);
            }
            else
            {
                Special(in instruction);
            }
        }

        if (!reader.AtEnd)
        {
            throw ByteReader.Malformed(reader.Position, "END opcode expected: code follows the function's end");
        }
    }

    private void SetLocals(FunctionType type, FunctionBody body)
    {
        localCount = type.Parameters.Length + body.LocalCount;
        if (localCount > context.Options.Limits.LocalsMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, body.CodeOffset, $"{localCount} locals, the limit is {context.Options.Limits.LocalsMax}");
        }

        if (locals.Length < localCount)
        {
            locals = new WasmType[Math.Max(localCount, 64)];
        }

        type.Parameters.AsSpan().CopyTo(locals);
        var at = type.Parameters.Length;
        foreach (var run in body.Locals)
        {
            context.CheckType(run.Type, body.CodeOffset);
            locals.AsSpan(at, run.Count).Fill(run.Type);
            at += run.Count;
        }
    }

    private void Simple(in Instruction instruction, string signature)
    {
        switch (instruction.Info.Immediates)
        {
            case ImmediateKind.MemoryArgument or ImmediateKind.MemoryArgumentLane:
                CheckAccess(in instruction);
                break;
            case ImmediateKind.Lane when instruction.Lane >= instruction.Info.Natural:
                throw ModuleValidator.Invalid(instruction.Offset, "invalid lane index");
            case ImmediateKind.Shuffle:
                for (var i = 0; i < 16; i++)
                {
                    if (instruction.Vector[i] >= 32)
                    {
                        throw ModuleValidator.Invalid(instruction.Offset, "invalid lane index");
                    }
                }

                break;
        }

        var colon = signature.IndexOf(':', StringComparison.Ordinal);
        for (var i = colon - 1; i >= 0; i--)
        {
            stack.Pop(signature[i] == 'm' ? context.AddressType(instruction.Index) : ConstantValidator.TypeOf(signature[i]));
        }

        if (colon + 1 < signature.Length)
        {
            stack.Push(ConstantValidator.TypeOf(signature[colon + 1]));
        }
    }

    private void CheckAccess(in Instruction instruction)
    {
        context.CheckIndex(instruction.Index, module.Memories.Length, "memory", instruction.Offset);
        if (instruction.Align > instruction.Info.Natural)
        {
            throw ModuleValidator.Invalid(instruction.Offset, "alignment must not be larger than natural");
        }

        if (!module.Memories[instruction.Index].Limits.Is64Bit && (ulong)instruction.Constant > uint.MaxValue)
        {
            throw ModuleValidator.Invalid(instruction.Offset, "offset out of range");
        }

        if (instruction.Info.Immediates == ImmediateKind.MemoryArgumentLane && instruction.Lane >= 16 >> instruction.Info.Natural)
        {
            throw ModuleValidator.Invalid(instruction.Offset, "invalid lane index");
        }
    }

    private void Special(in Instruction instruction)
    {
        var group = (int)instruction.Opcode >> 16;
        switch (group)
        {
            case 0xFB:
                Heap(in instruction);
                break;
            case 0xFC:
                Bulk(in instruction);
                break;
            default:
                if (!Control(in instruction) && !Variable(in instruction))
                {
                    Reference(in instruction);
                }

                break;
        }
    }
}
