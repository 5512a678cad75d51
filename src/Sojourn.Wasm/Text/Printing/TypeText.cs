using System.Globalization;
using System.Text;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Text.Printing;

/// <summary>Writes types with the names that the module gives them.</summary>
internal sealed class TypeText(IdentifierMap types)
{
    public string Heap(HeapType heap) => heap.IsConcrete ? types[heap.Code] : heap.ToString();

    public string Value(WasmType type) => type.IsReference && (type.Heap.IsConcrete || !type.IsNullable) ? Reference(type) : type.ToString();

    /// <summary>The long form, <c>(ref null x)</c>.</summary>
    public string Reference(WasmType type) => $"(ref {(type.IsNullable ? "null " : "")}{Heap(type.Heap)})";

    public string Signature(FunctionType type, string? firstParameter = null)
    {
        var text = new StringBuilder(firstParameter);
        Append(text, "param", type.Parameters);
        Append(text, "result", type.Results);
        return text.ToString();
    }

    public string Global(GlobalType type) => type.IsMutable ? $"(mut {Value(type.Type)})" : Value(type.Type);

    public static string Limits(Limits limits) =>
        (limits.Is64Bit ? "i64 " : "")
        + limits.Minimum.ToString(CultureInfo.InvariantCulture)
        + (limits.Maximum is { } most ? " " + most.ToString(CultureInfo.InvariantCulture) : "");

    public string Table(TableType type) => $"{Limits(type.Limits)} {Value(type.Element)}";

    /// <summary>A type definition after its name.</summary>
    public string Definition(TypeDefinition type)
    {
        var composite = type.Composite switch
        {
            FunctionComposite function => $"(func{Signature(function.Type)})",
            StructComposite structure => $"(struct{string.Concat(structure.Fields.Select(field => $" (field {Field(field)})"))})",
            ArrayComposite array => $"(array {Field(array.Element)})",
            _ => throw new InvalidOperationException("An unknown composite type."),
        };
        return type is { IsFinal: true, Supertype: < 0 }
            ? composite
            : $"(sub {(type.IsFinal ? "final " : "")}{(type.Supertype < 0 ? "" : types[type.Supertype] + " ")}{composite})";
    }

    private string Field(FieldType field)
    {
        var type = field.Packed switch
        {
            PackedType.I8 => "i8",
            PackedType.I16 => "i16",
            _ => Value(field.Type),
        };
        return field.IsMutable ? $"(mut {type})" : type;
    }

    private void Append(StringBuilder text, string keyword, IReadOnlyCollection<WasmType> list)
    {
        if (list.Count > 0)
        {
            text.Append(" (").Append(keyword);
            foreach (var type in list)
            {
                text.Append(' ').Append(Value(type));
            }

            text.Append(')');
        }
    }
}
