namespace Sojourn.Wasm.Compile.Demand;

/// <summary>To how little of it a value may be cut by those who use it.</summary>
[Flags]
internal enum Cuts : byte
{
    None = 0,
    ToByte = 1,
    ToShort = 2,
    Any = ToByte | ToShort,
}
