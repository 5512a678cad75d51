using System.Text.Json;

namespace Sojourn.Ledger.Ethereum.Rpc;

/// <summary>Several nodes of one chain: the first that works is asked; one that fails rests for a while; where it matters all are asked and compared.</summary>
internal sealed class EndpointPool : IAsyncDisposable
{
    private static readonly TimeSpan RestMax = TimeSpan.FromSeconds(60);
    private readonly IRpcTransport[] _transports;
    private readonly (int Failures, DateTimeOffset Until)[] _rests;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    public EndpointPool(IReadOnlyList<IRpcTransport> transports, TimeProvider? time = null)
    {
        _transports = [.. transports];
        _rests = new (int, DateTimeOffset)[_transports.Length];
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The endpoints' names.</summary>
    public IEnumerable<string> Names => _transports.Select(transport => transport.Name);

    /// <summary>How many endpoints there are.</summary>
    public int Count => _transports.Length;

    /// <summary>Endpoints from <c>http(s)://</c> and <c>ws(s)://</c> addresses.</summary>
    public static EndpointPool Connect(IEnumerable<Uri> addresses, RpcLimits limits, Action? woken = null, TimeProvider? time = null) =>
        new([.. addresses.Select(address => address.Scheme is "ws" or "wss" ? (IRpcTransport)new WebSocketTransport(address, limits, woken) : new HttpTransport(address, limits))], time);

    /// <summary>Asks the first endpoint that works.</summary>
    public async Task<RpcReply[]> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellation)
    {
        Exception? last = null;
        RpcReply[]? unsure = null;
        foreach (var index in Order())
        {
            try
            {
                var replies = await _transports[index].SendAsync(requests, cancellation).ConfigureAwait(false);
                if (!Array.Exists(replies, reply => reply.Error is { } error && IsNodesFault(error)))
                {
                    Works(index);
                    return replies;
                }

                unsure = replies;
                Fails(index);
            }
            catch (EthereumException exception)
            {
                last = exception;
                Fails(index);
            }
        }

        return unsure ?? throw new EndpointsUnreachableException(requests.Count > 0 ? requests[0].Method : "nothing", last);
    }

    /// <summary>Asks one thing of the first endpoint that works.</summary>
    public async Task<JsonElement> SendAsync(RpcRequest request, CancellationToken cancellation) => (await SendAsync([request], cancellation).ConfigureAwait(false))[0].Value;

    /// <summary>Asks every endpoint; those that fail are left out.</summary>
    public async Task<IReadOnlyList<(string Name, JsonElement Value)>> AskAllAsync(RpcRequest request, CancellationToken cancellation)
    {
        var answers = await Task.WhenAll(_transports.Select(async (transport, index) =>
        {
            try
            {
                var replies = await transport.SendAsync([request], cancellation).ConfigureAwait(false);
                return (transport.Name, Value: replies[0].Error is null ? replies[0].Result : null);
            }
            catch (EthereumException)
            {
                Fails(index);
                return (transport.Name, Value: null);
            }
        })).ConfigureAwait(false);
        return [.. answers.Where(answer => answer.Value is not null).Select(answer => (answer.Name, answer.Value!.Value))];
    }

    /// <summary>Gives a transaction to every endpoint, so that none can hold it back; the first answer that is not a failure of the way counts.</summary>
    public async Task<RpcReply> BroadcastAsync(RpcRequest request, CancellationToken cancellation)
    {
        var replies = await Task.WhenAll(_transports.Select(async (transport, index) =>
        {
            try
            {
                return (await transport.SendAsync([request], cancellation).ConfigureAwait(false))[0];
            }
            catch (EthereumException exception)
            {
                Fails(index);
                return new RpcReply(null, new RpcRefusedException(request.Method, UnreachableCode, exception.Message));
            }
        })).ConfigureAwait(false);
        return Array.Find(replies, reply => reply.Error is null) ?? Array.Find(replies, reply => reply.Error!.Code != UnreachableCode)
            ?? throw new EndpointsUnreachableException(request.Method, replies.Length > 0 ? replies[0].Error : null);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var transport in _transports)
        {
            await transport.DisposeAsync().ConfigureAwait(false);
        }
    }

    private const int UnreachableCode = int.MinValue;

    // Internal errors, limits of requests and missing resources say something about the node, not about what was asked.
    private static bool IsNodesFault(RpcRefusedException error) => !error.IsRevert && error.Code is -32603 or -32005 or -32002 or -32001;

    private List<int> Order()
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            // Resting endpoints come last, the one that has rested longest first: where nothing else is left they are asked all the same.
            return [.. Enumerable.Range(0, _transports.Length).OrderBy(index => _rests[index].Until > now ? _rests[index].Until : DateTimeOffset.MinValue).ThenBy(index => index)];
        }
    }

    private void Works(int index)
    {
        lock (_gate)
        {
            _rests[index] = default;
        }
    }

    private void Fails(int index)
    {
        lock (_gate)
        {
            var failures = Math.Min(_rests[index].Failures + 1, 16);
            var rest = TimeSpan.FromMilliseconds(Math.Min(250 * Math.Pow(2, failures - 1), RestMax.TotalMilliseconds));
            _rests[index] = (failures, _time.GetUtcNow() + rest);
        }
    }
}
