using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Routing;

/// <summary>Fetches blocks from whoever a delegated router names as an HTTP gateway that has them.</summary>
/// <remarks>Bitswap peers are left aside: this project speaks HTTP only. Every block is verified.</remarks>
public sealed class RoutingSource : IBlockSource, IDisposable
{
    private const int ProvidersMax = 8;
    private const int KnownGatewaysMax = 256;
    private static readonly ProviderFilter GatewaysOnly = new(["transport-ipfs-gateway-http"], []);
    private readonly RoutingClient router;
    private readonly HttpMessageInvoker http;
    private readonly GatewaySourceOptions options;
    private readonly bool allowPrivate;
    private readonly ConcurrentDictionary<Uri, GatewaySource> gateways = new();

    /// <summary>Makes a source.</summary>
    /// <param name="router">The router's address, without <c>/routing/v1</c>.</param>
    /// <param name="options">How gateways are asked; null for the defaults.</param>
    /// <param name="allowPrivate">Whether providers on private addresses and on plain HTTP are asked (a network of one's own).</param>
    public RoutingSource(Uri router, GatewaySourceOptions? options = null, bool allowPrivate = false)
    {
        this.allowPrivate = allowPrivate;
        this.options = options ?? new GatewaySourceOptions();
        http = allowPrivate ? GatewaySource.CreateHttp() : new HttpMessageInvoker(new SocketsHttpHandler
        {
            // A name may point at a private address although it looks public: look where it leads before connecting.
            ConnectCallback = ConnectPubliclyAsync,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        });
        routerHttp = GatewaySource.CreateHttp();
        this.router = new RoutingClient(router, routerHttp);
    }

    private readonly HttpMessageInvoker routerHttp;

    /// <inheritdoc/>
    /// <exception cref="RoutingException">The router failed.</exception>
    /// <exception cref="GatewayException">Providers were named, but none gave the block.</exception>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline;
        }

        var failures = new List<GatewayFailure>();
        var asked = new HashSet<Uri>();

        // A gateway that had the last block probably has this one: the blocks of a graph are provided by their root only.
        foreach (var known in gateways.Where(entry => entry.Value.Health[0].Answers > 0).Take(3).ToArray())
        {
            asked.Add(known.Key);
            if (await TryAsync(known.Value, cid, failures, cancellationToken).ConfigureAwait(false) is { } block)
            {
                return block;
            }
        }

        await foreach (var provider in router.FindProvidersAsync(cid, GatewaysOnly, cancellationToken).ConfigureAwait(false))
        {
            foreach (var address in provider.Addresses.Select(text => GatewayAddress.ToUri(text, allowPrivate)).OfType<Uri>())
            {
                if (asked.Count < ProvidersMax && asked.Add(address)
                    && await TryAsync(Gateway(address), cid, failures, cancellationToken).ConfigureAwait(false) is { } block)
                {
                    return block;
                }
            }
        }

        return failures.Count == 0 ? null : throw new GatewayException($"cannot fetch {cid}", failures);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        http.Dispose();
        routerHttp.Dispose();
    }

    private static async Task<Block?> TryAsync(GatewaySource gateway, Cid cid, List<GatewayFailure> failures, CancellationToken cancellationToken)
    {
        try
        {
            return await gateway.GetAsync(cid, cancellationToken).ConfigureAwait(false);
        }
        catch (GatewayException e)
        {
            failures.AddRange(e.Failures);
            return null;
        }
    }

    private static async ValueTask<Stream> ConnectPubliclyAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken).ConfigureAwait(false);
        var allowed = addresses.Where(GatewayAddress.IsPublic).ToArray();
        if (allowed.Length == 0)
        {
            throw new HttpRequestException($"{context.DnsEndPoint.Host} has no public address; providers named by a router are asked on public addresses only");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private GatewaySource Gateway(Uri address)
    {
        if (gateways.Count > KnownGatewaysMax)
        {
            gateways.Clear();
        }

        return gateways.GetOrAdd(address, uri => new GatewaySource([uri], options, http));
    }
}
