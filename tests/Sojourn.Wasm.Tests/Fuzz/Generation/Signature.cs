namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>A function type in letters, see <see cref="TypeLetter"/>.</summary>
internal sealed record Signature(string Parameters, string Results);
