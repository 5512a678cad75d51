using System.Runtime.InteropServices;
using Sojourn.Ledger.Embedded;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Processes;

/// <summary>Runs a ledger on a disk that fails: the library that was loaded before all others lets one chosen call of the file system fail, and this process chooses each in turn.</summary>
internal static partial class FaultProcess
{
    public const string Variable = "SOJOURN_FAULTY_DISK";

    [LibraryImport("faulty-disk")]
    private static partial void faulty_disk_arm(long at, int kind);

    [LibraryImport("faulty-disk")]
    private static partial long faulty_disk_calls();

    private static readonly (int Kind, string Name)[] Kinds =
    [
        (1, "EIO once"), (2, "EIO from then on"), (3, "ENOSPC once"), (4, "ENOSPC from then on"), (5, "short write"), (6, "fsync fails"), (7, "torn: half a write, then the process is gone"),
    ];

    public static async Task<int> RunAsync(string folder, int step)
    {
        NativeLibrary.SetDllImportResolver(typeof(FaultProcess).Assembly, (name, assembly, search) => name == "faulty-disk" ? NativeLibrary.Load(Environment.GetEnvironmentVariable(Variable)!) : 0);
        var template = Path.Combine(folder, "template.db");
        EmbeddedLedger.Create(template, LoadProcess.Genesis);
        var (points, failed, acknowledged) = (0, 0, 0);
        foreach (var (kind, name) in Kinds)
        {
            // Begins past the end of the last round, so that every call there is gets its turn; ends when a whole round needs no more calls.
            for (long at = 1; ; at += step)
            {
                var path = Path.Combine(folder, $"{kind}-{at}.db");
                File.Copy(template, path);
                var kept = new List<ulong>();
                faulty_disk_arm(at, kind);
                var hit = await TryAsync(path, kept);
                var calls = faulty_disk_calls();
                faulty_disk_arm(0, 0);
                if (calls < at)
                {
                    break;
                }

                points++;
                failed += hit ? 1 : 0;
                acknowledged += kept.Count;
                if (await CheckAsync(path, kept) is { } fault)
                {
                    Console.Out.WriteLine($"{name} at call {at}: {fault}");
                    return 1;
                }

                foreach (var file in Directory.GetFiles(folder, $"{kind}-{at}.db*"))
                {
                    File.Delete(file);
                }
            }
        }

        Console.Out.WriteLine($"points={points} stopped={failed} acknowledged={acknowledged} lost=0");
        return 0;
    }

    // A few batches from several at once; whatever is acknowledged is noted.
    private static async Task<bool> TryAsync(string path, List<ulong> kept)
    {
        EmbeddedLedger? ledger = null;
        try
        {
            ledger = EmbeddedLedger.Open(LoadProcess.Options(path) with { SnapshotBlocks = 2 });
            for (ulong nonce = 0; nonce < 5; nonce++)
            {
                var number = nonce;
                await Task.WhenAll(LoadProcess.Payers.Take(3).Select(async (payer, index) =>
                {
                    var result = await ledger.SubmitAsync(SignedTransaction.Create(new Transfer(LoadProcess.Payers[index + 1].Address, 1), number, ledger.GenesisDigest, payer.Signer));
                    if (result.Applied)
                    {
                        lock (kept)
                        {
                            kept.Add(((ulong)index << 32) + number);
                        }
                    }
                }));
                await ledger.AdvanceAsync();
            }

            return false;
        }
        catch (Exception exception) when (exception is LedgerStoppedException or LedgerCorruptException or IOException or Microsoft.Data.Sqlite.SqliteException or System.Threading.Channels.ChannelClosedException)
        {
            return true;
        }
        finally
        {
            if (ledger is not null)
            {
                try
                {
                    await ledger.DisposeAsync();
                }
                catch (IOException)
                {
                    // The last snapshot could not be written; nothing depends on it.
                }
            }
        }
    }

    private static async Task<string?> CheckAsync(string path, List<ulong> kept)
    {
        var audit = LedgerAudit.Verify(path, LoadProcess.Cryptography, LoadProcess.Cryptography);
        if (audit.Fault is { } fault)
        {
            return fault.ToString();
        }

        await using var ledger = EmbeddedLedger.Open(LoadProcess.Options(path) with { SnapshotBlocks = 0 });
        foreach (var group in kept.GroupBy(item => item >> 32))
        {
            var nonce = (await ledger.AccountAsync(LoadProcess.Payers[(int)group.Key].Address)).Nonce;
            var last = group.Max() & uint.MaxValue;
            if (nonce <= last)
            {
                return $"payer {group.Key} was told that {last} is kept; the ledger knows {nonce}.";
            }
        }

        var head = await ledger.HeadAsync();
        return head.Block == audit.Blocks ? null : $"It opens at block {head.Block} of {audit.Blocks}.";
    }
}
