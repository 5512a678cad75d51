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
    /// <param name="cancellation">Stops starting.</param>
    public static async Task<LedgerServer> StartAsync(ILedger ledger, string url = "http://127.0.0.1:0", CancellationToken cancellation = default)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url).UseShutdownTimeout(TimeSpan.FromSeconds(2));
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = 8 << 20;
            options.Limits.MaxConcurrentConnections = 1024;
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
