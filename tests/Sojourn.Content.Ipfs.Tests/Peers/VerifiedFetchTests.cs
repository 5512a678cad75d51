using System.Security.Cryptography;
using System.Text.Json;
using Sojourn.Content.Directories;
using Sojourn.Content.Import;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Content.Ipfs.Tests.Store;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Peers;

/// <summary>Helia and @helia/verified-fetch read files, ranges and sharded folders from our gateway, which serves blocks and CARs only.</summary>
[Trait("speed", "slow")]
public class VerifiedFetchTests
{
    [ToolFact(PeerProcess.Node)]
    public async Task Files_ranges_and_sharded_folders()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("store"));
        var content = Blocks.Raw(3, 3_500_000).Data.ToArray();
        Cid file, directory;
        await using (var writer = await store.BeginWriteAsync())
        {
            file = (await UnixFsImporter.ImportAsync(new MemoryStream(content), writer, new ImportOptions { Profile = ImportProfile.UnixFsV1Of2025 with { ChunkBytes = 100_000, LinksMax = 6 } })).Root;
            using var builder = new DirectoryBuilder(ImportProfile.UnixFsV1Of2025 with { ShardThresholdBytes = 0 });
            for (var i = 0; i < 1000; i++)
            {
                var each = await UnixFsImporter.ImportAsync(new MemoryStream(BitConverter.GetBytes(i)), writer);
                builder.Add($"entry {i} é.bin", each.Root, each.DagBytes);
            }

            directory = (await builder.FinishAsync(writer)).Root;
            await writer.FlushAsync();
        }

        await using var gateway = await GatewayHost.StartAsync(store, new GatewayServerOptions(), new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        await using (var peer = PeerProcess.Start("ipfs/verified-fetch.mjs", gateway.Address.ToString().TrimEnd('/')))
        {
            AssertSame(content, await peer.AskAsync(new { url = $"ipfs://{file}" }));
            AssertSame(content.AsMemory(123_456, 1_000_001), await peer.AskAsync(new { url = $"ipfs://{file}", range = $"bytes=123456-{123_456 + 1_000_000}" }), 206);
            AssertSame(content.AsMemory(^77..), await peer.AskAsync(new { url = $"ipfs://{file}", range = "bytes=-77" }), 206);
            AssertSame(BitConverter.GetBytes(777), await peer.AskAsync(new { url = $"ipfs://{directory}/{Uri.EscapeDataString("entry 777 é.bin")}" }));
        }

        await using (var peer = PeerProcess.Start("ipfs/helia-unixfs.mjs", gateway.Address.ToString().TrimEnd('/')))
        {
            var whole = await peer.AskAsync(new { op = "cat", cid = file.ToString() });
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), whole.GetProperty("sha256").GetString());
            var part = await peer.AskAsync(new { op = "cat", cid = file.ToString(), offset = 99_990, length = 20 });
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content.AsSpan(99_990, 20))), part.GetProperty("sha256").GetString());
            var listed = await peer.AskAsync(new { op = "ls", cid = directory.ToString() });
            Assert.Equal(
                Enumerable.Range(0, 1000).Select(i => $"entry {i} é.bin").Order(StringComparer.Ordinal),
                listed.GetProperty("names").EnumerateArray().Select(n => n.GetString()!).Order(StringComparer.Ordinal));
        }
    }

    private static void AssertSame(ReadOnlyMemory<byte> expected, JsonElement answer, int status = 200)
    {
        Assert.True(answer.GetProperty("status").GetInt32() == status, answer.ToString());
        Assert.Equal(expected.Length, answer.GetProperty("size").GetInt32());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(expected.Span)), answer.GetProperty("sha256").GetString());
    }
}
