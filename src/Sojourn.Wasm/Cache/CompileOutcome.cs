namespace Sojourn.Wasm.Cache;

/// <summary>How an ahead-of-time compilation ended.</summary>
public enum CompileOutcome
{
    /// <summary>There is machine code.</summary>
    Compiled,

    /// <summary>No ahead-of-time compiler was found or given; the module runs from IL.</summary>
    NoCompiler,

    /// <summary>It took longer than <see cref="CompileBudget.Time"/> and was ended.</summary>
    TimeExceeded,

    /// <summary>It took more than <see cref="CompileBudget.MemoryBytes"/> and was ended.</summary>
    MemoryExceeded,

    /// <summary>The compiler ended with an error.</summary>
    CompilerFailed,
}
