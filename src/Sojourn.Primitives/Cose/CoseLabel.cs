using System.Globalization;
using System.Runtime.InteropServices;

namespace Sojourn.Primitives.Cose;

/// <summary>The name of a header or claim: a number or a text (RFC 9052, section 1.5).</summary>
/// <param name="Number">The number, where it is one.</param>
/// <param name="Text">The text, where it is one.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CoseLabel(long Number, string? Text = null) : IComparable<CoseLabel>
{
    /// <summary>A number as a label.</summary>
    /// <param name="number">The number.</param>
    public static implicit operator CoseLabel(long number) => new(number);

    /// <summary>A text as a label.</summary>
    /// <param name="text">The text.</param>
    public static implicit operator CoseLabel(string text) => new(0, text);

    /// <summary>Numbers before texts; within each by value. Encodings sort for themselves.</summary>
    /// <param name="other">Another label.</param>
    public int CompareTo(CoseLabel other) => Text is null
        ? other.Text is null ? Number.CompareTo(other.Number) : -1
        : other.Text is null ? 1 : string.CompareOrdinal(Text, other.Text);

    /// <inheritdoc/>
    public override string ToString() => Text ?? Number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Orders labels.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <(CoseLabel left, CoseLabel right) => left.CompareTo(right) < 0;

    /// <summary>Orders labels.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >(CoseLabel left, CoseLabel right) => left.CompareTo(right) > 0;

    /// <summary>Orders labels.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <=(CoseLabel left, CoseLabel right) => left.CompareTo(right) <= 0;

    /// <summary>Orders labels.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >=(CoseLabel left, CoseLabel right) => left.CompareTo(right) >= 0;
}
