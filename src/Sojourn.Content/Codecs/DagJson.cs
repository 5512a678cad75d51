using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sojourn.Primitives;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Content.Codecs;

/// <summary>Why bytes are no DAG-JSON.</summary>
public enum DagJsonFault
{
    /// <summary>They are.</summary>
    None,

    /// <summary>They are no JSON, are nested too deep, or bytes follow.</summary>
    BadJson,

    /// <summary>A map has the same key twice.</summary>
    DuplicateKey,

    /// <summary>A number outside the data model: an integer beyond 64 bits or a float that is not finite.</summary>
    BadNumber,

    /// <summary>The reserved form <c>{"/": …}</c> with text that is no CID, or with other keys.</summary>
    BadLink,

    /// <summary>The reserved form <c>{"/": {"bytes": …}}</c> with text that is no base64, or with other keys.</summary>
    BadBytes,

    /// <summary>A text that is not Unicode.</summary>
    BadText,
}

/// <summary>The DAG-JSON codec.</summary>
/// <remarks>ipld.io, "DAG-JSON specification". Written without white space, keys in bytewise order, floats always with a point or an exponent.</remarks>
public static class DagJson
{
    private const int DepthMax = DagCbor.DepthMax;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Decodes a block.</summary>
    /// <param name="block">The block's bytes.</param>
    /// <param name="value">The value, or null.</param>
    /// <param name="fault">Why not.</param>
    public static bool TryDecode(ReadOnlySpan<byte> block, [NotNullWhen(true)] out DagValue? value, out DagJsonFault fault)
    {
        value = null;
        try
        {
            var reader = new Utf8JsonReader(block, new JsonReaderOptions { MaxDepth = DepthMax, CommentHandling = JsonCommentHandling.Disallow });
            if (!reader.Read())
            {
                fault = DagJsonFault.BadJson;
                return false;
            }

            fault = Read(ref reader, out var read);
            if (fault == DagJsonFault.None && reader.Read())
            {
                fault = DagJsonFault.BadJson;
            }

            value = fault == DagJsonFault.None ? read : null;
            return value is not null;
        }
        catch (JsonException)
        {
            fault = DagJsonFault.BadJson;
            return false;
        }
        catch (InvalidOperationException)
        {
            // How the platform's reader says that a text holds lone surrogates or malformed UTF-8.
            fault = DagJsonFault.BadText;
            return false;
        }
    }

    /// <summary>Encodes a value canonically.</summary>
    /// <param name="value">The value; a map must not look like a link or like bytes.</param>
    /// <exception cref="ArgumentException">A map uses the reserved key <c>/</c> in a reserved form.</exception>
    public static byte[] Encode(DagValue value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return StrictUtf8.GetBytes(text.ToString());
    }

