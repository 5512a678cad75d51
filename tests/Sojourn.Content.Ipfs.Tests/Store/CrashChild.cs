using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Content.Ipfs.Tests.Store;

/// <summary>Writes to a store until it is killed, and says on standard output what it was told is stored.</summary>
internal static class CrashChild
{
    public static async Task RunAsync(string folder, int seed, string mode)
    {
        var store = FileBlockStore.Open(folder);
        var output = TextWriter.Synchronized(Console.Out);
        var tasks = Enumerable.Range(0, 3).Select(i => Task.Run(() => WriteAsync(store, output, (seed * 10) + i, mode))).ToList();
        if (mode == "collect")
        {
            tasks.Add(Task.Run(() => CollectAsync(store)));
        }

        await Task.WhenAll(tasks);
    }

    // One in four is written past the page cache, with an odd end.
    public static Block BlockOf(int id) => Blocks.Raw(id, 1 + (id * 7919 % 90_000) + (id % 4 == 0 ? 150_000 : 0));

    private static async Task WriteAsync(FileBlockStore store, TextWriter output, int seed, string mode)
    {
        var random = new Random(seed);
        while (true)
        {
            await using var writer = await store.BeginWriteAsync();
            var ids = Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(100_000)).ToList();
            foreach (var id in ids)
            {
                await writer.PutAsync(BlockOf(id));
            }

            if (mode == "collect")
            {
                // Only pinned blocks are promised where garbage is collected.
                foreach (var id in ids)
                {
                    await writer.PinAsync(BlockOf(id).Cid, $"pin {id}", DateTimeOffset.UnixEpoch);
                    output.WriteLine($"P {id}");
                }

                output.Flush();
                continue;
            }

            await writer.FlushAsync();
            foreach (var id in ids)
            {
                output.WriteLine($"S {id}");
            }

            output.Flush();
        }
    }

    private static async Task CollectAsync(FileBlockStore store)
    {
        while (true)
        {
            await GarbageCollector.CollectAsync(store, _ => [], dryRun: false, null, default);
        }
    }
}
