namespace Sojourn.Wasm.Text.Lexing;

/// <summary>Cuts a text into tokens; comments and annotations leave none.</summary>
/// <remarks>6.2.2 "Tokens": a token is the longest run of bytes that makes one, and words, numbers, strings and identifiers
/// must be kept apart by white space or parentheses.</remarks>
internal sealed class Lexer
{
    private readonly Source source;
    private readonly List<Token> tokens = [];
    private int at;

    private Lexer(Source source) => this.source = source;

    /// <summary>Cuts the whole source; the last token is always <see cref="TokenKind.End"/>.</summary>
    public static Token[] Tokens(Source source)
    {
        var lexer = new Lexer(source);
        lexer.Run();
        return lexer.tokens.ToArray();
    }

    private void Run()
    {
        var text = source.Bytes;
        while (SkipSpace() && at < text.Length)
        {
            var start = at;
            switch (text[at])
            {
                case (byte)'(' when at + 1 < text.Length && text[at + 1] == '@':
                    SkipAnnotation();
                    break;
                case (byte)'(':
                    at++;
                    tokens.Add(new Token(TokenKind.Open, 0, start, 1));
                    break;
                case (byte)')':
                    at++;
                    tokens.Add(new Token(TokenKind.Close, 0, start, 1));
                    break;
                case (byte)',' or (byte)';' or (byte)'[' or (byte)']' or (byte)'{' or (byte)'}':
                    throw Unknown(start, start + 1);
                default:
                    Word();
                    break;
            }
        }

        tokens.Add(new Token(TokenKind.End, 0, text.Length, 0));
    }

