using System.Runtime.Intrinsics;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Decode;

/// <summary>Reads instructions one by one from an expression's bytes.</summary>
/// <remarks>WebAssembly 3.0, binary format, instructions.</remarks>
internal ref struct InstructionReader
{
    private readonly WasmFeatures features;
    private ByteReader reader;

    public InstructionReader(ReadOnlySpan<byte> module, int offset, int length, WasmFeatures features)
    {
        reader = new ByteReader(module, offset, offset + length);
        this.features = features;
    }

    public readonly bool AtEnd => reader.AtEnd;

    /// <summary>Offset of the next instruction in the module; may be set to go back.</summary>
    public int Position
    {
        readonly get => reader.Position;
        set => reader.Position = value;
    }

    /// <summary>The next instruction's first byte, or the final <c>end</c>'s where there is none.</summary>
    public readonly byte PeekByte() => reader.AtEnd ? (byte)0x0B : reader.Peek();

    public void Read(out Instruction instruction)
    {
        instruction = default;
        instruction.Offset = reader.Position;
        int prefix = 0;
        uint number = reader.Byte();
        if (number is 0xFB or 0xFC or 0xFD)
        {
            prefix = (int)number;
            number = reader.U32();
        }

        var info = OpcodeTable.Find(prefix, number);
        if (info is null)
        {
            throw ByteReader.Malformed(instruction.Offset, prefix == 0 ? $"illegal opcode 0x{number:x2}" : $"illegal opcode 0x{prefix:x2} {number}");
        }

        instruction.Info = info;
        instruction.Opcode = info.Opcode;
        if (prefix is 0xFB or 0xFD || (prefix == 0 && number is (>= 0x08 and <= 0x0A) or (>= 0x12 and <= 0x15) or 0x1F or (>= 0xD3 and <= 0xD6)))
        {
            RequireFeature(ref instruction, prefix, number);
        }

        if (info.Immediates != ImmediateKind.None)
        {
            Immediates(ref instruction, info.Immediates);
        }
    }

    private readonly void RequireFeature(ref Instruction instruction, int prefix, uint number)
    {
        var needed = (prefix, number) switch
        {
            (0xFD, >= 0x100) => WasmFeatures.RelaxedSimd,
            (0xFD, _) => WasmFeatures.Simd,
            (0xFB, _) or (0, 0xD3) => WasmFeatures.GarbageCollection,
            (0, 0x12 or 0x13) => WasmFeatures.TailCalls,
            (0, 0x14 or 0x15 or 0xD4 or 0xD5 or 0xD6) => WasmFeatures.FunctionReferences,
            _ => WasmFeatures.Exceptions,
        };
        if ((features & needed) == 0)
        {
            throw ByteReader.Malformed(instruction.Offset, $"illegal opcode: {instruction.Info.Name} needs {needed}");
        }

        if (number == 0x15 && prefix == 0 && (features & WasmFeatures.TailCalls) == 0)
        {
            throw ByteReader.Malformed(instruction.Offset, "illegal opcode: return_call_ref needs TailCalls");
        }
    }

    private int Index()
    {
        var at = reader.Position;
        var index = reader.U32();
        return index <= int.MaxValue ? (int)index : throw new ModuleException(ModuleFault.Invalid, at, $"unknown index {index}");
    }

    private int MultiIndex(string what)
    {
        if ((features & WasmFeatures.MultiMemory) != 0)
        {
            return Index();
        }

        var at = reader.Position;
        return reader.Byte() == 0 ? 0 : throw ByteReader.Malformed(at, $"zero byte expected ({what}; several memories are not enabled)");
    }

    private void MemoryArgument(ref Instruction instruction)
    {
        var at = reader.Position;
        var align = reader.U32();
        if ((align & 0x40) != 0 && (features & WasmFeatures.MultiMemory) != 0)
        {
            align &= ~0x40u;
            instruction.Index = Index();
        }

        if (align >= ((features & WasmFeatures.Memory64) != 0 ? 0x40u : 0x20u))
        {
            throw ByteReader.Malformed(at, "malformed memop flags");
        }

        instruction.Align = (int)align;
        instruction.Constant = (features & WasmFeatures.Memory64) != 0 ? (long)reader.U64() : reader.U32();
    }

    private void Immediates(ref Instruction instruction, ImmediateKind kind)
    {
        switch (kind)
        {
            case ImmediateKind.I32:
                instruction.Constant = reader.S32();
                break;
            case ImmediateKind.I64:
                instruction.Constant = reader.S64();
                break;
            case ImmediateKind.F32:
                instruction.Constant = reader.Fixed32();
                break;
            case ImmediateKind.F64:
                instruction.Constant = (long)reader.Fixed64();
                break;
            case ImmediateKind.V128 or ImmediateKind.Shuffle:
                instruction.Vector = Vector128.Create(reader.Take(16));
                break;
            case ImmediateKind.MemoryArgument:
                MemoryArgument(ref instruction);
                break;
            case ImmediateKind.MemoryArgumentLane:
                MemoryArgument(ref instruction);
                instruction.Lane = reader.Byte();
                break;
            case ImmediateKind.Lane:
                instruction.Lane = reader.Byte();
                break;
            case ImmediateKind.Memory:
                instruction.Index = MultiIndex("memory index");
                break;
            case ImmediateKind.MemoryMemory:
                instruction.Index = MultiIndex("memory index");
                instruction.Index2 = MultiIndex("memory index");
                break;
            case ImmediateKind.DataMemory:
                instruction.Index = Index();
                instruction.Index2 = MultiIndex("memory index");
                break;
            case ImmediateKind.Local or ImmediateKind.Global or ImmediateKind.Function or ImmediateKind.Label or ImmediateKind.Type
                or ImmediateKind.Table or ImmediateKind.Data or ImmediateKind.Element or ImmediateKind.Tag:
                instruction.Index = Index();
                break;
            case ImmediateKind.TypeTable or ImmediateKind.ElementTable or ImmediateKind.TableTable or ImmediateKind.TypeField or ImmediateKind.TypeCount
                or ImmediateKind.TypeData or ImmediateKind.TypeElement or ImmediateKind.TypeType:
                instruction.Index = Index();
                instruction.Index2 = Index();
                break;
            case ImmediateKind.Block:
                instruction.Block = ReadBlockType();
                break;
            case ImmediateKind.Labels:
                var count = reader.Count(1_000_000, "labels");
                var labels = new int[count + 1];
                for (var i = 0; i <= count; i++)
                {
                    labels[i] = Index();
                }

                instruction.Labels = labels;
                break;
            case ImmediateKind.SelectTypes:
                var types = new WasmType[reader.Count(1_000, "types")];
                for (var i = 0; i < types.Length; i++)
                {
                    types[i] = TypeReader.ValueType(ref reader, features);
                }

                instruction.Types = types;
                break;
            case ImmediateKind.HeapType:
                instruction.Type = WasmType.Reference(TypeReader.HeapType(ref reader, features), instruction.Opcode is Opcode.RefNull or Opcode.RefTestNull or Opcode.RefCastNull);
                break;
            case ImmediateKind.CastBranch:
                CastBranch(ref instruction);
                break;
            case ImmediateKind.TryTable:
                TryTable(ref instruction);
                break;
            default:
                throw new InvalidOperationException($"No reader for {kind}.");
        }
    }

    private BlockType ReadBlockType()
    {
        var code = reader.Peek();
        if (code == 0x40)
        {
            reader.Position++;
            return BlockType.Empty;
        }

        if (TypeReader.IsValueType(code))
        {
            return BlockType.Of(TypeReader.ValueType(ref reader, features));
        }

        var at = reader.Position;
        var index = reader.S33();
        if (index < 0)
        {
            throw ByteReader.Malformed(at, "malformed block type");
        }

        return index <= int.MaxValue ? BlockType.Of((int)index) : throw new ModuleException(ModuleFault.Invalid, at, $"unknown type {index}");
    }

    private void CastBranch(ref Instruction instruction)
    {
        var at = reader.Position;
        var flags = reader.Byte();
        if (flags > 3)
        {
            throw ByteReader.Malformed(at, $"malformed br_on_cast flags 0x{flags:x2}");
        }

        instruction.Index = Index();
        instruction.Type = WasmType.Reference(TypeReader.HeapType(ref reader, features), (flags & 1) != 0);
        instruction.Type2 = WasmType.Reference(TypeReader.HeapType(ref reader, features), (flags & 2) != 0);
    }

    private void TryTable(ref Instruction instruction)
    {
        instruction.Block = ReadBlockType();
        var catches = new CatchClause[reader.Count(100_000, "catch clauses")];
        for (var i = 0; i < catches.Length; i++)
        {
            var at = reader.Position;
            var kind = reader.Byte();
            if (kind > 3)
            {
                throw ByteReader.Malformed(at, $"malformed catch clause 0x{kind:x2}");
            }

            var tag = kind < 2 ? Index() : -1;
            catches[i] = new(kind, tag, Index());
        }

        instruction.Catches = catches;
    }
}
