using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sojourn.Cli.Market;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Receipts;

namespace Sojourn.Cli.Receipt;

/// <summary><c>sojourn receipt log|prove</c>: the receipts of a job together, as the ledger's log holds them, and the check of one proof without the ledger.</summary>
internal static class LogCommand
{
    private sealed record Entry(byte Round, Address Executor, Digest Receipt, Digest Tag, uint Exit, ulong Fuel, bool Agreed, LogProof? Proof);

    public static Command Log()
    {
        var id = new Argument<string>("job") { Description = "The job's id." };
        var at = MarketCommands.LedgerOption();
        var to = new Option<DirectoryInfo?>("--to") { Description = "Write the proofs and the genesis here, to be checked offline later." };
        var head = new Option<FileInfo?>("--head") { Description = "A signed head that was kept ('ledger head --save'): also write the proof that the log of these receipts and that head's log are one." };
        var output = OutputOption.Create();
        var command = new Command("log", "All receipts of a job: who says what came out, which of them agree, and where each stands in the ledger's log.") { id, at, to, head, output };
        command.SetRun(async run =>
        {
            var job = Digest.TryParse(run.Get(id), out var parsed) ? parsed : throw new CliException(ExitCode.Usage, $"'{run.Get(id)}' is not a job's id", "It has 64 hexadecimal digits.");
            using var ledger = await MarketCommands.ConnectAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var view = await ledger.JobAsync(job, run.Cancellation).ConfigureAwait(false) ?? throw new CliException(ExitCode.NotFound, $"no job is called {job}");
            var proofs = (await ledger.ReceiptProofsAsync(job, run.Cancellation).ConfigureAwait(false)).ToList();
            var signatures = new AccountSignatures();
            var entries = view.Rounds.SelectMany(round => round.Executors.Where(seat => seat.Result is not null).Select(seat => (Round: round.Index, Seat: seat))).Select(pair =>
            {
                var said = pair.Seat.Result!.Statement;
                // A proof counts only once it was checked here.
                var proof = proofs.Find(candidate => candidate.Verify(said.Receipt, ledger.Genesis, signatures) == LogProofFault.None);
                proofs.RemoveAll(candidate => candidate == proof);
                return new Entry(pair.Round, pair.Seat.Node, said.Receipt, said.Tag, said.Exit, said.Fuel, said.Tag == view.AgreedTag && said.Exit == view.AgreedExit, proof);
            }).ToList();
            run.Results.List(
                entries,
                new Column<Entry>("round", entry => entry.Round, AlignRight: true),
                new Column<Entry>("executor", entry => entry.Executor.ToString()),
                new Column<Entry>("agreed", entry => entry.Agreed),
                new Column<Entry>("exit", entry => entry.Exit, AlignRight: true),
                new Column<Entry>("fuel", entry => entry.Fuel, AlignRight: true),
                new Column<Entry>("logIndex", entry => entry.Proof?.Index, AlignRight: true),
                new Column<Entry>("logSize", entry => entry.Proof?.Size, AlignRight: true),
                new Column<Entry>("receipt", entry => entry.Receipt.ToString()),
                new Column<Entry>("tag", entry => entry.Tag.ToString(), OnlyData: true));
            if (run.Get(to) is { } folder)
            {
                folder.Create();
                await File.WriteAllBytesAsync(Path.Combine(folder.FullName, "genesis.cbor"), GenesisCodec.Encode(ledger.Genesis), run.Cancellation).ConfigureAwait(false);
                foreach (var entry in entries.Where(entry => entry.Proof is not null))
                {
                    await File.WriteAllBytesAsync(Path.Combine(folder.FullName, entry.Receipt + ".proof"), entry.Proof!.Encode(), run.Cancellation).ConfigureAwait(false);
                }

                var joined = run.Get(head) is { } kept && await JoinAsync(run, ledger, kept, entries, folder, signatures).ConfigureAwait(false) ? $" --head {kept} --consistency {folder.FullName}/log.consistency" : "";
                run.Note($"Next: sojourn receipt verify FILE --key KEY --proof {folder.FullName}/….proof --genesis {folder.FullName}/genesis.cbor{joined}");
            }

            if (entries.Exists(entry => entry.Proof is null))
            {
                run.Warn("a receipt has no proof that holds: the ledger's log should hold it.");
                return ExitCode.BadInput;
            }

            return ExitCode.Ok;
        });
        return command;
    }

