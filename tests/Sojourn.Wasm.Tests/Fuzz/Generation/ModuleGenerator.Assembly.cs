using Sojourn.Wasm.Text.Emit;

namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <content>Sections.</content>
internal sealed partial class ModuleGenerator
{
    private byte[] Assemble(int exported, byte[][] bodies)
    {
        // A function of the harness reads all globals at once: one function to compile.
        var readers = Enumerable.Range(0, Globals.Length).SelectMany(Readers).ToArray();
        byte[][] code = [.. bodies, [0, .. readers.SelectMany(x => x), 0x0B]];
        int[] functionTypes = [.. Functions, TypeOf(new("", new string('I', readers.Length)))];

        var module = new BinaryBuffer();
        module.Append("\0asm\u0001\0\0\0"u8);
        TypeSection(module);
        Section(module, 3, functionTypes, (into, type) => into.U32(type));
        Section(module, 4, Tables, (into, table) =>
        {
            TypeLetter.Write(into, table.Element);
            Limits(into, table.Is64, table.Minimum, table.Maximum);
        });
        Section(module, 5, Memories, (into, memory) => Limits(into, memory.Is64, memory.Minimum, memory.Maximum));
        if (Tags.Count > 0)
        {
            Section(module, 13, Tags, (into, type) =>
            {
                into.Byte(0);
                into.U32(type);
            });
        }

        Section(module, 6, $"i{Globals}".ToArray(), Global);
        var exports = new List<(string Name, byte Kind, int Index)> { ("steps", 3, 0), ("globals", 0, Functions.Count) };
        exports.AddRange(Memories.Select((_, i) => ($"mem{i}", (byte)2, i)));
        exports.AddRange(Enumerable.Range(0, exported).Select(i => ($"f{i}", (byte)0, i)));
        Section(module, 7, exports, (into, export) =>
        {
            into.Name(export.Name);
            into.Byte(export.Kind);
            into.U32(export.Index);
        });
        Section(module, 9, Enumerable.Range(0, HeapSegment + (Shape.Heap ? 1 : 0)).ToArray(), Elements);
        module.Append([12, 1, DataSegments]);
        Section(module, 10, code, (into, body) => into.Vector(body));
        Section(module, 11, Enumerable.Range(0, DataSegments).ToArray(), (into, i) =>
        {
            into.Append(i == 0 ? [0x00, (byte)(Memories[0].Is64 ? 0x42 : 0x41), 0x10, 0x0B] : [0x01]);
            into.Vector(Enumerable.Range(0, random.Below(64)).Select(_ => (byte)random.Next()).ToArray());
        });
        return module.ToArray();
    }

    private void TypeSection(BinaryBuffer module)
    {
        var content = new BinaryBuffer();
        content.U32(Heap.Groups + Types.Count);
        Heap.Write(content);
        foreach (var type in Types)
        {
            content.Byte(0x60);
            foreach (var list in new[] { type.Parameters, type.Results })
            {
                content.U32(list.Length);
                foreach (var letter in list)
                {
                    TypeLetter.Write(content, letter);
                }
            }
        }

        module.Byte(1);
        module.Vector(content.Written);
    }

    private static void Limits(BinaryBuffer into, bool is64, int minimum, int maximum)
    {
        into.Byte(is64 ? 5 : 1);
        into.U32(minimum);
        into.U32(maximum);
    }

    private void Global(BinaryBuffer into, char letter)
    {
        TypeLetter.Write(into, letter);
        into.Byte(1);
        if (letter == 'i' && random.OneIn(3) && Options.Wasm3)
        {
            // Arithmetic in a constant expression.
            FunctionGenerator.Constant(into, random, 'i');
            FunctionGenerator.Constant(into, random, 'i');
            into.Byte(random.Pick([0x6A, 0x6B, 0x6C]));
        }
        else if (Shape.Heap && letter is 'a' or 'q' or 'j' && random.OneIn(2))
        {
            FunctionGenerator.Constant(into, random, 'i');
            into.Append([0xFB, 28]);
        }
        else
        {
            FunctionGenerator.Constant(into, random, letter);
        }

        into.Byte(0x0B);
    }

    /// <summary>Segments 0 and 1 are passive, 2 fills the table, 3 declares every function so that ref.func may name it, 4 holds expressions.</summary>
    private void Elements(BinaryBuffer into, int segment)
    {
        if (segment == HeapSegment)
        {
            into.Append([0x05, 0x6E]);
            var expressions = 1 + random.Below(6);
            into.U32(expressions);
            for (var i = 0; i < expressions; i++)
            {
                HeapConstant(into);
                into.Byte(0x0B);
            }

            return;
        }

        into.Append(segment switch { 2 => [0x00, 0x41, 0x00, 0x0B], 3 => [0x03, 0x00], _ => (ReadOnlySpan<byte>)[0x01, 0x00] });
        var count = segment == 3 ? Functions.Count : 1 + random.Below(TableSize - 1);
        into.U32(count);
        for (var i = 0; i < count; i++)
        {
            into.U32(segment == 3 ? i : random.Below(Functions.Count));
        }
    }

    private void HeapConstant(BinaryBuffer into)
    {
        switch (random.Below(4))
        {
            case 0:
                into.Append([0xD0, 0x71]);
                break;
            case 1:
                var type = random.Below(Heap.Count);
                if (Heap.All[type].IsArray)
                {
                    into.Append([0x41, (byte)random.Below(9), 0xFB, 7, (byte)type]);
                }
                else
                {
                    into.Append([0xFB, 1, (byte)type]);
                }

                break;
            default:
                FunctionGenerator.Constant(into, random, 'i');
                into.Append([0xFB, 28]);
                break;
        }
    }

    /// <summary>Instructions that read a global as i64, or a vector as two.</summary>
    private IEnumerable<byte[]> Readers(int global)
    {
        var index = (byte)(global + 1);
        switch (Globals[global])
        {
            case 'i':
                yield return [0x23, index, 0xAD];
                break;
            case 'I':
                yield return [0x23, index];
                break;
            case 'f':
                yield return [0x23, index, 0xBC, 0xAD];
                break;
            case 'F':
                yield return [0x23, index, 0xBD];
                break;
            case 'v':
                yield return [0x23, index, 0xFD, 0x1D, 0];
                yield return [0x23, index, 0xFD, 0x1D, 1];
                break;
            case 'a':
                // An i31's value, or what it is: (if (ref.test i31) (i31.get_s) else 2 * struct + array).
                yield return
                [
                    0x23, index, 0xFB, 20, 0x6C, 0x04, 0x7E,
                    0x23, index, 0xFB, 22, 0x6C, 0xFB, 29, 0xAC,
                    0x05,
                    0x23, index, 0xFB, 20, 0x6B, 0x41, 1, 0x74, 0x23, index, 0xFB, 20, 0x6A, 0x6A, 0x41, 30, 0x74, 0xAD,
                    0x0B,
                ];
                break;
            default:
                yield return [0x23, index, 0xD1, 0xAD];
                break;
        }
    }

    private static void Section<T>(BinaryBuffer module, byte id, IReadOnlyCollection<T> items, Action<BinaryBuffer, T> write)
    {
        var content = new BinaryBuffer();
        content.U32(items.Count);
        foreach (var item in items)
        {
            write(content, item);
        }

        module.Byte(id);
        module.Vector(content.Written);
    }
}
