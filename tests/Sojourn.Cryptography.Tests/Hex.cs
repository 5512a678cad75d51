using System.Text.Json;

namespace Sojourn.Cryptography.Tests;

/// <summary>Hexadecimal as vectors write it.</summary>
internal static class Hex
{
    public static byte[] Bytes(string text) => Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text);

    public static byte[] Bytes(this JsonElement element, string name) => Bytes(element.GetProperty(name).GetString()!);

    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    public static JsonDocument Load(string relative) => JsonDocument.Parse(File.ReadAllBytes(Sojourn.Testing.Vectors.PathOf(relative)));
}
