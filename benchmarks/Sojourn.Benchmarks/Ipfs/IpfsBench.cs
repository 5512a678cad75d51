using System.Net;
using Sojourn.Benchmarks.Harness;
using Sojourn.Content;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;
using Sojourn.Content.Import;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Primitives;

namespace Sojourn.Benchmarks.Ipfs;

/// <summary>Adapters of the content layer: fetching from a gateway on the loopback interface, and adding so that a power cut loses nothing.</summary>
public sealed class IpfsBench : IBenchSuite
{
    private const int FetchBytes = 128 << 20;
    private const int AddBytes = 512 << 20;

    /// <inheritdoc/>
    public string Name => "ipfs";

    /// <inheritdoc/>
    public void Run(BenchReport report)
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-bench-").FullName;
        try
        {
            var only = Environment.GetEnvironmentVariable("SOJOURN_BENCH_ROWS");
            bool Wanted(string rows) => only is null || rows.Contains(only, StringComparison.OrdinalIgnoreCase);
            if (Wanted("fetch"))
            {
                FetchAsync(report, folder).GetAwaiter().GetResult();
            }

            if (Wanted("add"))
            {
                Add(report, folder);
            }

            if (Wanted("pack"))
            {
                AddBesidePack(report, folder);
            }

            if (Wanted("memory"))
            {
                PeakMemory.Run(report, folder);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task FetchAsync(BenchReport report, string folder)
    {
        var file = Path.Combine(folder, "fetch.bin");
        RandomFile.Write(file, FetchBytes, 1);
        var store = FileBlockStore.Open(Path.Combine(folder, "fetch-store"));
        Cid root;
        await using (var writer = await store.BeginWriteAsync(trustCaller: true))
        {
            await using var stream = File.OpenRead(file);
            root = (await UnixFsImporter.ImportAsync(stream, writer)).Root;
            await writer.FlushAsync();
        }

        await using var gateway = await GatewayHost.StartAsync(store, new GatewayServerOptions(), new IPEndPoint(IPAddress.Loopback, 0));
        var ours = Contestant.Timed("sojourn", () => FetchOnceAsync(gateway.Address, root).GetAwaiter().GetResult());
        if (NodePeer.IsInstalled)
        {
            report.Compare(
                "verified fetch of 128 MiB over loopback", "s", 5, "ratio ≤ 0.2 (5x)", "one gateway (ours, which verifies what it reads) serves both; ours takes one CAR stream, Helia asks block by block; process start not counted",
                ours, new Contestant("Helia 7.1.15 + @helia/unixfs 8.0.5", () => NodePeer.HeliaCat(gateway.Address, root, FetchBytes)));
        }
        else
        {
            report.Compare("verified fetch of 128 MiB over loopback", "s", 5, "", "Helia is not installed here", ours);
        }
    }

    private static async Task FetchOnceAsync(Uri gateway, Cid root)
    {
        using var source = new GatewaySource([gateway]);
        await using var dag = source.OpenDag(new DagRequest(ContentPath.Of(root)));
        var bytes = await UnixFsExporter.CopyToAsync(dag, root, Stream.Null, default, ExportOptions.Streaming);
        if (bytes != FetchBytes)
        {
            throw new InvalidOperationException($"fetched {bytes} bytes");
        }
    }

    private static void Add(BenchReport report, string folder)
    {
        var file = Path.Combine(folder, "add.bin");
        RandomFile.Write(file, AddBytes, 2);
        var bytes = File.ReadAllBytes(file);

        // Both make new folders each round. ext4 passes over inodes freed in the last five seconds, and the search for others would be what is timed.
        var round = 0;
        void Clear(string old)
        {
            Directory.Delete(old, recursive: true);
            Thread.Sleep(6000);
        }

        report.Compare(
            "persistent add of 512 MiB, 1 MiB blocks", "s", 5, "ratio ≤ 1.25 (80 %)", "both fsync every block; ours reads the file, hashes, writes past the page cache (the bare loop through it), renames into shards, syncs the shards' folders and pins",
            new Contestant("sojourn", () => AddOnce(Path.Combine(folder, $"add-store-{round++}"), file, Clear)),
            new Contestant("bare 8-way write + fsync + rename", () => BareOnce(Path.Combine(folder, $"bare-{round++}"), bytes, Clear)));
        File.Delete(file);
    }

    private static void AddBesidePack(BenchReport report, string folder)
    {
        if (!NodePeer.IsInstalled)
        {
            return;
        }

        var file = Path.Combine(folder, "pack.bin");
        var car = Path.Combine(folder, "pack.car");
        RandomFile.Write(file, AddBytes, 4);
        var round = 0;
        report.Compare(
            "persistent add of 512 MiB against ipfs-car pack", "s", 3, "reported", "ours fsyncs every block, the peer writes one CAR and syncs nothing; its process start counted",
            new Contestant("sojourn", () => AddOnce(Path.Combine(folder, $"pack-store-{round++}"), file, static old =>
            {
                Directory.Delete(old, recursive: true);
                Thread.Sleep(6000);
            })),
            new Contestant("ipfs-car 3.1.0", () => Content.NodePeer.Run("node_modules/ipfs-car/bin.js", "pack", file, "--output", car)));
        File.Delete(car);
        File.Delete(file);
    }

    private static double AddOnce(string folder, string file, Action<string> clear)
    {
        var store = FileBlockStore.Open(folder);
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        AddAsync(store, file).GetAwaiter().GetResult();
        var took = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
        clear(folder);
        return took;
    }

    private static async Task AddAsync(FileBlockStore store, string file)
    {
        await using var writer = await store.BeginWriteAsync(trustCaller: true);
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        var result = await UnixFsImporter.ImportAsync(stream, writer);
        await writer.PinAsync(result.Root, "bench", DateTimeOffset.UtcNow);
    }

    private static double BareOnce(string folder, byte[] bytes, Action<string> clear)
    {
        Directory.CreateDirectory(folder);
        var next = -1;
        var count = bytes.Length >> 20;
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        var threads = Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                var path = Path.Combine(folder, $"{i}.tmp");
                using (var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
                {
                    RandomAccess.Write(handle, bytes.AsSpan(i << 20, 1 << 20), 0);
                    RandomAccess.FlushToDisk(handle);
                }

                File.Move(path, Path.Combine(folder, $"{i}.data"));
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        var took = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
        clear(folder);
        return took;
    }
}
