using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Hosting.Devnet;

/// <summary>A block store with a trustless gateway in front of it, on loopback.</summary>
public sealed class ContentHost : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ContentHost(WebApplication application, FileBlockStore store, CountingSource counted, Uri address)
    {
        _application = application;
        Store = store;
        Counted = counted;
        Address = address;
    }

    /// <summary>The store.</summary>
    public FileBlockStore Store { get; }

    /// <summary>What was handed out.</summary>
    public CountingSource Counted { get; }

    /// <summary>Where the gateway listens.</summary>
    public Uri Address { get; }

    /// <summary>Opens the store and starts the gateway on a port of loopback.</summary>
    /// <param name="folder">The store's folder.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="port">The port; 0 for a free one.</param>
    /// <param name="map">Maps further endpoints over the opened store; null for none.</param>
    public static Task<ContentHost> StartAsync(string folder, CancellationToken cancel, int port = 0, Action<WebApplication, FileBlockStore>? map = null) =>
        StartAsync(folder, FormattableString.Invariant($"127.0.0.1:{port}"), cancel, map);

    /// <summary>Opens the store and starts the gateway.</summary>
    /// <param name="folder">The store's folder.</param>
    /// <param name="listen">Address and port; port 0 takes a free one.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="map">Maps further endpoints over the opened store; null for none.</param>
    public static async Task<ContentHost> StartAsync(string folder, string listen, CancellationToken cancel, Action<WebApplication, FileBlockStore>? map = null)
    {
        var store = FileBlockStore.Open(folder);
        var counted = new CountingSource(store);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{listen}").UseShutdownTimeout(TimeSpan.FromSeconds(2));
        builder.WebHost.ConfigureKestrel(options => options.AddServerHeader = false);
        var application = builder.Build();
        new GatewayServer(counted).Use(application);
        map?.Invoke(application, store);
        await application.StartAsync(cancel).ConfigureAwait(false);
        var address = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new ContentHost(application, store, counted, new Uri(address));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }
}
