namespace Sojourn.Wasm.Text;

/// <summary>A text that is not well-formed: what is wrong and where.</summary>
public sealed class WatException : FormatException
{
    internal WatException(TextFault fault, string detail, int offset, int line, int column)
        : base($"line {line}, column {column}: {detail}")
    {
        Fault = fault;
        Detail = detail;
        Offset = offset;
        Line = line;
        Column = column;
    }

    /// <summary>The kind of fault.</summary>
    public TextFault Fault { get; }

    /// <summary>The message without the place.</summary>
    public string Detail { get; }

    /// <summary>The byte offset in the UTF-8 source.</summary>
    public int Offset { get; }

    /// <summary>The line, from 1.</summary>
    public int Line { get; }

    /// <summary>The column in characters, from 1.</summary>
    public int Column { get; }
}
