using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>A gateway on a port of its own: Kestrel with HTTP/1.1 and HTTP/2 on the same port.</summary>
public sealed class GatewayHost : IAsyncDisposable
{
    private const long ResponseBufferBytes = 3 << 20;
    private readonly WebApplication app;

    private GatewayHost(WebApplication app)
    {
        this.app = app;
        Address = new Uri(app.Urls.First());
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts.</summary>
    /// <param name="source">What it serves.</param>
    /// <param name="options">How.</param>
    /// <param name="listen">Where to listen; port 0 takes a free one.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    public static async Task<GatewayHost> StartAsync(IBlockSource source, GatewayServerOptions options, IPEndPoint listen, CancellationToken cancellationToken = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowAlternateSchemes = true;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxConcurrentConnections = 4096;

            // While one block of the default size is on its way, the next is read and verified.
            kestrel.Limits.MaxResponseBufferSize = ResponseBufferBytes;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.MaxRequestLineSize = 16 << 10;
            kestrel.Listen(listen, endPoint => ClearTextProtocols.Use(endPoint));
        });

        // The composition root decides what is logged; a server that logs on its own would write into a command's output.
        builder.Services.AddLogging(logging => logging.ClearProviders());
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        var built = builder.Build();
        new GatewayServer(source, options).Use(built);
        built.Run(context => GatewayServer.RefuseAsync(context, 404, "this is an IPFS gateway: ask for /ipfs/CID?format=raw or ?format=car"));
        await built.StartAsync(cancellationToken).ConfigureAwait(false);
        return new GatewayHost(built);
    }

    /// <summary>Stops: running answers get a few seconds to end.</summary>
    public async ValueTask DisposeAsync()
    {
        await app.StopAsync().ConfigureAwait(false);
        await app.DisposeAsync().ConfigureAwait(false);
    }
}
