using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>The instructions whose types the opcode table knows, by what they give.</summary>
internal sealed class OpcodeChoice
{
    private static readonly string[] NanMakers =
    [
        "add", "sub", "mul", "div", "min", "max", "sqrt", "ceil", "floor", "trunc", "nearest", "demote_f64", "promote_f32", "demote_f64x2_zero", "promote_low_f32x4",
        "relaxed_madd", "relaxed_nmadd", "relaxed_min", "relaxed_max",
    ];

    private static readonly OpcodeChoice Plain = new(relaxed: false);
    private static readonly OpcodeChoice Relaxed = new(relaxed: true);

    private OpcodeChoice(bool relaxed)
    {
        foreach (var info in OpcodeTable.Instructions)
        {
            var isRelaxed = info.Name.Contains("relaxed", StringComparison.Ordinal);
            if (!info.Signature.Contains(':', StringComparison.Ordinal) || (isRelaxed && !relaxed))
            {
                continue;
            }

            var results = info.Signature[(info.Signature.IndexOf(':', StringComparison.Ordinal) + 1)..];
            var key = results.Length == 0 ? ' ' : results[0];
            if (!ByResult.TryGetValue(key, out var list))
            {
                ByResult.Add(key, list = []);
            }

            // Where they are on they come often: they are few among many.
            list.AddRange(Enumerable.Repeat(info, isRelaxed ? 5 : 1));
        }
    }

    /// <summary>Instructions by the letter of their result; stores under a space.</summary>
    public Dictionary<char, List<OpcodeInfo>> ByResult { get; } = [];

    public static OpcodeChoice Of(bool relaxed) => relaxed ? Relaxed : Plain;

    /// <summary>Whether an instruction's result may be a NaN of bits that the specification leaves open; the letter of the lanes' shape.</summary>
    public static char NanShape(OpcodeInfo info)
    {
        var dot = info.Name.IndexOf('.', StringComparison.Ordinal);
        var (shape, operation) = (info.Name[..dot], info.Name[(dot + 1)..]);
        if (!NanMakers.Contains(operation))
        {
            return ' ';
        }

        return shape switch { "f32" => 'f', "f64" => 'F', "f32x4" => '4', "f64x2" => '2', _ => ' ' };
    }
}
