using System.Diagnostics;
using System.Globalization;
using Sojourn.Benchmarks.Harness;
using Sojourn.Content;
using Sojourn.Content.Directories;
using Sojourn.Content.Import;
using Sojourn.Primitives;

namespace Sojourn.Benchmarks.Content;

/// <summary>A sharded directory of a million entries: build, list, find, and the memory that it takes.</summary>
public sealed class DirectoryRows : IContentRows
{
    private const int Entries = 1_000_000;

    public int Order => 20;

    public void Run(BenchReport report, string folder)
    {
        var store = Path.Combine(folder, "shards");
        using var blocks = new PackFile(store);
        var scratch = 0;
        Cid root = null!;
        var peakBuild = 0L;
        var build = Timed(() =>
        {
            using var watch = new PeakMemory();
            using var builder = new DirectoryBuilder(ImportProfile.UnixFsV1Of2025, () => new FileStream(Path.Combine(folder, $"run-{scratch++}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose));
            var target = Cid.ForRaw("x"u8);
            for (var i = 0; i < Entries; i++)
            {
                builder.Add(string.Create(CultureInfo.InvariantCulture, $"entry-{i:d7}.json"), target, 1);
            }

            root = builder.FinishAsync(blocks).AsTask().GetAwaiter().GetResult().Root;
            peakBuild = watch.Stop();
        });
        report.Add(new BenchRow("build a directory of 1,000,000 entries", BenchReport.Format(build, "s"), "", "", "reported", $"{blocks.Count} shards; memory grew by at most {peakBuild >> 20} MiB, sorted runs spill to files"));
        var peakList = 0L;
        var listed = 0;
        var list = Timed(() => (listed, peakList) = ListAsync(blocks, root).GetAwaiter().GetResult());
        report.Add(new BenchRow("list it", BenchReport.Format(list, "s"), "", "", "reported", $"{listed} entries, each checked against its hash; memory grew by at most {peakList >> 20} MiB"));
        var find = Timed(() => FindAsync(blocks, root).GetAwaiter().GetResult());
        report.Add(new BenchRow("find an entry in it", BenchReport.Format(find * 1e6 / 10_000, "µs"), "", "", "reported", "mean of 10,000"));
    }

    private static async Task<(int Count, long Peak)> ListAsync(IBlockSource source, Cid root)
    {
        using var watch = new PeakMemory();
        var count = 0;
        await foreach (var _ in DirectoryReader.ListAsync(source, root))
        {
            count++;
        }

        return (count, watch.Stop());
    }

    private static async Task FindAsync(IBlockSource source, Cid root)
    {
        for (var i = 0; i < 10_000; i++)
        {
            if (await DirectoryReader.FindAsync(source, root, string.Create(CultureInfo.InvariantCulture, $"entry-{i * 97:d7}.json")) is null)
            {
                throw new InvalidOperationException("An entry is not found.");
            }
        }
    }

    private static double Timed(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }
}
