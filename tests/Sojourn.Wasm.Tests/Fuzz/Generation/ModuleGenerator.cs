using Sojourn.Wasm.Text.Emit;

namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>Draws valid modules that end: loops and calls share a counter that runs out.</summary>
internal sealed partial class ModuleGenerator
{
    /// <summary>Steps of loops and calls per exported call.</summary>
    public const int Steps = 300;

    /// <summary>Elements at the beginning of every table: a power of two.</summary>
    public const int TableSize = 8;

    public const int DataSegments = 3;

    /// <summary>Element segments of functions that may be used in bodies.</summary>
    public const int FunctionSegments = 2;

    /// <summary>The element segment of references into the heap, where there is one.</summary>
    public const int HeapSegment = 4;

    private readonly Prng random;

    private ModuleGenerator(Prng random, GeneratorOptions options)
    {
        this.random = random;
        Options = options;
        Shape = ProgramShape.Draw(random, options);
        Opcodes = OpcodeChoice.Of(Shape.Relaxed);
        Heap = new HeapTypes(random, Shape.Heap);
        Memories = [new(Shape.Wide && random.OneIn(2), 1, 4)];
        if (Shape.ManyMemories)
        {
            Memories = [.. Memories, .. Enumerable.Range(0, 1 + random.Below(2)).Select(_ => new MemoryShape(Shape.Wide && random.OneIn(2), random.Below(2), 2))];
        }

        Tables = [new('r', false, TableSize, 2 * TableSize)];
        if (Shape.ManyTables)
        {
            Tables =
            [
                .. Tables,
                new('e', Shape.Wide && random.OneIn(2), TableSize, 2 * TableSize),
                new('r', Shape.Wide && random.OneIn(2), TableSize, 3 * TableSize),
                .. Shape.Heap ? [new('a', Shape.Wide && random.OneIn(3), TableSize, 2 * TableSize), new(TypeLetter.Concrete(random.Below(Heap.Count), true), false, TableSize, 20)] : (TableShape[])[],
            ];
        }

        References = (Shape.Heap, Shape.Exceptions) switch { (true, true) => "reaqjsyx", (true, false) => "reaqjsy", (false, true) => "rex", _ => "re" };
        References += string.Concat(Enumerable.Range(0, Heap.Count).Select(i => TypeLetter.Concrete(i, true)));
        Globals = "iIfFviIfFv" + References;
    }

    public GeneratorOptions Options { get; }

    public ProgramShape Shape { get; }

    public OpcodeChoice Opcodes { get; }

    public HeapTypes Heap { get; }

    public IReadOnlyList<MemoryShape> Memories { get; }

    public IReadOnlyList<TableShape> Tables { get; }

    /// <summary>Letters of the nullable references that the program uses.</summary>
    public string References { get; }

    /// <summary>Signatures of function types; their indices begin after the heap's types.</summary>
    public List<Signature> Types { get; } = [];

    /// <summary>Type indices of the functions.</summary>
    public List<int> Functions { get; } = [];

    /// <summary>Type indices of the tags.</summary>
    public List<int> Tags { get; } = [];

    /// <summary>Letters of the mutable globals from index 1 on; global 0 counts steps.</summary>
    public string Globals { get; }

    public static GeneratedModule Generate(ulong seed, GeneratorOptions options) => new ModuleGenerator(new Prng(seed), options).Generate(seed);

    /// <summary>A program of written-down draws: any draws give a valid one.</summary>
    public static GeneratedModule Generate(Prng draws, GeneratorOptions options, ulong seed = 0) => new ModuleGenerator(draws, options).Generate(seed);

    public Signature SignatureOf(int typeIndex) => Types[typeIndex - Heap.Count];

    public Signature SignatureOfFunction(int function) => SignatureOf(Functions[function]);

    /// <summary>The index of a type, added where there is none like it.</summary>
    public int TypeOf(Signature signature)
    {
        var index = Types.IndexOf(signature);
        if (index < 0)
        {
            index = Types.Count;
            Types.Add(signature);
        }

        return index + Heap.Count;
    }

    /// <summary>Letters drawn for parameters and results.</summary>
    public string Letters(int most, bool references = true) => string.Concat(Enumerable.Range(0, random.Below(most)).Select(_ => Letter(references)));

    /// <summary>A number's letter, or in programs with a heap now and then a reference's.</summary>
    public char Letter(bool references = true)
    {
        if (references && Shape.Heap && random.OneIn(3))
        {
            var letter = random.Pick(References.ToCharArray());
            return letter != 'x' && random.OneIn(4) ? TypeLetter.NonNull(letter) : letter;
        }

        return random.Pick(TypeLetter.Numbers.ToCharArray());
    }

    private GeneratedModule Generate(ulong seed)
    {
        var most = Options.FunctionsMax * (Shape.Large ? 2 : 1);
        var exported = 1 + random.Below(most);
        var inner = random.Below(most);
        for (var i = 0; i < exported; i++)
        {
            Functions.Add(TypeOf(new Signature(Integers(4), Integers(3))));
        }

        for (var i = 0; i < inner; i++)
        {
            // Now and then a signature that is there already, so that indirect calls fit.
            Functions.Add(random.OneIn(3) ? random.Pick(Functions) : TypeOf(new Signature(Letters(5), Letters(3))));
        }

        if (Shape.Exceptions)
        {
            for (var i = 0; i < 3; i++)
            {
                Tags.Add(TypeOf(new(Letters(3), "")));
            }
        }

        var bodies = Functions.Select(type => new FunctionGenerator(this, random, SignatureOf(type)).Generate()).ToArray();
        var bytes = Assemble(exported, bodies);
        var calls = new List<GeneratedCall>();
        for (var i = 0; i < exported * 2; i++)
        {
            var signature = SignatureOfFunction(i % exported);
            calls.Add(new($"f{i % exported}", signature.Parameters.Select(letter => (letter, FunctionGenerator.Interesting(random, letter))).ToArray()));
        }

        return new(seed, bytes, calls, Memories.Count);
    }

    private string Integers(int most) => string.Concat(Enumerable.Range(0, random.Below(most)).Select(_ => random.Pick(['i', 'I'])));
}
