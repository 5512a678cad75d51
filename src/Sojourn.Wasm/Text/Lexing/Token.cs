using System.Runtime.InteropServices;

namespace Sojourn.Wasm.Text.Lexing;

/// <summary>The kinds of token (6.2 "Lexical Format").</summary>
internal enum TokenKind : byte
{
    End,
    Open,
    Close,
    String,
    Id,
    Number,
    Keyword,
    Instruction,
    OffsetEquals,
    AlignEquals,
}

/// <summary>A token: its kind, its bytes in the source and, for a word, its place in the table of words.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Token(TokenKind Kind, short Value, int Start, int Length)
{
    public Keyword Keyword => Kind == TokenKind.Keyword ? (Keyword)Value : Keyword.None;
}
