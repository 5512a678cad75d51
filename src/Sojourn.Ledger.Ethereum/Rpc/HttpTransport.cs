using System.Net.Http.Headers;

namespace Sojourn.Ledger.Ethereum.Rpc;

/// <summary>JSON-RPC over HTTP: one POST for each batch; answers are bounded before they are parsed.</summary>
internal sealed class HttpTransport : IRpcTransport
{
    private readonly HttpClient _client;
    private readonly Uri _address;
    private readonly RpcLimits _limits;
    private long _next;

    public HttpTransport(Uri address, RpcLimits limits, HttpMessageHandler? handler = null)
    {
        _address = address;
        _limits = limits;
        _client = new HttpClient(handler ?? new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false }, disposeHandler: true)
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        Name = EndpointName.Of(address);
    }

    public string Name { get; }

    public async Task<RpcReply[]> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellation)
    {
        var replies = new List<RpcReply>(requests.Count);
        foreach (var part in requests.Chunk(_limits.BatchMax))
        {
            var first = Interlocked.Add(ref _next, part.Length) - part.Length + 1;
            replies.AddRange(RpcCodec.Read(Name, part, first, await PostAsync(RpcCodec.Write(part, first), cancellation).ConfigureAwait(false)));
        }

        return [.. replies];
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<byte[]> PostAsync(byte[] body, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(_limits.Timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode && (int)response.StatusCode is not (400 or 500))
            {
                throw new EthereumException($"{Name} answered with status {(int)response.StatusCode}.");
            }

            var stream = await response.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                return await ReadAsync(stream, patience.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new EthereumException($"{Name} did not answer within {_limits.Timeout.TotalSeconds} s.", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new EthereumException($"{Name} cannot be reached: {exception.Message}", exception);
        }
    }

    private async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, cancellation).ConfigureAwait(false)) > 0)
        {
            if (buffer.Length + read > _limits.ResponseMax)
            {
                throw new EthereumException($"{Name} answered with more than {_limits.ResponseMax} bytes.");
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }
}

/// <summary>An endpoint's address as it may be shown: keys often stand in paths, queries and user information.</summary>
internal static class EndpointName
{
    public static string Of(Uri address) => $"{address.Scheme}://{address.Host}:{address.Port}";
}
