using System.Text.Json;
using Sojourn.Testing;

namespace Sojourn.Content.Tests;

/// <summary>Index files of the vectors; where one is absent its theories have one empty case and are skipped.</summary>
internal static class Json
{
    public static JsonElement Load(string relative) => JsonDocument.Parse(File.ReadAllText(Vectors.PathOf(relative))).RootElement;

    /// <summary>The raw JSON of every element of an array, one theory case each.</summary>
    public static TheoryData<string> Cases(string relative, string? property)
    {
        var data = new TheoryData<string>();
        var any = false;
        if (Vectors.Has(relative))
        {
            var root = Load(relative);
            foreach (var element in (property is null ? root : root.GetProperty(property)).EnumerateArray())
            {
                data.Add(element.GetRawText());
                any = true;
            }
        }

        if (!any)
        {
            data.Add("{}");
        }

        return data;
    }

    public static JsonElement Parse(string text) => JsonDocument.Parse(text).RootElement;

    public static string? Text(this JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static long? Number(this JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;
}
