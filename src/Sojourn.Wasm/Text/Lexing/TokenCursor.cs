using Sojourn.Wasm.Text.Emit;

namespace Sojourn.Wasm.Text.Lexing;

/// <summary>A place in a run of tokens, with the small steps that every reader takes.</summary>
internal sealed class TokenCursor(Source source, Token[] tokens, int at = 0)
{
    public Source Source { get; } = source;

    public int At { get; set; } = at;

    public Token Current => tokens[At];

    public Token Peek(int ahead) => tokens[Math.Min(At + ahead, tokens.Length - 1)];

    public TokenCursor Fork(int place) => new(Source, tokens, place);

    public Token Take()
    {
        var token = tokens[At];
        if (token.Kind != TokenKind.End)
        {
            At++;
        }

        return token;
    }

    /// <summary>Whether an opening parenthesis and this keyword come next.</summary>
    public bool Opens(Keyword keyword) => Current.Kind == TokenKind.Open && Peek(1).Keyword == keyword;

    /// <summary>Takes <c>(keyword</c> where it comes next.</summary>
    public bool TryOpen(Keyword keyword)
    {
        if (!Opens(keyword))
        {
            return false;
        }

        At += 2;
        return true;
    }

    public bool TryKeyword(Keyword keyword)
    {
        if (Current.Keyword != keyword)
        {
            return false;
        }

        At++;
        return true;
    }

    public void Open()
    {
        if (Take().Kind != TokenKind.Open)
        {
            At -= tokens[At].Kind == TokenKind.End ? 0 : 1;
            throw Unexpected("'('");
        }
    }

    public void Close()
    {
        if (Current.Kind != TokenKind.Close)
        {
            throw Unexpected("')'");
        }

        At++;
    }

    /// <summary>Moves past the parenthesis that closes the group now open.</summary>
    public void SkipGroup()
    {
        var depth = 1;
        while (depth > 0)
        {
            switch (Current.Kind)
            {
                case TokenKind.Open:
                    depth++;
                    break;
                case TokenKind.Close:
                    depth--;
                    break;
                case TokenKind.End:
                    throw Unexpected("')'");
            }

            At++;
        }
    }

    /// <summary>Takes an identifier's name where one comes next.</summary>
    public string? TryId()
    {
        if (Current.Kind != TokenKind.Id)
        {
            return null;
        }

        return NameOf(Take());
    }

    /// <summary>The name of an identifier token; <c>$"…"</c> and <c>$…</c> are the same name where they spell the same.</summary>
    public string NameOf(Token id)
    {
        var word = Source.Of(id);
        if (word[1] != '"')
        {
            return System.Text.Encoding.UTF8.GetString(word[1..]);
        }

        var name = new List<byte>();
        StringLiteral.Scan(Source, id.Start + 1, name);
        return System.Text.Encoding.UTF8.GetString(name.ToArray());
    }

    /// <summary>Takes a string as bytes.</summary>
    public byte[] Bytes()
    {
        if (Current.Kind != TokenKind.String)
        {
            throw Unexpected("a string");
        }

        var bytes = new List<byte>();
        StringLiteral.Append(Source, Take(), bytes);
        return bytes.ToArray();
    }

    /// <summary>Takes strings as long as they come, joined.</summary>
    public byte[] ByteStrings()
    {
        var bytes = new List<byte>();
        while (Current.Kind == TokenKind.String)
        {
            StringLiteral.Append(Source, Take(), bytes);
        }

        return bytes.ToArray();
    }

    /// <summary>Takes a string that must be a name, that is UTF-8.</summary>
    public string Name()
    {
        var token = Current;
        var bytes = new List<byte>(Bytes());
        StringLiteral.DemandUtf8(Source, token.Start, bytes);
        return System.Text.Encoding.UTF8.GetString(bytes.ToArray());
    }

    public bool IsNatural => Current.Kind == TokenKind.Number && NumberSyntax.IsNatural(Source.Of(Current));

    /// <summary>Takes an unsigned integer below 2ᵇⁱᵗˢ.</summary>
    public ulong Natural(int bits)
    {
        if (!IsNatural)
        {
            throw Unexpected("an unsigned integer");
        }

        var token = Take();
        if (!NumberLiteral.TryNatural(Source.Of(token), out var value) || (bits < 64 && value >> bits != 0))
        {
            throw Source.Error(TextFault.ConstantOutOfRange, token.Start, $"i{bits} constant out of range: {Source.TextOf(token)}");
        }

        return value;
    }

    /// <summary>Takes an index: a number, or a name of the space.</summary>
    public int Index(IndexSpace space)
    {
        if (Current.Kind == TokenKind.Id)
        {
            var token = Take();
            var name = NameOf(token);
            return space.TryFind(name, out var index)
                ? index
                : throw Source.Error(TextFault.UnknownIdentifier, token.Start, $"unknown {space.Kind} ${name}");
        }

        return unchecked((int)(uint)Natural(32));
    }

    public bool IsIndex => Current.Kind == TokenKind.Id || IsNatural;

    public WatException Unexpected(string expected)
    {
        var token = Current;
        var found = token.Kind == TokenKind.End ? "the end of the text" : $"'{Clip(Source.TextOf(token))}'";
        return Source.Error(TextFault.UnexpectedToken, token.Start, $"unexpected token {found}, expected {expected}");
    }

    public WatException Error(TextFault fault, string detail) => Source.Error(fault, Current.Start, detail);

    private static string Clip(string text) => text.Length <= 40 ? text : string.Concat(text.AsSpan(0, 40), "…");
}
