using System.Text.Json;

namespace Sojourn.Ledger.Ethereum.Rpc;

/// <summary>One request: a method and its parameters as JSON.</summary>
/// <param name="Method">The method.</param>
/// <param name="Parameters">A JSON array, as text.</param>
internal sealed record RpcRequest(string Method, string Parameters)
{
    public static RpcRequest Of(string method, params object?[] parameters) => new(method, JsonSerializer.Serialize(parameters));
}

/// <summary>One answer: a result or an error, never both.</summary>
internal sealed record RpcReply(JsonElement? Result, RpcRefusedException? Error)
{
    public JsonElement Value => Error is null ? Result!.Value : throw Error;
}

/// <summary>A way to one node.</summary>
internal interface IRpcTransport : IAsyncDisposable
{
    /// <summary>Its address without secrets: user information and query are left out.</summary>
    string Name { get; }

    /// <summary>Sends requests together and returns their answers in order.</summary>
    /// <exception cref="EthereumException">The node cannot be reached, or answers with something else.</exception>
    Task<RpcReply[]> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellation);
}

/// <summary>Limits of what is asked and taken.</summary>
public sealed record RpcLimits
{
    /// <summary>The longest answer that is read, in bytes.</summary>
    /// <value>Default 32 MiB.</value>
    public int ResponseMax { get; init; } = 32 << 20;

    /// <summary>The most requests in one batch; longer ones are split.</summary>
    /// <value>Default 100.</value>
    public int BatchMax { get; init; } = 100;

    /// <summary>For how long an answer is awaited.</summary>
    /// <value>Default 15 seconds.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);
}
