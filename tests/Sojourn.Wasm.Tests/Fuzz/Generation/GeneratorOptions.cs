namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>What generated programs may use.</summary>
internal sealed record GeneratorOptions
{
    /// <summary>Whether results of float arithmetic are made canonical by the program itself, so that engines that leave NaN bits open agree.</summary>
    public bool CanonicalizeInProgram { get; init; } = true;

    public bool TailCalls { get; init; } = true;

    /// <summary>Relaxed SIMD: only engines with the deterministic profile agree on it.</summary>
    public bool RelaxedSimd { get; init; }

    /// <summary>Instructions per function, roughly.</summary>
    public int Budget { get; init; } = 120;

    public int FunctionsMax { get; init; } = 6;
}
