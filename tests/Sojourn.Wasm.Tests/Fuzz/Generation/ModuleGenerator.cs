using Sojourn.Wasm.Text.Emit;

namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>Draws valid modules that end: loops and calls share a counter that runs out.</summary>
internal sealed class ModuleGenerator
{
    /// <summary>Steps of loops and calls per exported call.</summary>
    private const int Steps = 300;

    public const int TableSize = 8;
    public const int DataSegments = 3;
    public const int ElementSegments = 2;

    private readonly Prng random;
    private readonly GeneratorOptions options;

    private ModuleGenerator(ulong seed, GeneratorOptions options)
    {
        random = new Prng(seed);
        this.options = options;
        Opcodes = new OpcodeChoice(options);
    }

    public OpcodeChoice Opcodes { get; }

    /// <summary>Signatures by type index.</summary>
    public List<Signature> Types { get; } = [];

    /// <summary>Type indices of the functions.</summary>
    public List<int> Functions { get; } = [];

    /// <summary>Letters of the mutable globals from index 1 on; global 0 counts steps.</summary>
    public string Globals { get; } = "iIfFviIfFv";

    public static GeneratedModule Generate(ulong seed, GeneratorOptions options) => new ModuleGenerator(seed, options).Generate(seed);

    /// <summary>The index of a type, added where there is none like it.</summary>
    public int TypeOf(Signature signature)
    {
        var index = Types.IndexOf(signature);
        if (index < 0)
        {
            index = Types.Count;
            Types.Add(signature);
        }

        return index;
    }

    private GeneratedModule Generate(ulong seed)
    {
        var exported = 1 + random.Below(options.FunctionsMax);
        var inner = random.Below(options.FunctionsMax);
        for (var i = 0; i < exported; i++)
        {
            Functions.Add(TypeOf(new Signature(Letters("iI", 4), Letters("iI", 3))));
        }

        for (var i = 0; i < inner; i++)
        {
            Functions.Add(TypeOf(new Signature(Letters("iIfFv", 5), Letters("iIfFv", 3))));
        }

        var bodies = Functions.Select((type, i) => new FunctionGenerator(this, random, options, Types[type]).Generate()).ToArray();
        var bytes = Assemble(exported, bodies, out var getters);
        var calls = new List<GeneratedCall>();
        for (var i = 0; i < exported * 2; i++)
        {
            var signature = Types[Functions[i % exported]];
            calls.Add(new($"f{i % exported}", signature.Parameters.Select(letter => (letter, FunctionGenerator.Interesting(random, letter))).ToArray()));
        }

        return new(seed, bytes, calls, getters);
    }

    private string Letters(string from, int most) => string.Concat(Enumerable.Range(0, random.Below(most)).Select(_ => random.Pick(from.ToCharArray())));

    private byte[] Assemble(int exported, byte[][] bodies, out List<string> getters)
    {
        // Functions of the harness: reset, and one reader per global (two for a vector).
        var code = new List<byte[]>(bodies) { Reset() };
        var functionTypes = new List<int>(Functions) { TypeOf(new("", "")) };
        getters = [];
        for (var i = 0; i < Globals.Length; i++)
        {
            foreach (var body in Readers(i))
            {
                getters.Add($"g{getters.Count}");
                code.Add(body);
                functionTypes.Add(TypeOf(new("", "I")));
            }
        }

        var module = new BinaryBuffer();
        module.Append("\0asm\u0001\0\0\0"u8);
        Section(module, 1, Types, (into, type) =>
        {
            into.Byte(0x60);
            foreach (var list in new[] { type.Parameters, type.Results })
            {
                into.U32(list.Length);
                foreach (var letter in list)
                {
                    into.Byte(Signature.Code(letter));
                }
            }
        });
        Section(module, 3, functionTypes, (into, type) => into.U32(type));
        Section(module, 4, [0], (into, _) => into.Append([0x70, 0x01, TableSize, TableSize * 2]));
        Section(module, 5, [0], (into, _) => into.Append([0x01, 0x01, 0x04]));
        Section(module, 6, $"i{Globals}".ToArray(), Global);
        var exports = new List<(string Name, byte Kind, int Index)> { ("mem", 2, 0), ("reset", 0, Functions.Count) };
        exports.AddRange(Enumerable.Range(0, exported).Select(i => ($"f{i}", (byte)0, i)));
        exports.AddRange(getters.Select((name, i) => (name, (byte)0, Functions.Count + 1 + i)));
        Section(module, 7, exports, (into, export) =>
        {
            into.Name(export.Name);
            into.Byte(export.Kind);
            into.U32(export.Index);
        });
        Section(module, 9, Enumerable.Range(0, ElementSegments + 2).ToArray(), Elements);
        module.Append([12, 1, DataSegments]);
        Section(module, 10, code, (into, body) => into.Vector(body));
        Section(module, 11, Enumerable.Range(0, DataSegments).ToArray(), (into, i) =>
        {
            into.Append(i == 0 ? [0x00, 0x41, 0x10, 0x0B] : [0x01]);
            into.Vector(Enumerable.Range(0, random.Below(64)).Select(_ => (byte)random.Next()).ToArray());
        });
        return module.ToArray();
    }

    private void Global(BinaryBuffer into, char letter)
    {
        into.Byte(Signature.Code(letter));
        into.Byte(1);
        FunctionGenerator.Constant(into, random, letter);
        into.Byte(0x0B);
    }

    /// <summary>Segments 0 and 1 are passive, 2 fills the table, 3 declares every function so that ref.func may name it.</summary>
    private void Elements(BinaryBuffer into, int segment)
    {
        into.Append(segment switch { 2 => [0x00, 0x41, 0x00, 0x0B], 3 => [0x03, 0x00], _ => (ReadOnlySpan<byte>)[0x01, 0x00] });
        var count = segment == 3 ? Functions.Count : 1 + random.Below(TableSize - 1);
        into.U32(count);
        for (var i = 0; i < count; i++)
        {
            into.U32(segment == 3 ? i : random.Below(Functions.Count));
        }
    }

    private static byte[] Reset()
    {
        var body = new BinaryBuffer();
        body.Append([0x00, 0x41]);
        body.S64(Steps);
        body.Append([0x24, 0x00, 0x0B]);
        return body.ToArray();
    }

    /// <summary>Bodies that read a global as i64.</summary>
    private IEnumerable<byte[]> Readers(int global)
    {
        var index = (byte)(global + 1);
        switch (Globals[global])
        {
            case 'i':
                yield return [0, 0x23, index, 0xAD, 0x0B];
                break;
            case 'I':
                yield return [0, 0x23, index, 0x0B];
                break;
            case 'f':
                yield return [0, 0x23, index, 0xBC, 0xAD, 0x0B];
                break;
            case 'F':
                yield return [0, 0x23, index, 0xBD, 0x0B];
                break;
            default:
                yield return [0, 0x23, index, 0xFD, 0x1D, 0, 0x0B];
                yield return [0, 0x23, index, 0xFD, 0x1D, 1, 0x0B];
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
