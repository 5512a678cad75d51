using System.Globalization;
using System.Text;
using Sojourn.Wasm.Text.Lexing;

namespace Sojourn.Wasm.Text.Printing;

/// <summary>Names for one index space that can be written and read back: each at most once.</summary>
internal sealed class IdentifierMap
{
    private readonly Dictionary<int, string> identifiers = [];

    public IdentifierMap(IReadOnlyDictionary<int, string> names)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, name) in names.OrderBy(x => x.Key))
        {
            if (name.Length > 0 && taken.Add(name))
            {
                identifiers[index] = Write(name);
            }
        }
    }

    /// <summary>How the definition is labelled: its name, or its index as a comment.</summary>
    public string Definition(int index) => identifiers.TryGetValue(index, out var name) ? name : string.Create(CultureInfo.InvariantCulture, $"(;{index};)");

    /// <summary>How it is referred to.</summary>
    public string this[int index] => identifiers.TryGetValue(index, out var name) ? name : index.ToString(CultureInfo.InvariantCulture);

    private static string Write(string name)
    {
        foreach (var c in name)
        {
            if (c > 0x7F || !Lexer.IsIdCharacter((byte)c))
            {
                return "$" + StringText.Quote(Encoding.UTF8.GetBytes(name), text: true);
            }
        }

        return "$" + name;
    }
}
