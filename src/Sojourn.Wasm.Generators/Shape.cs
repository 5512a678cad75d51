using Microsoft.CodeAnalysis;

namespace Sojourn.Wasm.Generators;

/// <summary>How a .NET type crosses into the guest and back: its letter, its raw type, and the C# that converts.</summary>
/// <param name="Letter">As <c>GeneratedHost.Define</c> takes it: i, l, f, d, v, r (function) or o (object); m for bytes in memory and t for text there, which are two i; c for the caller, which is none.</param>
/// <param name="Clr">The type as written in generated code.</param>
internal sealed record Shape(char Letter, string Clr)
{
    private const string Engine = "global::Sojourn.Wasm.";
    private const string Vector = "global::System.Runtime.Intrinsics.Vector128<byte>";

    private bool IsUnsigned => Clr is "uint" or "ulong";

    private bool IsBool => Clr == "bool";

    /// <summary>Whether it is handed over as address and length.</summary>
    public bool IsInMemory => Letter is 'm' or 't';

    public bool IsCaller => Letter == 'c';

    /// <summary>The type that machine code passes.</summary>
    public string Raw => RawOf(Letter);

    /// <summary>Letters of the guest's parameters.</summary>
    public string Letters => IsCaller ? "" : IsInMemory ? "ii" : Letter.ToString();

    public static string RawOf(char letter) => letter switch
    {
        'i' => "int",
        'l' => "long",
        'f' => "float",
        'd' => "double",
        'v' => Vector,
        'r' => "nint",
        _ => "object?",
    };

    /// <summary>The shape of a type; null where it has none.</summary>
    public static Shape? Of(ITypeSymbol type)
    {
        switch (type.SpecialType)
        {
            case SpecialType.System_Int32: return new('i', "int");
            case SpecialType.System_UInt32: return new('i', "uint");
            case SpecialType.System_Boolean: return new('i', "bool");
            case SpecialType.System_Int64: return new('l', "long");
            case SpecialType.System_UInt64: return new('l', "ulong");
            case SpecialType.System_Single: return new('f', "float");
            case SpecialType.System_Double: return new('d', "double");
            case SpecialType.System_Object: return new('o', "object?");
            case SpecialType.System_String: return new('t', "string");
            default: break;
        }

        return type.TypeKind == TypeKind.Dynamic ? null : type.ToDisplayString() switch
        {
            "System.Runtime.Intrinsics.Vector128<byte>" => new('v', Vector),
            "System.ReadOnlySpan<byte>" => new('m', "global::System.ReadOnlySpan<byte>"),
            "System.Span<byte>" => new('m', "global::System.Span<byte>"),
            "Sojourn.Wasm.Function" or "Sojourn.Wasm.Function?" => new('r', Engine + "Function?"),
            "Sojourn.Wasm.Caller" => new('c', Engine + "Caller"),
            _ => null,
        };
    }

    /// <summary>C# that makes the .NET value of a raw one.</summary>
    /// <param name="raw">The raw value.</param>
    /// <param name="function">C# that makes a function of a record, with <c>{0}</c> for the record.</param>
    public string FromRaw(string raw, string function) =>
        IsBool ? $"({raw} != 0)"
        : IsUnsigned ? $"unchecked(({Clr}){raw})"
        : Letter == 'r' ? string.Format(System.Globalization.CultureInfo.InvariantCulture, function, raw)
        : raw;

    /// <summary>C# that makes the raw value of a .NET one.</summary>
    /// <param name="value">The value.</param>
    /// <param name="record">C# that makes a record of a function, with <c>{0}</c> for the function.</param>
    public string ToRaw(string value, string record) =>
        IsBool ? $"({value} ? 1 : 0)"
        : IsUnsigned ? $"unchecked(({Raw})({value}))"
        : Letter == 'r' ? string.Format(System.Globalization.CultureInfo.InvariantCulture, record, value)
        : value;

    /// <summary>C# that makes the .NET value of a <c>Value</c>.</summary>
    public string FromValue(string value)
    {
        var property = Letter switch
        {
            'i' => "Int32",
            'l' => "Int64",
            'f' => "Single",
            'd' => "Double",
            'v' => "Vector",
            'r' => "Function",
            _ => "Reference",
        };
        return Letter == 'r' ? $"{value}.Function" : FromRaw($"{value}.{property}", "{0}");
    }

    /// <summary>C# that makes a <c>Value</c> of the .NET value.</summary>
    public string ToValue(string value) => Letter is 'r' or 'o' ? $"{Engine}Value.FromReference({value})" : $"{Engine}Value.From({ToRaw(value, "{0}")})";
}
