using System.Collections.Immutable;

namespace Sojourn.Wasm.Text.Script;

/// <summary>Something done to an instance: call an exported function, or read an exported global.</summary>
/// <param name="Instance">The instance's name, or null for the latest.</param>
/// <param name="Field">The export.</param>
/// <param name="IsGet">Whether a global is read.</param>
/// <param name="Arguments">What the function is called with.</param>
internal sealed record ScriptAction(string? Instance, string Field, bool IsGet, ImmutableArray<ScriptValue> Arguments);
