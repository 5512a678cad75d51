using System.Globalization;
using Sojourn.Ledger.Embedded;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Ledger.Tests.Processes;

/// <summary>Processes killed in the middle of everything, and disks that fail at every call: what was acknowledged is kept, nothing is half applied.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private static string Folder() => Directory.CreateTempSubdirectory("sojourn-crash-").FullName;

    [Fact]
    [Trait("speed", "slow")]
    public async Task What_a_killed_process_acknowledged_is_kept() => await Kills(1, 5, () => false);

    [Fact]
    [Trait("long", "crash-ledger")]
    public async Task Killed_again_and_again()
    {
        if (LongRun.Of("crash-ledger") is not { } run)
        {
            return;
        }

        var (kills, acknowledged) = await Kills(run.Seed, int.MaxValue, () => run.Over);
        LongRun.Record(output, "crash-ledger", $"kills={kills} acknowledged={acknowledged} lost=0 faults=0");
    }

    // One ledger lives through all kills: each process finds what those before it left.
    private static async Task<(int Kills, long Acknowledged)> Kills(ulong seed, int count, Func<bool> over)
    {
        var folder = Folder();
        try
        {
            var path = Path.Combine(folder, "ledger.db");
            EmbeddedLedger.Create(path, LoadProcess.Genesis);
            var last = new long[LoadProcess.Payers.Count];
            Array.Fill(last, -1);
            var (kills, acknowledged) = (0, 0L);
            for (; kills < count && !over(); kills++)
            {
                var random = new Random((int)((seed * 7919 + (ulong)kills) % int.MaxValue));
                using (var child = Child.Start(null, "load", path, random.Next().ToString(CultureInfo.InvariantCulture)))
                {
                    var lines = random.Next(1, 400);
                    while (lines-- > 0 && child.Output.ReadLine() is { } line)
                    {
                        Note(line);
                    }

                    child.Kill();
                    // What was in the pipe had been acknowledged before; its last line may be cut.
                    var rest = child.Output.ReadToEnd();
                    foreach (var line in rest[..(rest.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
                    {
                        Note(line);
                    }
                }

                // Checking everything from genesis each time would make the campaign quadratic.
                if (kills % 8 == 0 || kills == count - 1)
                {
                    var audit = LedgerAudit.Verify(path, LoadProcess.Cryptography, LoadProcess.Cryptography);
                    Assert.True(audit.Fault is null, $"seed {seed}, kill {kills}: {audit.Fault}");
                }

                await using var ledger = EmbeddedLedger.Open(LoadProcess.Options(path));
                for (var i = 0; i < last.Length; i++)
                {
                    var nonce = (await ledger.AccountAsync(LoadProcess.Payers[i].Address)).Nonce;
                    Assert.True((long)nonce > last[i], $"seed {seed}, kill {kills}: payer {i} was told that {last[i]} is kept; the ledger knows {nonce}.");
                }
            }

            return (kills, acknowledged);

            void Note(string line)
            {
                var parts = line[1..].Split(' ');
                var payer = int.Parse(parts[0], CultureInfo.InvariantCulture);
                last[payer] = Math.Max(last[payer], long.Parse(parts[1], CultureInfo.InvariantCulture));
                acknowledged++;
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [ToolFact("clang")]
    [Trait("speed", "slow")]
    public void A_disk_that_fails_loses_nothing_acknowledged() => output.WriteLine(Faults(step: 5));

    [ToolFact("clang")]
    [Trait("long", "faulty-disk")]
    public void A_disk_that_fails_at_every_call()
    {
        if (LongRun.Of("faulty-disk") is not null)
        {
            LongRun.Record(output, "faulty-disk", Faults(step: 1));
        }
    }

    private static string Faults(int step)
    {
        var folder = Folder();
        try
        {
            var library = Path.Combine(folder, "faulty-disk.so");
            var compiler = new System.Diagnostics.ProcessStartInfo(Tools.Find("clang")!, ["-O1", "-shared", "-fPIC", "-o", library, Path.Combine(AppContext.BaseDirectory, "Processes", "faulty-disk.c"), "-ldl"]) { RedirectStandardError = true };
            using (var clang = System.Diagnostics.Process.Start(compiler)!)
            {
                var error = clang.StandardError.ReadToEnd();
                clang.WaitForExit();
                Assert.True(clang.ExitCode == 0, error);
            }

            var data = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName;
            using var child = Child.Start(new Dictionary<string, string> { ["LD_PRELOAD"] = library, [FaultProcess.Variable] = library }, "faults", data, step.ToString(CultureInfo.InvariantCulture));
            var said = child.Output.ReadToEnd();
            Assert.True(child.Wait(TimeSpan.FromMinutes(9)) == 0, said);
            return said.Trim();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
