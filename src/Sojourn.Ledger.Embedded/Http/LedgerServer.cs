using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Embedded.Http;

/// <summary>A small web server for one ledger, for <c>sojourn ledger serve</c> and tests; hosts with a server of their own map the endpoints instead.</summary>
public sealed class LedgerServer : IAsyncDisposable
{
    /// <summary>The most connections at once.</summary>
    public const int ConnectionsMax = 2048;

    /// <summary>The most connections of one address, unless said otherwise: clients of ours use 64 each.</summary>
    public const int ConnectionsPerPeer = 512;

    private readonly WebApplication _application;

    private LedgerServer(WebApplication application, Uri address)
    {
        _application = application;
        Address = address;
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts to serve.</summary>
    /// <param name="ledger">The ledger; it stays the caller's.</param>
    /// <param name="url">Where to listen; port 0 takes any free one.</param>
    /// <param name="connectionsPerPeer">The most connections of one address (of one /64 with IPv6).</param>
    /// <param name="cancellation">Stops starting.</param>
    public static async Task<LedgerServer> StartAsync(ILedger ledger, string url = "http://127.0.0.1:0", int connectionsPerPeer = ConnectionsPerPeer, CancellationToken cancellation = default)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url).UseShutdownTimeout(TimeSpan.FromSeconds(2));
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = 8 << 20;
            options.Limits.MaxConcurrentConnections = ConnectionsMax;
            options.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            options.Limits.MaxRequestHeaderCount = 50;
            // Who says nothing, or says it a byte at a time, does not stay.
            options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
            var bounds = new PeerBounds(connectionsPerPeer);
            options.ConfigureEndpointDefaults(endpoint => endpoint.Use(bounds.Around));
            options.AddServerHeader = false;
        });
        var application = builder.Build();
        application.MapLedger(ledger);
        application.MapGet("/health", () => "ok");
        await application.StartAsync(cancellation).ConfigureAwait(false);
        var address = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new LedgerServer(application, new Uri(address));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }
}
