using System.Text.Json.Nodes;

namespace Sojourn.Cli.Output;

/// <summary>One column of a listing: a field of the JSON and YAML objects, and a column of the table.</summary>
/// <typeparam name="T">A row.</typeparam>
/// <param name="Key">The camelCase name of the field; the table's heading is its upper-case form in words.</param>
/// <param name="Value">The exact value for JSON and YAML, such as a byte count.</param>
/// <param name="Text">What the table shows, where that differs, such as <c>1.5 MiB</c>.</param>
/// <param name="AlignRight">Whether the table aligns it to the right (numbers).</param>
/// <param name="OnlyData">Left out of the table.</param>
internal sealed record Column<T>(
    string Key, Func<T, JsonNode?> Value, Func<T, string>? Text = null, bool AlignRight = false, bool OnlyData = false)
{
    /// <summary>The heading: <c>createdAt</c> becomes <c>CREATED AT</c>.</summary>
    public string Heading { get; } = string.Concat(
        Key.Select((c, i) => i > 0 && char.IsUpper(c) ? $" {c}" : char.ToUpperInvariant(c).ToString()));

    /// <summary>What the table shows for a row.</summary>
    public string Show(T row) => Text is not null
        ? Text(row)
        : Value(row) switch
        {
            null => "-",
            JsonValue value when value.TryGetValue<string>(out var text) => text,
            JsonValue value when value.TryGetValue<bool>(out var flag) => flag ? "yes" : "no",
            var node => node.ToJsonString(),
        };
}
