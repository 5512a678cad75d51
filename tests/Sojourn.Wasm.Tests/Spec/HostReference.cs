namespace Sojourn.Wasm.Tests.Spec;

/// <summary>A host value of the scripts, known by its number.</summary>
/// <param name="Number">As in <c>(ref.extern 7)</c>.</param>
internal sealed record HostReference(ulong Number);
