using Sojourn.Content.Car;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Gateway;

/// <summary>Our gateway over a store that holds the blocks of some CARs.</summary>
internal sealed class CarGateway : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private LoopbackServer? server;

    public FileBlockStore Store { get; private set; } = null!;

    public Uri Address => server!.Address;

    public static async Task<CarGateway> StartAsync(GatewayServerOptions options, params IEnumerable<string> cars)
    {
        var gateway = new CarGateway();
        gateway.Store = FileBlockStore.Open(gateway.folder.At("store"));
        foreach (var car in cars)
        {
            await LoadAsync(gateway.Store, Vectors.PathOf(car));
        }

        var handler = new GatewayServer(gateway.Store, options);
        gateway.server = await LoopbackServer.StartAsync(context => handler.HandleAsync(context, c =>
        {
            c.Response.StatusCode = 404;
            return Task.CompletedTask;
        }));
        return gateway;
    }

    public static async Task LoadAsync(FileBlockStore store, string path)
    {
        await using var stream = File.OpenRead(path);
        var reader = await CarReader.OpenAsync(stream);
        await using var writer = await store.BeginWriteAsync();
        while (await reader.ReadAsync() is { } section)
        {
            // The project refuses CIDs whose hash it cannot check (identity blocks hold themselves).
            if (BlockVerifier.CheckIdentifier(section.Cid) == BlockFault.None)
            {
                await writer.PutAsync(section.ToVerifiedBlock());
            }
        }

        await writer.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await server!.DisposeAsync();
        folder.Dispose();
    }
}
