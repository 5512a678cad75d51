using System.Globalization;
using System.Text;

namespace Sojourn.Wasm.Model;

/// <summary>Writes a recursion group as a key: equal keys are equivalent groups, once references to earlier types are replaced by identities.</summary>
/// <remarks>WebAssembly 3.0, type equivalence (iso-recursive).</remarks>
internal static class TypeCanon
{
    /// <summary>The key of the group that starts at <paramref name="start"/>.</summary>
    /// <param name="types">All types of the module.</param>
    /// <param name="start">Index of the group's first type.</param>
    /// <param name="identities">Identities of the types before the group.</param>
    public static string Key(ReadOnlySpan<TypeDefinition> types, int start, ReadOnlySpan<int> identities)
    {
        var text = new StringBuilder();
        var length = types[start].GroupLength;
        for (var i = start; i < start + length; i++)
        {
            var type = types[i];
            text.Append(type.IsFinal ? '!' : '?');
            Append(text, type.Supertype, start, identities);
            switch (type.Composite)
            {
                case FunctionComposite function:
                    text.Append('F');
                    foreach (var parameter in function.Type.Parameters)
                    {
                        Append(text, parameter, start, identities);
                    }

                    text.Append('>');
                    foreach (var result in function.Type.Results)
                    {
                        Append(text, result, start, identities);
                    }

                    break;
                case StructComposite structure:
                    text.Append('S');
                    foreach (var field in structure.Fields)
                    {
                        Append(text, field, start, identities);
                    }

                    break;
                case ArrayComposite array:
                    text.Append('A');
                    Append(text, array.Element, start, identities);
                    break;
            }

            text.Append(';');
        }

        return text.ToString();
    }

    /// <summary>Sets <see cref="TypeDefinition.Canonical"/> of every type.</summary>
    public static void Canonicalize(TypeDefinition[] types)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var identities = new int[types.Length];
        for (var start = 0; start < types.Length;)
        {
            var length = types[start].GroupLength;
            if (length == 0)
            {
                break;
            }

            var key = Key(types, start, identities);
            if (!seen.TryGetValue(key, out var first))
            {
                seen.Add(key, first = start);
            }

            for (var i = 0; i < length; i++)
            {
                identities[start + i] = types[start + i].Canonical = first + i;
            }

            start += length;
        }
    }

    private static void Append(StringBuilder text, FieldType field, int start, ReadOnlySpan<int> identities)
    {
        text.Append(field.IsMutable ? 'm' : 'c').Append((char)('0' + (int)field.Packed));
        Append(text, field.Type, start, identities);
    }

    private static void Append(StringBuilder text, WasmType type, int start, ReadOnlySpan<int> identities)
    {
        if (!type.IsReference)
        {
            text.Append((char)('a' + (int)type.Kind));
            return;
        }

        text.Append(type.IsNullable ? 'N' : 'R');
        if (type.Heap.IsConcrete)
        {
            Append(text, type.Heap.Code, start, identities);
        }
        else
        {
            text.Append('t').Append((char)('A' - type.Heap.Code));
        }
    }

    private static void Append(StringBuilder text, int index, int start, ReadOnlySpan<int> identities)
    {
        if (index < 0)
        {
            text.Append('-');
        }
        else if (index >= start)
        {
            text.Append('r').Append((index - start).ToString(CultureInfo.InvariantCulture)).Append(',');
        }
        else
        {
            text.Append('i').Append(identities[index].ToString(CultureInfo.InvariantCulture)).Append(',');
        }
    }
}
