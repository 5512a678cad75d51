namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>A call of an exported function: its name and the bits of its arguments.</summary>
internal sealed record GeneratedCall(string Export, IReadOnlyList<(char Type, long Value)> Arguments);

/// <summary>A program and what is to be called in it. It exports its memories as mem0, mem1 and so on, the counter of its steps as "steps", and a function "globals" that reads all others.</summary>
internal sealed record GeneratedModule(ulong Seed, byte[] Bytes, IReadOnlyList<GeneratedCall> Calls, int Memories);
