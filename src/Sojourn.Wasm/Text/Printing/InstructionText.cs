using System.Globalization;
using System.Runtime.Intrinsics;
using System.Text;
using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Text.Printing;

/// <summary>Writes instructions, one a line, blocks indented.</summary>
internal sealed class InstructionText(ModuleDefinition module, ModuleIdentifiers names, TypeText types, StringBuilder output)
{
    private const int IndentMax = 40;

    /// <summary>Writes a function's instructions without the final <c>end</c>.</summary>
    public void Body(int offset, int length, IdentifierMap locals, int indent)
    {
        var reader = new InstructionReader(module.Bytes.Span, offset, length, WasmFeatures.Wasm3);
        var depth = indent;
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            if (instruction.Opcode is Opcode.End or Opcode.Else)
            {
                depth--;
                if (reader.AtEnd)
                {
                    break;
                }
            }

            output.Append('\n').Append(' ', 2 * Math.Min(Math.Max(depth, indent), IndentMax));
            Write(instruction, locals);
            if (instruction.Opcode is Opcode.Block or Opcode.Loop or Opcode.If or Opcode.Else or Opcode.TryTable)
            {
                depth++;
            }
        }
    }

    /// <summary>Writes a constant expression on one line.</summary>
    public void Constant(ConstantExpression expression)
    {
        var reader = new InstructionReader(module.Bytes.Span, expression.Offset, expression.Length, WasmFeatures.Wasm3);
        var first = true;
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            if (reader.AtEnd)
            {
                break;
            }

            output.Append(first ? "" : " ");
            first = false;
            Write(instruction, names.NoLocals);
        }
    }

    private void Write(in Instruction x, IdentifierMap locals)
    {
        output.Append(x.Info.Name);
        switch (x.Info.Immediates)
        {
            case ImmediateKind.I32 or ImmediateKind.I64:
                Number(x.Constant);
                break;
            case ImmediateKind.F32:
                Word(NumberText.F32((uint)x.Constant));
                break;
            case ImmediateKind.F64:
                Word(NumberText.F64((ulong)x.Constant));
                break;
            case ImmediateKind.V128:
                output.Append(" i32x4");
                for (var i = 0; i < 4; i++)
                {
                    output.Append(CultureInfo.InvariantCulture, $" 0x{x.Vector.AsUInt32()[i]:x8}");
                }

                break;
            case ImmediateKind.Shuffle:
                for (var i = 0; i < 16; i++)
                {
                    Number(x.Vector[i]);
                }

                break;
            case ImmediateKind.MemoryArgument:
                MemoryArgument(x);
                break;
            case ImmediateKind.MemoryArgumentLane:
                MemoryArgument(x);
                Number(x.Lane);
                break;
            case ImmediateKind.Lane:
                Number(x.Lane);
                break;
            case ImmediateKind.Memory:
                Optional(names.Memories, x.Index);
                break;
            case ImmediateKind.Table:
                Optional(names.Tables, x.Index);
                break;
            case ImmediateKind.MemoryMemory:
                Pair(names.Memories, x);
                break;
            case ImmediateKind.TableTable:
                Pair(names.Tables, x);
                break;
            case ImmediateKind.DataMemory:
                Optional(names.Memories, x.Index2);
                Word(names.Data[x.Index]);
                break;
            case ImmediateKind.ElementTable:
                Optional(names.Tables, x.Index2);
                Word(names.Elements[x.Index]);
                break;
            case ImmediateKind.TypeTable:
                Optional(names.Tables, x.Index2);
                Word($"(type {names.Types[x.Index]})");
                break;
            case ImmediateKind.Data:
                Word(names.Data[x.Index]);
                break;
            case ImmediateKind.Element:
                Word(names.Elements[x.Index]);
                break;
            case ImmediateKind.Type:
                Word(names.Types[x.Index]);
                break;
            case ImmediateKind.Function:
                Word(names.Functions[x.Index]);
                break;
            case ImmediateKind.Tag:
                Word(names.Tags[x.Index]);
                break;
            case ImmediateKind.Local:
                Word(locals[x.Index]);
                break;
            case ImmediateKind.Global:
                Word(names.Globals[x.Index]);
                break;
            case ImmediateKind.Label:
                Number(x.Index);
                break;
            case ImmediateKind.Labels:
                foreach (var label in x.Labels!)
                {
                    Number(label);
                }

                break;
            case ImmediateKind.Block:
                Block(x.Block);
                break;
            case ImmediateKind.TryTable:
                Block(x.Block);
                Catches(x.Catches!);
                break;
            case ImmediateKind.SelectTypes:
                Word($"(result {string.Join(' ', x.Types!.Select(types.Value))})");
                break;
            case ImmediateKind.HeapType:
                Word(x.Opcode == Opcode.RefNull ? types.Heap(x.Type.Heap) : types.Reference(x.Type));
                break;
            case ImmediateKind.CastBranch:
                Number(x.Index);
                Word(types.Reference(x.Type));
                Word(types.Reference(x.Type2));
                break;
            case ImmediateKind.TypeField or ImmediateKind.TypeCount:
                Word(names.Types[x.Index]);
                Number((uint)x.Index2);
                break;
            case ImmediateKind.TypeData:
                Word(names.Types[x.Index]);
                Word(names.Data[x.Index2]);
                break;
            case ImmediateKind.TypeElement:
                Word(names.Types[x.Index]);
                Word(names.Elements[x.Index2]);
                break;
            case ImmediateKind.TypeType:
                Word(names.Types[x.Index]);
                Word(names.Types[x.Index2]);
                break;
            case ImmediateKind.None:
                break;
            default:
                throw new InvalidOperationException($"No printer for {x.Info.Immediates}.");
        }
    }

    private void Word(string word) => output.Append(' ').Append(word);

    private void Number(long number) => output.Append(CultureInfo.InvariantCulture, $" {number}");

    private void Optional(IdentifierMap map, int index)
    {
        if (index != 0)
        {
            Word(map[index]);
        }
    }

    private void Pair(IdentifierMap map, in Instruction x)
    {
        if (x.Index != 0 || x.Index2 != 0)
        {
            Word(map[x.Index]);
            Word(map[x.Index2]);
        }
    }

    private void MemoryArgument(in Instruction x)
    {
        Optional(names.Memories, x.Index);
        if (x.Constant != 0)
        {
            output.Append(CultureInfo.InvariantCulture, $" offset={(ulong)x.Constant}");
        }

        if (x.Align != x.Info.Natural)
        {
            output.Append(CultureInfo.InvariantCulture, $" align={1UL << x.Align}");
        }
    }

    private void Block(BlockType type)
    {
        if (type.IsTypeIndex)
        {
            Word($"(type {names.Types[type.TypeIndex]})");
        }
        else if (!type.IsEmpty)
        {
            Word($"(result {types.Value(type.Result)})");
        }
    }

    private void Catches(CatchClause[] catches)
    {
        string[] kinds = ["catch", "catch_ref", "catch_all", "catch_all_ref"];
        foreach (var clause in catches)
        {
            output.Append(CultureInfo.InvariantCulture, $" ({kinds[clause.Kind]}{(clause.Kind < 2 ? " " + names.Tags[clause.Tag] : "")} {clause.Label})");
        }
    }
}
