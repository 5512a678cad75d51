using System.Globalization;
using Sojourn.Cli.Running;
using Sojourn.Wasm;

namespace Sojourn.Cli.Wasm;

/// <summary>Numbers between the command line and a function.</summary>
internal static class NumberArguments
{
    public static Value Parse(string text, WasmType type)
    {
        const NumberStyles Float = NumberStyles.Float;
        var culture = CultureInfo.InvariantCulture;
        Value? value = type.Kind switch
        {
            WasmTypeKind.I32 => int.TryParse(text, culture, out var x) ? Value.From(x) : uint.TryParse(text, culture, out var u) ? Value.From((int)u) : null,
            WasmTypeKind.I64 => long.TryParse(text, culture, out var x) ? Value.From(x) : ulong.TryParse(text, culture, out var u) ? Value.From((long)u) : null,
            WasmTypeKind.F32 => float.TryParse(text, Float, culture, out var x) ? Value.From(x) : null,
            WasmTypeKind.F64 => double.TryParse(text, Float, culture, out var x) ? Value.From(x) : null,
            _ => null,
        };
        return value ?? throw new CliException(ExitCode.Usage, $"'{text}' is not a number of type {type}");
    }

    public static string Format(Value value) => value.Kind switch
    {
        WasmTypeKind.I32 => value.Int32.ToString(CultureInfo.InvariantCulture),
        WasmTypeKind.I64 => value.Int64.ToString(CultureInfo.InvariantCulture),
        WasmTypeKind.F32 => value.Single.ToString("R", CultureInfo.InvariantCulture),
        WasmTypeKind.F64 => value.Double.ToString("R", CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
