using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Sojourn.Content;
using Sojourn.Content.Car;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Primitives;
using Sojourn.Protocol.Sealing;

namespace Sojourn.Jobs.Tests.Sealing;

/// <summary>The whole way: seal, import, CAR, gateway, verified fetch, ranged open.</summary>
public sealed class SealedGatewayTests
{
    [Fact]
    public async Task A_range_comes_back_through_a_car_and_a_gateway()
    {
        using var recipient = HpkePrivateKey.Generate();
        var plain = new byte[(6 << 20) + 123];
        new Random(6).NextBytes(plain);

        using var memory = new MemoryStream();
        var writer = await CarWriter.CreateAsync(memory, []);
        using var result = await SealedDag.SealFileAsync(new MemoryStream(plain), new SealingOptions { Recipients = [recipient.Public] }, writer);
        await writer.FinishAsync();
        memory.Position = 0;
        using var car = await CarFileSource.OpenAsync(memory);

        var counted = new Counting(car);
        var gateway = new GatewayServer(counted);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        await using var app = builder.Build();
        gateway.Use(app);
        await app.StartAsync();
        try
        {
            using var source = new GatewaySource([new Uri(app.Urls.First())]);
            using var opened = await SealedDag.OpenAsync(source, result.Cid, recipient);
            using var reader = opened.OpenReader(SealedDag.Body(source, opened.Header));
            var middle = new byte[1024];
            Assert.Equal(1024, await reader.ReadAsync(3_500_000, middle));
            Assert.Equal(plain.AsSpan(3_500_000, 1024).ToArray(), middle);

            // The header, the root of the body and one leaf.
            Assert.Equal(3, counted.Seen.Count);

            var whole = new byte[plain.Length];
            Assert.Equal(plain.Length, await reader.ReadAsync(0, whole));
            Assert.Equal(plain, whole);
        }
        finally
        {
            await app.StopAsync(new CancellationToken(canceled: true));
        }
    }

    private sealed class Counting(IBlockSource inner) : IBlockSource
    {
        public ConcurrentDictionary<Cid, bool> Seen { get; } = new();

        public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
        {
            Seen[cid] = true;
            return inner.GetAsync(cid, cancellationToken);
        }
    }
}
