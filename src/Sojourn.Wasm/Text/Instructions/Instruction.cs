namespace Sojourn.Wasm.Text.Instructions;

/// <summary>One instruction: its name, its bytes and what follows them.</summary>
/// <param name="Name">As written in the text format.</param>
/// <param name="Prefix">0, or 0xFB (GC), 0xFC (bulk memory, saturating conversions), 0xFD (vectors).</param>
/// <param name="Code">The opcode byte, or the number after the prefix.</param>
/// <param name="Immediate">What follows.</param>
/// <param name="NaturalAlignment">For memory accesses: the binary logarithm of the access's width.</param>
internal readonly record struct Instruction(string Name, byte Prefix, ushort Code, Immediate Immediate, byte NaturalAlignment = 0);
