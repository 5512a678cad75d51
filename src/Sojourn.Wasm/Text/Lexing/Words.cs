using System.Collections.Frozen;
using System.Text;
using Sojourn.Wasm.Text.Instructions;

namespace Sojourn.Wasm.Text.Lexing;

/// <summary>Every word the text format knows: keywords and instructions.</summary>
internal static class Words
{
    private const int LongestWord = 48;

    private static readonly FrozenDictionary<string, (TokenKind Kind, short Value)> All = Build();
    private static readonly FrozenDictionary<string, (TokenKind Kind, short Value)>.AlternateLookup<ReadOnlySpan<char>> Lookup =
        All.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Finds a word by its ASCII bytes.</summary>
    public static bool TryFind(ReadOnlySpan<byte> word, out TokenKind kind, out short value)
    {
        kind = default;
        value = 0;
        if (word.Length > LongestWord)
        {
            return false;
        }

        Span<char> text = stackalloc char[LongestWord];
        var length = Encoding.Latin1.GetChars(word, text);
        if (!Lookup.TryGetValue(text[..length], out var found))
        {
            return false;
        }

        (kind, value) = found;
        return true;
    }

    /// <summary>The spelling of a keyword.</summary>
    public static string Spelling(Keyword keyword) => keyword switch
    {
        Keyword.None_ => "none",
        Keyword.CatchRef => "catch_ref",
        Keyword.CatchAll => "catch_all",
        Keyword.CatchAllRef => "catch_all_ref",
        Keyword.AssertReturn => "assert_return",
        Keyword.AssertTrap => "assert_trap",
        Keyword.AssertExhaustion => "assert_exhaustion",
        Keyword.AssertInvalid => "assert_invalid",
        Keyword.AssertMalformed => "assert_malformed",
        Keyword.AssertUnlinkable => "assert_unlinkable",
        Keyword.AssertException => "assert_exception",
        Keyword.AssertInvalidCustom => "assert_invalid_custom",
        Keyword.AssertMalformedCustom => "assert_malformed_custom",
        Keyword.NanCanonical => "nan:canonical",
        Keyword.NanArithmetic => "nan:arithmetic",
        Keyword.RefExtern => "ref.extern",
        Keyword.RefHost => "ref.host",
        Keyword.RefAny => "ref.any",
        Keyword.RefStruct => "ref.struct",
        Keyword.RefArray => "ref.array",
        _ => keyword.ToString().ToLowerInvariant(),
    };

    private static FrozenDictionary<string, (TokenKind Kind, short Value)> Build()
    {
        var words = new Dictionary<string, (TokenKind, short)>(StringComparer.Ordinal);
        foreach (var keyword in Enum.GetValues<Keyword>())
        {
            if (keyword != Keyword.None)
            {
                words.Add(Spelling(keyword), (TokenKind.Keyword, (short)keyword));
            }
        }

        var table = InstructionTable.All;
        for (var i = 0; i < table.Length; i++)
        {
            words.Add(table[i].Name, (TokenKind.Instruction, (short)i));
        }

        return words.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
