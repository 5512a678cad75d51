namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>A function type in letters: i I f F v.</summary>
internal sealed record Signature(string Parameters, string Results)
{
    public static byte Code(char letter) => letter switch
    {
        'i' => 0x7F,
        'I' => 0x7E,
        'f' => 0x7D,
        'F' => 0x7C,
        'v' => 0x7B,
        _ => 0x70,
    };
}