    // The proof that what a kept head signed and what these proofs lead to is one log.
    private static async Task<bool> JoinAsync(CommandRun run, HttpLedger ledger, FileInfo kept, List<Entry> entries, DirectoryInfo folder, AccountSignatures signatures)
    {
        var head = SignedHead.TryRead(await ReadAsync(run, kept, SignedHead.LengthMax).ConfigureAwait(false), ledger.Genesis, signatures)
            ?? throw new CliException(ExitCode.BadInput, $"{kept.Name} is no head of this ledger that one of its sequencers signed", "'sojourn ledger head --save FILE' writes one.");
        if (entries.Find(one => one.Proof is not null) is not { Proof: { } proof } entry || head.Header.Receipts == 0 || head.Header.Receipts == proof.Size)
        {
            return false;
        }

        var (from, to) = (Math.Min(head.Header.Receipts, proof.Size), Math.Max(head.Header.Receipts, proof.Size));
        var joins = await ledger.ConsistencyAsync(from, to, run.Cancellation).ConfigureAwait(false);
        if (joins?.Joins(head.Header.Receipts, head.Header.ReceiptRoot, proof.Size, proof.RootOf(entry.Receipt)!.Value) != true)
        {
            throw new CliException(ExitCode.BadInput, $"the ledger's log of receipts and the one that {kept.Name} signed are not one: it was rewritten, or two stories are told", "Keep both heads: their signatures say who did it.");
        }

        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, "log.consistency"), joins.Encode(), run.Cancellation).ConfigureAwait(false);
        return true;
    }

    public static Command Prove()
    {
        var receipt = new Argument<string>("receipt") { Description = "A receipt's file, or its digest: 64 hexadecimal digits." };
        var proof = new Option<FileInfo>("--proof") { Description = "The proof (COSE Receipt), as 'receipt log --to' writes it.", Required = true };
        var genesis = new Option<FileInfo>("--genesis") { Description = "The ledger's genesis, from a source that you trust.", Required = true };
        var expected = new Option<string>("--ledger-id") { Description = "The ledger's identity, where the genesis file itself is not trusted: 64 hexadecimal digits." };
        var output = OutputOption.Create();
        var command = new Command("prove", "Check, offline, that a receipt is in a ledger's log.") { receipt, proof, genesis, expected, output };
        command.SetRun(async run =>
        {
            var digest = Digest.TryParse(run.Get(receipt), out var given) ? given : Digest.Of(await ReadAsync(run, new FileInfo(run.Get(receipt)!), 1 << 20).ConfigureAwait(false));
            var (read, _) = await LogCheck.IncludesAsync(run, digest, run.Get(proof)!, run.Get(genesis)!, run.Get(expected)).ConfigureAwait(false);

            run.Results.One(
                read,
                new Column<LogProof>("receipt", _ => digest.ToString()),
                new Column<LogProof>("ledger", item => item.Ledger.ToString()),
                new Column<LogProof>("index", item => item.Index),
                new Column<LogProof>("size", item => item.Size));
            run.Note(string.Create(CultureInfo.InvariantCulture, $"proved: receipt {read.Index} of {read.Size} in the log, signed by a sequencer of the genesis."));
            return ExitCode.Ok;
        });
        return command;
    }

    internal static async Task<byte[]> ReadAsync(CommandRun run, FileInfo file, int max) =>
        !file.Exists ? throw new CliException(ExitCode.NotFound, $"'{file}' is not there")
        : file.Length > max ? throw new CliException(ExitCode.BadInput, $"{file.Name} is too large ({file.Length} bytes)")
        : await File.ReadAllBytesAsync(file.FullName, run.Cancellation).ConfigureAwait(false);
}
