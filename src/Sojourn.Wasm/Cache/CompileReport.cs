namespace Sojourn.Wasm.Cache;

/// <summary>What an ahead-of-time compilation did and cost.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Time">Wall-clock time of the compiler's process.</param>
/// <param name="MemoryBytes">The most resident memory it was seen to have.</param>
/// <param name="Message">What the compiler said where it failed, at most 2,000 characters; else empty.</param>
public sealed record CompileReport(CompileOutcome Outcome, TimeSpan Time, long MemoryBytes, string Message);
