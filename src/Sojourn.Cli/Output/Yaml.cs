using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sojourn.Cli.Output;

/// <summary>Prints a JSON value as block-style YAML 1.2.</summary>
internal static class Yaml
{
    /// <summary>The document, ending in a line feed.</summary>
    public static string Print(JsonNode? node)
    {
        var text = new StringBuilder();
        switch (node)
        {
            case JsonObject { Count: > 0 } or JsonArray { Count: > 0 }:
                Block(text, node, 0);
                break;
            default:
                text.Append(Scalar(node)).Append('\n');
                break;
        }

        return text.ToString();
    }

    private static void Block(StringBuilder text, JsonNode node, int indent)
    {
        if (node is JsonObject map)
        {
            foreach (var (key, value) in map)
            {
                text.Append(' ', indent).Append(Quote(key)).Append(':');
                Value(text, value, indent + 2);
            }
        }
        else
        {
            foreach (var item in node.AsArray())
            {
                if (item is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
                {
                    // The first line of the nested block shares the dash's line.
                    var nested = new StringBuilder();
                    Block(nested, item, indent + 2);
                    text.Append(' ', indent).Append("- ").Append(nested, indent + 2, nested.Length - indent - 2);
                }
                else
                {
                    text.Append(' ', indent).Append("- ").Append(Scalar(item)).Append('\n');
                }
            }
        }
    }

    private static void Value(StringBuilder text, JsonNode? value, int indent)
    {
        if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            text.Append('\n');
            Block(text, value, indent);
        }
        else
        {
            text.Append(' ').Append(Scalar(value)).Append('\n');
        }
    }

    private static string Scalar(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ when node.GetValueKind() == JsonValueKind.String => Quote(node.GetValue<string>()),
        _ => node.ToJsonString(),
    };

    // Plain style only where no YAML reader, 1.1 or 1.2, could take the text for anything but a string.
    private static string Quote(string text)
    {
        var plain = text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] is '/' or '_')
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or '+')
            && !Reserved.Contains(text);
        return plain ? text : JsonSerializer.Serialize(text, JsonText.Relaxed);
    }

    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "null", "true", "false", "yes", "no", "on", "off", "y", "n",
    };
}

/// <summary>How JSON is printed.</summary>
internal static class JsonText
{
    /// <summary>Indented, and non-ASCII letters as themselves.</summary>
    public static readonly JsonSerializerOptions Relaxed = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.Create(System.Text.Unicode.UnicodeRanges.All),
    };

    /// <summary>The document, ending in a line feed.</summary>
    public static string Print(JsonNode? node) => (node?.ToJsonString(Relaxed) ?? "null") + "\n";

    /// <summary>An instant as RFC 3339 in UTC.</summary>
    public static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
