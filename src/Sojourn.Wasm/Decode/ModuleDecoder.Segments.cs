using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Decode;

internal ref partial struct ModuleDecoder
{
    /// <summary>Skips one constant expression; the validator reads it again and judges it.</summary>
    private readonly ConstantExpression Constant(ref ByteReader section)
    {
        var start = section.Position;
        var reader = new InstructionReader(bytes, start, section.End - start, Features);
        var depth = 0;
        while (true)
        {
            reader.Read(out var instruction);
            if (instruction.Opcode is Opcode.Block or Opcode.Loop or Opcode.If or Opcode.TryTable)
            {
                depth++;
            }
            else if (instruction.Opcode == Opcode.RefFunc)
            {
                module.DeclaredFunctions.Add(instruction.Index);
            }
            else if (instruction.Opcode == Opcode.End && depth-- == 0)
            {
                break;
            }
        }

        section.Position = reader.Position;
        return new(start, reader.Position - start);
    }

    private readonly void Elements(ref ByteReader section)
    {
        var count = section.Count(Limits.SegmentsMax, "element segments");
        var segments = new ElementSegment[count];
        for (var i = 0; i < count; i++)
        {
            segments[i] = Element(ref section);
        }

        module.Elements = segments;
    }

    private readonly ElementSegment Element(ref ByteReader section)
    {
        var at = section.Position;
        var flags = section.U32();
        if (flags > 7)
        {
            throw ByteReader.Malformed(at, $"malformed elements segment kind {flags}");
        }

        var mode = (flags & 1) == 0 ? SegmentMode.Active : (flags & 2) == 0 ? SegmentMode.Passive : SegmentMode.Declarative;
        var table = 0;
        ConstantExpression offset = default;
        if (mode == SegmentMode.Active)
        {
            if ((flags & 2) != 0)
            {
                table = (int)section.U32();
            }

            offset = Constant(ref section);
        }

        var expressions = (flags & 4) != 0;
        var type = expressions ? WasmType.FuncRef : WasmType.Reference(HeapType.Func, (Features & WasmFeatures.FunctionReferences) == 0);
        if ((flags & 3) != 0)
        {
            if (expressions)
            {
                type = TypeReader.ReferenceType(ref section, Features);
            }
            else if (section.Byte() != 0)
            {
                throw ByteReader.Malformed(section.Position - 1, "malformed element kind");
            }
        }

        var length = section.Count(10_000_000, "elements");
        if (expressions)
        {
            var list = new ConstantExpression[length];
            for (var i = 0; i < length; i++)
            {
                list[i] = Constant(ref section);
            }

            return new(mode, table, offset, type, null, list);
        }

        var indices = new int[length];
        for (var i = 0; i < length; i++)
        {
            indices[i] = (int)section.U32();
            module.DeclaredFunctions.Add(indices[i]);
        }

        return new(mode, table, offset, type, indices, null);
    }

    private readonly void Data(ref ByteReader section)
    {
        var count = section.Count(Limits.SegmentsMax, "data segments");
        var segments = new DataSegment[count];
        for (var i = 0; i < count; i++)
        {
            var at = section.Position;
            var flags = section.U32();
            if (flags > 2)
            {
                throw ByteReader.Malformed(at, $"malformed data segment kind {flags}");
            }

            var memory = flags == 2 ? (int)section.U32() : 0;
            var offset = flags == 1 ? default : Constant(ref section);
            var length = section.U32();
            var start = section.Position;
            section.Take(length <= int.MaxValue ? (int)length : int.MaxValue);
            segments[i] = new(flags == 1 ? SegmentMode.Passive : SegmentMode.Active, memory, offset, start, (int)length);
        }

        module.Data = segments;
    }
}
