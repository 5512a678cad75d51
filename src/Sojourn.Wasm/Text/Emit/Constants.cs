using Sojourn.Wasm.Text.Lexing;

namespace Sojourn.Wasm.Text.Emit;

/// <summary>Literals as bits.</summary>
internal static class Constants
{
    public static ulong Integer(TokenCursor cursor, int bits)
    {
        var token = cursor.Current;
        var word = cursor.Source.Of(token);
        if (token.Kind != TokenKind.Number || !NumberSyntax.IsNatural(word[0] is (byte)'+' or (byte)'-' ? word[1..] : word))
        {
            throw cursor.Unexpected($"an i{bits} literal");
        }

        cursor.Take();
        return NumberLiteral.TryInteger(word, bits, out var value)
            ? value
            : throw cursor.Source.Error(TextFault.ConstantOutOfRange, token.Start, $"i{bits} constant out of range: {cursor.Source.TextOf(token)}");
    }

    public static ulong Float(TokenCursor cursor, bool wide)
    {
        var token = cursor.Current;
        if (token.Kind != TokenKind.Number)
        {
            throw cursor.Unexpected(wide ? "an f64 literal" : "an f32 literal");
        }

        cursor.Take();
        return NumberLiteral.TryFloat(cursor.Source.Of(token), wide, out var value)
            ? value
            : throw cursor.Source.Error(TextFault.ConstantOutOfRange, token.Start, $"{(wide ? "f64" : "f32")} constant out of range: {cursor.Source.TextOf(token)}");
    }

    /// <summary>The lanes of a shape: how many, of how many bits, integers or floats.</summary>
    public static (int Lanes, int Bits, bool Float)? Shape(Keyword keyword) => keyword switch
    {
        Keyword.I8x16 => (16, 8, false),
        Keyword.I16x8 => (8, 16, false),
        Keyword.I32x4 => (4, 32, false),
        Keyword.I64x2 => (2, 64, false),
        Keyword.F32x4 => (4, 32, true),
        Keyword.F64x2 => (2, 64, true),
        _ => null,
    };

    /// <summary>Reads <c>shape lane…</c>.</summary>
    public static void Vector(TokenCursor cursor, BinaryBuffer into)
    {
        if (Shape(cursor.Current.Keyword) is not var (lanes, bits, isFloat))
        {
            throw cursor.Unexpected("a vector shape such as i32x4");
        }

        cursor.Take();
        for (var i = 0; i < lanes; i++)
        {
            if (cursor.Current.Kind != TokenKind.Number)
            {
                throw cursor.Current.Kind == TokenKind.Close
                    ? cursor.Error(TextFault.LaneCount, $"wrong number of lane literals: {i}, expected {lanes}")
                    : cursor.Unexpected("a lane literal");
            }

            Lane(into, isFloat ? Float(cursor, bits == 64) : Integer(cursor, bits), bits);
        }

        if (cursor.Current.Kind == TokenKind.Number)
        {
            throw cursor.Error(TextFault.LaneCount, $"wrong number of lane literals: more than {lanes}");
        }
    }

    public static void Lane(BinaryBuffer into, ulong value, int bits)
    {
        for (var i = 0; i < bits; i += 8)
        {
            into.Byte((int)(value >> i) & 0xFF);
        }
    }
}
