using System.Text.Json;
using System.Text.Json.Serialization;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Views;

/// <summary>How views look as JSON: digests in hexadecimal, CIDs and addresses as text, amounts as decimal text, enums by name.</summary>
public static class LedgerJson
{
    /// <summary>The options; web names (camel case), unknown members refused.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.Strict };
        options.Converters.Add(new TextConverter<Digest>(Digest.Parse, value => value.ToString()));
        options.Converters.Add(new TextConverter<Address>(Address.Parse, value => value.ToString()));
        options.Converters.Add(new TextConverter<Amount>(text => Amount.TryParse(text, out var amount) ? amount : throw new FormatException($"'{text}' is not an amount."), value => value.ToString()));
        options.Converters.Add(new TextConverter<Cid>(Cid.Parse, value => value.ToString()));
        options.Converters.Add(new JsonStringEnumConverter());
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private sealed class TextConverter<T>(Func<string, T> parse, Func<T, string> format) : JsonConverter<T>
        where T : notnull
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var text = reader.GetString() ?? throw new JsonException("A text is expected.");
            try
            {
                return parse(text);
            }
            catch (FormatException exception)
            {
                throw new JsonException(exception.Message, exception);
            }
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            ArgumentNullException.ThrowIfNull(writer);
            writer.WriteStringValue(format(value));
        }
    }
}
