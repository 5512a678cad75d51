namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>A call of an exported function: its name and the bits of its arguments.</summary>
internal sealed record GeneratedCall(string Export, IReadOnlyList<(char Type, long Value)> Arguments);

/// <summary>A program and what is to be called in it; its memories are exported as mem0, mem1 and so on.</summary>
internal sealed record GeneratedModule(ulong Seed, byte[] Bytes, IReadOnlyList<GeneratedCall> Calls, IReadOnlyList<string> Getters, int Memories);