    private static DagJsonFault Read(ref Utf8JsonReader reader, out DagValue? value)
    {
        value = null;
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                value = DagNull.Instance;
                return DagJsonFault.None;
            case JsonTokenType.True or JsonTokenType.False:
                value = reader.TokenType == JsonTokenType.True;
                return DagJsonFault.None;
            case JsonTokenType.String:
                value = new DagText(reader.GetString()!);
                return DagJsonFault.None;
            case JsonTokenType.Number:
                value = ReadNumber(reader.ValueSpan);
                return value is null ? DagJsonFault.BadNumber : DagJsonFault.None;
            case JsonTokenType.StartArray:
                return ReadList(ref reader, out value);
            case JsonTokenType.StartObject:
                return ReadMap(ref reader, out value);
            default:
                return DagJsonFault.BadJson;
        }
    }

    private static DagValue? ReadNumber(ReadOnlySpan<byte> digits)
    {
        if (digits.IndexOfAny((byte)'.', (byte)'e', (byte)'E') >= 0)
        {
            return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? new DagFloat(number) : null;
        }

        return digits.Length <= 21 && Int128.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer)
            && integer >= -1 - (Int128)ulong.MaxValue && integer <= ulong.MaxValue
            ? new DagInteger(integer)
            : null;
    }

    private static DagJsonFault ReadList(ref Utf8JsonReader reader, out DagValue? value)
    {
        value = null;
        var items = new List<DagValue>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var fault = Read(ref reader, out var item);
            if (fault != DagJsonFault.None)
            {
                return fault;
            }

            items.Add(item!);
        }

        value = items.Count == 0 ? DagList.Empty : new DagList([.. items]);
        return DagJsonFault.None;
    }

    private static DagJsonFault ReadMap(ref Utf8JsonReader reader, out DagValue? value)
    {
        value = null;
        var entries = new List<KeyValuePair<string, DagValue>>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            var first = entries.Count == 0 && key == "/";
            if (first && reader.TokenType == JsonTokenType.String)
            {
                return ReadLink(ref reader, out value);
            }

            var fault = Read(ref reader, out var item);
            if (fault != DagJsonFault.None)
            {
                return fault;
            }

            if (first && item is DagMap { Entries: [{ Key: "bytes", Value: DagText encoded }] })
            {
                return ReadBytes(ref reader, encoded.Value, out value);
            }

            if (first && item is DagMap inner && inner["bytes"] is DagText)
            {
                return DagJsonFault.BadBytes;
            }

            entries.Add(new(key, item!));
        }

        if (!DagMap.TryCreate(entries, out var map))
        {
            return DagJsonFault.DuplicateKey;
        }

        value = entries.Count == 0 ? DagMap.Empty : map;
        return DagJsonFault.None;
    }

    private static DagJsonFault ReadLink(ref Utf8JsonReader reader, out DagValue? value)
    {
        value = null;
        var text = reader.GetString()!;
        if (text.Contains("://", StringComparison.Ordinal) || text.StartsWith('/') || !Cid.TryParse(text, out var cid))
        {
            return DagJsonFault.BadLink;
        }

        value = new DagLink(cid);
        return reader.Read() && reader.TokenType == JsonTokenType.EndObject ? DagJsonFault.None : DagJsonFault.BadLink;
    }

    private static DagJsonFault ReadBytes(ref Utf8JsonReader reader, string text, out DagValue? value)
    {
        value = null;
        var padded = text.Length % 4 == 0 && text.EndsWith('=') ? text.TrimEnd('=') : text;
        if (Multibase.TryDecode("m" + padded, out var bytes) != MultibaseFault.None)
        {
            return DagJsonFault.BadBytes;
        }

        value = new DagBytes(bytes);
        return reader.Read() && reader.TokenType == JsonTokenType.EndObject ? DagJsonFault.None : DagJsonFault.BadBytes;
    }

    private static void Write(StringBuilder text, DagValue value)
    {
        switch (value)
        {
            case DagNull:
                text.Append("null");
                break;
            case DagBoolean boolean:
                text.Append(boolean.Value ? "true" : "false");
                break;
            case DagInteger integer:
                text.Append(integer.Value.ToString(CultureInfo.InvariantCulture));
                break;
            case DagFloat number:
                text.Append(JsonFloat.Format(number.Value));
                break;
            case DagText plain:
                WriteText(text, plain.Value);
                break;
            case DagBytes bytes:
                text.Append("{\"/\":{\"bytes\":\"").Append(Convert.ToBase64String(bytes.Value.Span).TrimEnd('=')).Append("\"}}");
                break;
            case DagLink link:
                text.Append("{\"/\":\"").Append(link.Target).Append("\"}");
                break;
            case DagList list:
                text.Append('[');
                for (var i = 0; i < list.Items.Length; i++)
                {
                    if (i > 0)
                    {
                        text.Append(',');
                    }

                    Write(text, list.Items[i]);
                }

                text.Append(']');
                break;
            case DagMap map:
                WriteMap(text, map);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(value));
        }
    }

    private static void WriteMap(StringBuilder text, DagMap map)
    {
        if (map["/"] is { } reserved && (reserved is DagText || (reserved is DagMap inner && inner["bytes"] is DagText)))
        {
            throw new ArgumentException("A map whose key is \"/\" would read as a link or as bytes in DAG-JSON.", nameof(map));
        }

        // The data model keeps shorter keys first; DAG-JSON sorts bytewise alone.
        var entries = map.Entries.Select(entry => (Utf8: StrictUtf8.GetBytes(entry.Key), entry.Key, entry.Value)).ToArray();
        Array.Sort(entries, static (x, y) => x.Utf8.AsSpan().SequenceCompareTo(y.Utf8));
        text.Append('{');
        for (var i = 0; i < entries.Length; i++)
        {
            if (i > 0)
            {
                text.Append(',');
            }

            WriteText(text, entries[i].Key);
            text.Append(':');
            Write(text, entries[i].Value);
        }

        text.Append('}');
    }

    private static void WriteText(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
