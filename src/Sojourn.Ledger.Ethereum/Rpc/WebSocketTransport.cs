using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;

namespace Sojourn.Ledger.Ethereum.Rpc;

/// <summary>JSON-RPC over a WebSocket, which connects again when it is lost. New heads are a wake-up and nothing more: what happened is always read by hash.</summary>
internal sealed class WebSocketTransport : IRpcTransport
{
    private const int WaitingMax = 4096;
    private readonly Uri _address;
    private readonly RpcLimits _limits;
    private readonly Action? _woken;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ConcurrentDictionary<long, (string Method, TaskCompletionSource<RpcReply> Reply)> _waiting = new();
    private readonly CancellationTokenSource _stopping = new();
    private ClientWebSocket? _socket;
    private Task _reading = Task.CompletedTask;
    private long _next;
    private int _losses;
    private int _disposed;

    /// <param name="address">ws:// or wss://.</param>
    /// <param name="limits">Limits.</param>
    /// <param name="woken">Called when the node tells of a new head, and when a lost connection stands again; null subscribes to nothing.</param>
    public WebSocketTransport(Uri address, RpcLimits limits, Action? woken = null)
    {
        _address = address;
        _limits = limits;
        _woken = woken;
        Name = EndpointName.Of(address);
    }

    public string Name { get; }

    /// <summary>How often the connection was lost.</summary>
    public int Losses => _losses;

    public async Task<RpcReply[]> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellation)
    {
        var replies = new List<RpcReply>(requests.Count);
        foreach (var part in requests.Chunk(_limits.BatchMax))
        {
            replies.AddRange(await SendPartAsync(part, cancellation).ConfigureAwait(false));
        }

        return [.. replies];
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _socket?.Dispose();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _gate.Dispose();
        _stopping.Dispose();
    }

    private async Task<RpcReply[]> SendPartAsync(RpcRequest[] part, CancellationToken cancellation)
    {
        if (_waiting.Count + part.Length > WaitingMax)
        {
            throw new EthereumException($"{Name}: too many requests wait for answers.");
        }

        var first = Interlocked.Add(ref _next, part.Length) - part.Length + 1;
        var tasks = new Task<RpcReply>[part.Length];
        for (var i = 0; i < part.Length; i++)
        {
            var source = new TaskCompletionSource<RpcReply>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting[first + i] = (part[i].Method, source);
            tasks[i] = source.Task;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping.Token);
        patience.CancelAfter(_limits.Timeout);
        try
        {
            await _gate.WaitAsync(patience.Token).ConfigureAwait(false);
            try
            {
                var socket = await ConnectAsync(patience.Token).ConfigureAwait(false);
                await socket.SendAsync(RpcCodec.Write(part, first), WebSocketMessageType.Text, endOfMessage: true, patience.Token).ConfigureAwait(false);
            }
            finally
            {
                _gate.Release();
            }

            return await Task.WhenAll(tasks).WaitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new EthereumException($"{Name} did not answer within {_limits.Timeout.TotalSeconds} s.", exception);
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or HttpRequestException or ObjectDisposedException)
        {
            throw new EthereumException($"{Name} cannot be reached: {exception.Message}", exception);
        }
        finally
        {
            for (var i = 0; i < part.Length; i++)
            {
                _waiting.TryRemove(first + i, out _);
            }
        }
    }

    private async Task<ClientWebSocket> ConnectAsync(CancellationToken cancellation)
    {
        if (_socket is { State: WebSocketState.Open } open)
        {
            return open;
        }

        _socket?.Dispose();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(15);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(15);
        try
        {
            await socket.ConnectAsync(_address, cancellation).ConfigureAwait(false);
            if (_woken is not null)
            {
                await socket.SendAsync(RpcCodec.Write([RpcRequest.Of("eth_subscribe", "newHeads")], 0), WebSocketMessageType.Text, endOfMessage: true, cancellation).ConfigureAwait(false);
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        _socket = socket;
        _reading = ReadAsync(socket);
        _woken?.Invoke();
        return socket;
    }

    private async Task ReadAsync(ClientWebSocket socket)
    {
        Exception? cause = null;
        var chunk = new byte[64 * 1024];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                message.SetLength(0);
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await socket.ReceiveAsync(chunk.AsMemory(), _stopping.Token).ConfigureAwait(false);
                    message.Write(chunk, 0, part.Count);
                    if (message.Length > _limits.ResponseMax)
                    {
                        throw new EthereumException($"{Name} sent a message of more than {_limits.ResponseMax} bytes.");
                    }
                }
                while (!part.EndOfMessage);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                Dispatch(message.GetBuffer().AsMemory(0, (int)message.Length));
            }
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or JsonException or EthereumException)
        {
            cause = exception;
        }

        // Whoever waits tries another endpoint, or this one again over a new connection.
        Interlocked.Increment(ref _losses);
        socket.Abort();
        foreach (var id in _waiting.Keys)
        {
            if (_waiting.TryRemove(id, out var waiting))
            {
                waiting.Reply.TrySetException(new EthereumException($"{Name}: the connection was lost before {waiting.Method} was answered.", cause));
            }
        }
    }

    private void Dispatch(ReadOnlyMemory<byte> bytes)
    {
        using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 64 });
        var root = document.RootElement.Clone();
        if (root.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in root.EnumerateArray())
            {
                Place(item);
            }
        }
        else
        {
            Place(root);
        }
    }

    private void Place(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        if (item.TryGetProperty("method", out var method) && method.ValueKind == JsonValueKind.String && method.GetString() == "eth_subscription")
        {
            _woken?.Invoke();
        }
        else if (item.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out var number) && _waiting.TryRemove(number, out var waiting))
        {
            try
            {
                waiting.Reply.TrySetResult(RpcCodec.ReadOne(waiting.Method, item));
            }
            catch (EthereumException exception)
            {
                waiting.Reply.TrySetException(exception);
            }
        }
    }
}
