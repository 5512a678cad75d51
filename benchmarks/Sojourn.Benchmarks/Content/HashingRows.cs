using System.Diagnostics;
using System.Security.Cryptography;
using Sojourn.Benchmarks.Harness;
using Sojourn.Content;
using Sojourn.Content.Car;
using Sojourn.Content.Import;

namespace Sojourn.Benchmarks.Content;

/// <summary>How fast bytes become a CID and a CAR is verified, against the hash alone and against JavaScript.</summary>
public sealed class HashingRows : IContentRows
{
    private const long FileBytes = 1L << 30;

    public int Order => 10;

    public void Run(BenchReport report, string folder)
    {
        var file = Path.Combine(folder, "file");
        WriteFile(file);
        var ours = Contestant.Timed("ours", () => Import(file, null));

        // The ceiling: the same bytes, already in memory, hashed in the same pieces by as many threads as there are cores.
        var ceiling = Contestant.Timed("SHA-256 alone on all cores", HashOnly);
        report.Compare("CID of a 1 GiB file, nothing stored", "s", 5, "ceiling/ours ≥ 0.9", "time ratio ours/ceiling; unixfs-v1-2025, file in the page cache", ours, ceiling);
        report.Compare("processor time of the same", "s", 5, "ceiling/ours ≥ 0.9", "user and system, summed over cores: what other programs do does not matter", Processor("ours", () => Import(file, null)), Processor("SHA-256 alone", HashOnly));
        report.Add(new BenchRow("memory of the same", $"{Peak(() => Import(file, null)) >> 20} MiB", "", "", "≤ 150 MiB", "growth of resident memory at its peak"));
        if (NodePeer.IsInstalled)
        {
            var car = Path.Combine(folder, "peer.car");
            var packed = Contestant.Timed("ours", () => Import(file, null));
            report.Compare("CID of a 1 GiB file against ipfs-car pack", "s", 3, "ratio ≤ 0.2", "the peer writes a CAR as well", packed, new Contestant("ipfs-car 3.1.0", () => NodePeer.Run("node_modules/ipfs-car/bin.js", "pack", file, "--output", car)));
            File.Delete(car);
        }

        var archive = Path.Combine(folder, "file.car");
        Pack(file, archive);
        report.Add(new BenchRow("memory of importing the file into a CAR", $"{Peak(() => Pack(file, archive)) >> 20} MiB", "", "", "≤ 150 MiB", "growth of resident memory at its peak"));
        File.Delete(file);
        Contestant[] peers = NodePeer.IsInstalled ? [new Contestant("@ipld/car 5.4.7 and node:crypto", () => NodePeer.Run("car-verify.mjs", archive))] : [];
        report.Compare("verify a CAR of 1 GiB", "s", 3, "ratio ≤ 1", "every block hashed; file in the page cache", Contestant.Timed("ours", () => Verify(archive)), peers);
        report.Add(new BenchRow("memory of verifying it", $"{Peak(() => Verify(archive)) >> 20} MiB", "", "", "≤ 150 MiB", "growth of resident memory at its peak"));
    }

    private static Contestant Processor(string label, Action work) => new(label, () =>
    {
        var before = Environment.CpuUsage.TotalTime;
        work();
        return (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    });

    private static long Peak(Action work)
    {
        using var watch = new PeakMemory();
        work();
        return watch.Stop();
    }

    private static void WriteFile(string path)
    {
        using var file = File.Create(path);
        var piece = new byte[1 << 20];
        for (long at = 0; at < FileBytes; at += piece.Length)
        {
            new Random((int)(at >> 20)).NextBytes(piece);
            file.Write(piece);
        }

        // Written back now, so that the disk is idle while others are timed.
        file.Flush(flushToDisk: true);
    }

    private static ImportResult Import(string path, IBlockSink? sink)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        return UnixFsImporter.ImportAsync(file, sink).AsTask().GetAwaiter().GetResult();
    }

    private static void HashOnly()
    {
        var threads = Environment.ProcessorCount;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
        {
            var piece = new byte[1 << 20];
            new Random(thread).NextBytes(piece);
            Span<byte> digest = stackalloc byte[32];
            for (long at = 0; at < FileBytes / threads; at += piece.Length)
            {
                SHA256.HashData(piece, digest);
            }
        });
    }

    private static void Pack(string path, string archive)
    {
        using var output = new FileStream(archive, FileMode.Create, FileAccess.Write, FileShare.None, 1);
        var writer = CarWriter.CreateAsync(output, []).AsTask().GetAwaiter().GetResult();
        Import(path, writer);
        writer.FinishAsync().AsTask().GetAwaiter().GetResult();
    }

    private static void Verify(string archive)
    {
        using var input = new FileStream(archive, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        var reader = CarReader.OpenAsync(input).AsTask().GetAwaiter().GetResult();
        var summary = CarVerifier.VerifyAsync(reader).AsTask().GetAwaiter().GetResult();
        Debug.Assert(summary.Blocks == 1025, "1,024 leaves and a root");
    }
}
