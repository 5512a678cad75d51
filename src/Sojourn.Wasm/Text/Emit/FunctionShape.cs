namespace Sojourn.Wasm.Text.Emit;

/// <summary>A function type, encoded: two are the same type where their bytes are the same.</summary>
/// <param name="Encoded">Parameters and results as in the type section, after the 0x60.</param>
/// <param name="Parameters">The number of parameters.</param>
/// <param name="Results">The number of results.</param>
internal sealed record FunctionShape(byte[] Encoded, int Parameters, int Results)
{
    public string Key => System.Text.Encoding.Latin1.GetString(Encoded);
}
