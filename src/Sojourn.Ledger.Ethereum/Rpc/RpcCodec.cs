using System.Buffers;
using System.Text.Json;

namespace Sojourn.Ledger.Ethereum.Rpc;

/// <summary>JSON-RPC 2.0 messages.</summary>
internal static class RpcCodec
{
    private const int ErrorCharsMax = 512;

    public static byte[] Write(IReadOnlyList<RpcRequest> requests, long firstId)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            if (requests.Count > 1)
            {
                writer.WriteStartArray();
            }

            for (var i = 0; i < requests.Count; i++)
            {
                writer.WriteStartObject();
                writer.WriteString("jsonrpc", "2.0");
                writer.WriteNumber("id", firstId + i);
                writer.WriteString("method", requests[i].Method);
                writer.WritePropertyName("params");
                writer.WriteRawValue(requests[i].Parameters);
                writer.WriteEndObject();
            }

            if (requests.Count > 1)
            {
                writer.WriteEndArray();
            }
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Puts answers in the order of their requests. Unknown, double and missing ids are the node's fault.</summary>
    public static RpcReply[] Read(string name, IReadOnlyList<RpcRequest> requests, long firstId, ReadOnlyMemory<byte> bytes)
    {
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 64 });
            root = document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new EthereumException($"{name} answered with something that is not JSON.", exception);
        }

        var replies = new RpcReply[requests.Count];
        if (root.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in root.EnumerateArray())
            {
                Place(name, requests, firstId, replies, item);
            }
        }
        else
        {
            // A node that refuses a batch whole answers with one error without an id.
            if (requests.Count > 1 && root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error))
            {
                throw new EthereumException($"{name} refused the batch: {Refusal("batch", error).Reason}");
            }

            Place(name, requests, firstId, replies, root);
        }

        return Array.IndexOf(replies, null) is var missing && missing >= 0 ? throw new EthereumException($"{name} did not answer {requests[missing].Method}.") : replies;
    }

    private static void Place(string name, IReadOnlyList<RpcRequest> requests, long firstId, RpcReply[] replies, JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("id", out var id) || id.ValueKind != JsonValueKind.Number || !id.TryGetInt64(out var number)
            || number < firstId || number >= firstId + requests.Count || replies[number - firstId] is not null)
        {
            throw new EthereumException($"{name} answered something that was not asked.");
        }

        replies[number - firstId] = ReadOne(requests[(int)(number - firstId)].Method, item);
    }

    public static RpcReply ReadOne(string method, JsonElement item) =>
        item.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object ? new RpcReply(null, Refusal(method, error))
            : item.TryGetProperty("result", out var result) ? new RpcReply(result, null)
            : throw new EthereumException($"An answer to {method} has neither result nor error.");

    private static RpcRefusedException Refusal(string method, JsonElement error)
    {
        var code = error.TryGetProperty("code", out var number) && number.TryGetInt32(out var value) ? value : 0;
        var text = error.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String ? message.GetString()! : "no reason given";
        ReadOnlyMemory<byte> data = default;
        if (error.TryGetProperty("data", out var returned) && Hex.TryData(returned, out var bytes))
        {
            data = bytes;
        }

        return new RpcRefusedException(method, code, text.Length > ErrorCharsMax ? text[..ErrorCharsMax] : text, data);
    }
}
