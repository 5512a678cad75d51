namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>What generated programs may use.</summary>
internal sealed record GeneratorOptions
{
    /// <summary>Whether results of float arithmetic are made canonical by the program itself, so that engines that leave NaN bits open agree.</summary>
    public bool CanonicalizeInProgram { get; init; } = true;

    /// <summary>Relaxed SIMD with any operands: only engines with the deterministic profile agree on it. Otherwise operands are drawn for which all engines agree.</summary>
    public bool RelaxedFreely { get; init; }

    /// <summary>Whether programs may use what came with 3.0; each program draws which of it.</summary>
    public bool Wasm3 { get; init; } = true;

    /// <summary>Instructions per function, roughly; every eighth program has four times as many.</summary>
    public int Budget { get; init; } = 40;

    /// <summary>Functions of each kind, at most; every eighth program has twice as many.</summary>
    public int FunctionsMax { get; init; } = 3;
}

/// <summary>What one program uses.</summary>
internal sealed record ProgramShape(bool Large, bool Heap, bool Exceptions, bool Relaxed, bool ManyMemories, bool ManyTables, bool Wide)
{
    public static ProgramShape Draw(Prng random, GeneratorOptions options)
    {
        var large = random.OneIn(8);
        bool On(int n) => options.Wasm3 && random.OneIn(n);
        return new(large, On(2), On(3), On(3), On(3), On(2), On(3));
    }
}

/// <summary>A linear memory of a program.</summary>
internal readonly record struct MemoryShape(bool Is64, int Minimum, int Maximum)
{
    /// <summary>The letter of its addresses.</summary>
    public char Address => Is64 ? 'I' : 'i';
}

/// <summary>A table of a program.</summary>
internal readonly record struct TableShape(char Element, bool Is64, int Minimum, int Maximum)
{
    /// <summary>The letter of its indices.</summary>
    public char Address => Is64 ? 'I' : 'i';
}
