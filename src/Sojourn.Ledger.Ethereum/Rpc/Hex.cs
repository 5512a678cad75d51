using System.Globalization;
using System.Text.Json;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Rpc;

/// <summary>Quantities and data as Ethereum's JSON-RPC writes them.</summary>
/// <remarks>Execution API specification, "Hex value encoding".</remarks>
internal static class Hex
{
    public static string Quantity(UInt128 value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture).TrimStart('0') is var text && text.Length == 2 ? "0x0" : text;

    public static string Data(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    public static string Data(in Digest digest) => Data(digest.AsSpan());

    public static bool TryQuantity(JsonElement element, out UInt128 value)
    {
        value = 0;
        return element.ValueKind == JsonValueKind.String && element.GetString() is { } text && text.StartsWith("0x", StringComparison.Ordinal)
            && UInt128.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    public static bool TryData(JsonElement element, out byte[] bytes)
    {
        bytes = [];
        if (element.ValueKind != JsonValueKind.String || element.GetString() is not { } text || !text.StartsWith("0x", StringComparison.Ordinal) || text.Length % 2 != 0)
        {
            return false;
        }

        bytes = new byte[(text.Length - 2) / 2];
        return Convert.FromHexString(text.AsSpan(2), bytes, out _, out _) == System.Buffers.OperationStatus.Done;
    }
}
