using Sojourn.Testing;
using System.Diagnostics;
using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Content.Ipfs.Tests.Store;

/// <summary>Kills real processes with SIGKILL while they write, and looks at what they leave.</summary>
public class KillTests(Xunit.Abstractions.ITestOutputHelper output)
{
    [Fact]
    [Trait("speed", "slow")]
    public void What_killed_processes_reported_as_stored_is_stored() => Campaign(seed: 1, count: 6);

    [Fact]
    [Trait("long", "crash-store")]
    public void Long_campaign()
    {
        if (LongRun.Of("crash-store") is not { } slice)
        {
            return;
        }

        var (acknowledged, kills) = Campaign((int)slice.Seed, 200, () => slice.Over);
        LongRun.Record(output, "crash-store", $"kills={kills} acknowledged={acknowledged} lost=0 wrong=0");
    }

    // One store lives through all runs of a mode: each finds what the earlier ones left.
    private static (int Acknowledged, int Kills) Campaign(int seed, int count, Func<bool>? over = null)
    {
        using var folder = new TemporaryFolder();
        var promised = new Dictionary<string, HashSet<int>> { ["write"] = [], ["collect"] = [] };
        var kills = 0;
        for (var run = 0; run < count && over?.Invoke() != true; run++)
        {
            var random = new Random((seed * 1_000_003) + run);
            var mode = run % 2 == 0 ? "write" : "collect";
            var path = folder.At(mode);

            // Every third run two processes share the store.
            var children = Enumerable.Range(0, run % 3 == 0 ? 2 : 1).Select(i => Start(path, random.Next(1_000_000), mode)).ToList();
            try
            {
                foreach (var child in children)
                {
                    var lines = random.Next(1, 120);
                    while (lines-- > 0 && child.StandardOutput.ReadLine() is { } line)
                    {
                        Promise(promised[mode], line);
                    }
                }
            }
            finally
            {
                foreach (var child in children)
                {
                    child.Kill();
                    kills++;
                }
            }

            foreach (var child in children)
            {
                // What was in the pipe was promised before the kill.
                while (child.StandardOutput.ReadLine() is { } line)
                {
                    Promise(promised[mode], line);
                }

                child.WaitForExit();
                child.Dispose();
            }

            Check(path, promised[mode], mode, $"seed {seed}, run {run}");
        }

        return (promised.Values.Sum(set => set.Count), kills);
    }

    private static void Promise(HashSet<int> promised, string line)
    {
        // A line cut by the kill has no line end and may hold half a number: only ReadLine's last one can be such.
        if (line.Length > 2 && int.TryParse(line.AsSpan(2), out var id) && line[0] is 'S' or 'P')
        {
            promised.Add(id);
        }
    }

    private static void Check(string path, HashSet<int> promised, string mode, string run)
    {
        var store = FileBlockStore.Open(path);
        foreach (var id in promised)
        {
            var block = CrashChild.BlockOf(id);
            Assert.True(Blocks.Same(store.Get(block.Cid), block), $"{run}: lost block {id}");
        }

        var report = StoreVerifier.Verify(store, putAside: false, null, default);
        Assert.Empty(report.Damaged);
        Assert.Empty(report.Strangers);
        if (mode == "collect")
        {
            var names = store.Pins.List().Select(pin => pin.Name).ToHashSet();
            Assert.All(promised, id => Assert.Contains($"pin {id}", names));
        }
    }

    private static Process Start(string folder, int seed, string mode)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            ArgumentList = { typeof(KillTests).Assembly.Location, "crash-child", folder, seed.ToString(), mode },
        };
        return Process.Start(start)!;
    }
}
