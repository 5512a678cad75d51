namespace Sojourn.Wasm.Text.Script;

/// <summary>The kinds of value that a script can write.</summary>
internal enum ScriptValueKind
{
    I32,
    I64,
    F32,
    F64,
    V128,
    RefNull,

    /// <summary>An external reference to a host value, known by a number.</summary>
    RefExtern,

    /// <summary>The same host value as seen in the hierarchy of <c>any</c>.</summary>
    RefHost,
}

/// <summary>An argument: its kind and its bits; for references the host value's number, and for null the heap type's code.</summary>
internal sealed record ScriptValue(ScriptValueKind Kind, ulong Low, ulong High = 0);