    /// <summary>Skips white space and comments.</summary>
    private bool SkipSpace()
    {
        var text = source.Bytes;
        while (at < text.Length)
        {
            switch (text[at])
            {
                case (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r':
                    at++;
                    break;
                case (byte)';' when Next(1) == ';':
                    while (at < text.Length && text[at] != '\n' && text[at] != '\r')
                    {
                        at++;
                    }

                    break;
                case (byte)'(' when Next(1) == ';':
                    SkipBlockComment();
                    break;
                default:
                    return true;
            }
        }

        return true;
    }

    private int Next(int ahead) => at + ahead < source.Bytes.Length ? source.Bytes[at + ahead] : -1;

    private void SkipBlockComment()
    {
        var start = at;
        var depth = 0;
        do
        {
            if (at >= source.Bytes.Length)
            {
                throw source.Error(TextFault.UnclosedComment, start, "unclosed comment");
            }

            if (Next(0) == '(' && Next(1) == ';')
            {
                depth++;
                at += 2;
            }
            else if (Next(0) == ';' && Next(1) == ')')
            {
                depth--;
                at += 2;
            }
            else
            {
                at++;
            }
        }
        while (depth > 0);
    }

    /// <summary>Skips <c>(@id …)</c>: any tokens, parentheses in balance (6.2.5 "Annotations").</summary>
    private void SkipAnnotation()
    {
        var start = at;
        at += 2;
        if (Next(0) == '"')
        {
            var opening = at;
            var name = new List<byte>();
            at = StringLiteral.Scan(source, at, name);
            if (name.Count == 0)
            {
                throw source.Error(TextFault.EmptyAnnotationId, opening, "empty annotation id");
            }

            StringLiteral.DemandUtf8(source, opening, name);
        }
        else
        {
            var word = at;
            while (at < source.Bytes.Length && IsIdCharacter(source.Bytes[at]))
            {
                at++;
            }

            if (at == word)
            {
                throw source.Error(TextFault.EmptyAnnotationId, start, "empty annotation id");
            }
        }

        var depth = 1;
        while (depth > 0)
        {
            SkipSpace();
            if (at >= source.Bytes.Length)
            {
                throw source.Error(TextFault.UnclosedAnnotation, start, "unclosed annotation");
            }

            var c = source.Bytes[at];
            switch (c)
            {
                case (byte)'(':
                    depth++;
                    at++;
                    break;
                case (byte)')':
                    depth--;
                    at++;
                    break;
                case (byte)'"':
                    at = StringLiteral.Scan(source, at, null);
                    break;
                default:
                    if (!IsIdCharacter(c) && c is not ((byte)',' or (byte)';' or (byte)'[' or (byte)']' or (byte)'{' or (byte)'}'))
                    {
                        throw Illegal();
                    }

                    at++;
                    break;
            }
        }
    }

    /// <summary>Reads one run of identifier characters and strings, and says what it is.</summary>
    private void Word()
    {
        var text = source.Bytes;
        var start = at;
        var strings = 0;
        var stringStart = -1;
        while (at < text.Length && (IsIdCharacter(text[at]) || text[at] == '"'))
        {
            if (text[at] == '"')
            {
                strings++;
                stringStart = at;
                at = StringLiteral.Scan(source, at, null);
            }
            else
            {
                at++;
            }
        }

        if (at == start)
        {
            throw Illegal();
        }

        var run = text[start..at];
        if (strings > 0)
        {
            if (strings == 1 && stringStart == start && run[^1] == '"' && EndsString(start))
            {
                tokens.Add(new Token(TokenKind.String, 0, start, at - start));
            }
            else if (strings == 1 && stringStart == start + 1 && run[0] == '$' && EndsString(start + 1))
            {
                QuotedId(start);
            }
            else
            {
                throw Unknown(start, at);
            }

            return;
        }

        if (run[0] == '$')
        {
            if (run.Length == 1)
            {
                throw source.Error(TextFault.EmptyIdentifier, start, "empty identifier");
            }

            tokens.Add(new Token(TokenKind.Id, 0, start, at - start));
        }
        else if (NumberSyntax.IsNumber(run))
        {
            tokens.Add(new Token(TokenKind.Number, 0, start, at - start));
        }
        else if (Words.TryFind(run, out var kind, out var value))
        {
            tokens.Add(new Token(kind, value, start, at - start));
        }
        else if (run.StartsWith("offset="u8) && NumberSyntax.IsNatural(run[7..]))
        {
            tokens.Add(new Token(TokenKind.OffsetEquals, 0, start, at - start));
        }
        else if (run.StartsWith("align="u8) && NumberSyntax.IsNatural(run[6..]))
        {
            tokens.Add(new Token(TokenKind.AlignEquals, 0, start, at - start));
        }
        else
        {
            throw Unknown(start, at);
        }
    }

    /// <summary>Whether the string that opens here ends where the run ends.</summary>
    private bool EndsString(int opening) => StringLiteral.Scan(source, opening, null) == at;

    /// <summary><c>$"…"</c>: the name is what the escapes spell, and must be a name.</summary>
    private void QuotedId(int start)
    {
        var name = new List<byte>();
        StringLiteral.Scan(source, start + 1, name);
        if (name.Count == 0)
        {
            throw source.Error(TextFault.EmptyIdentifier, start, "empty identifier");
        }

        StringLiteral.DemandUtf8(source, start, name);
        tokens.Add(new Token(TokenKind.Id, 0, start, at - start));
    }

    private WatException Unknown(int start, int end) =>
        source.Error(TextFault.UnknownOperator, start, $"unknown operator {System.Text.Encoding.UTF8.GetString(source.Bytes[start..Math.Min(end, start + 80)])}");

    private WatException Illegal() =>
        source.Error(TextFault.IllegalCharacter, at, $"illegal character (byte 0x{source.Bytes[at]:x2})");

    /// <summary>6.2.4 "Identifiers", the characters of <c>idchar</c>.</summary>
    public static bool IsIdCharacter(byte c) =>
        c is > (byte)' ' and < 0x7F and not ((byte)'"' or (byte)'(' or (byte)')' or (byte)',' or (byte)';' or (byte)'[' or (byte)']' or (byte)'{' or (byte)'}');
}
