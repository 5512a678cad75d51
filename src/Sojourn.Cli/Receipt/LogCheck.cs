using Sojourn.Cli.Running;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Receipts;

namespace Sojourn.Cli.Receipt;

/// <summary>Offline checks against a ledger's log of receipts: is a receipt in it, and is it the log that a kept head signed?</summary>
internal static class LogCheck
{
    /// <summary>Checks that a receipt is in the log of the ledger that a genesis names.</summary>
    public static async Task<(LogProof Proof, LedgerGenesis Genesis)> IncludesAsync(CommandRun run, Digest receipt, FileInfo proof, FileInfo genesis, string? identity)
    {
        if (!GenesisCodec.TryDecode(await LogCommand.ReadAsync(run, genesis, 1 << 20).ConfigureAwait(false), out var ledger))
        {
            throw new CliException(ExitCode.BadInput, $"{genesis.Name} holds no ledger's genesis");
        }

        if (identity is not null && GenesisCodec.DigestOf(ledger!).ToString() != identity)
        {
            throw new CliException(ExitCode.BadInput, $"{genesis.Name} is the genesis of {GenesisCodec.DigestOf(ledger!)}, not of {identity}");
        }

        if (!LogProof.TryDecode(await LogCommand.ReadAsync(run, proof, LogProof.LengthMax).ConfigureAwait(false), out var read))
        {
            throw new CliException(ExitCode.BadInput, $"{proof.Name} holds no proof of a receipt log", "A COSE Receipt was expected.");
        }

        var fault = read!.Verify(receipt, ledger!, new AccountSignatures());
        return fault == LogProofFault.None ? (read, ledger!)
            : throw new CliException(ExitCode.BadInput, $"the proof does not hold for receipt {receipt}: {fault}", "The receipt, the proof or the genesis is another one.");
    }

    /// <summary>Checks that the log which a proof leads to is the one that a kept head signed, or its beginning, or its continuation.</summary>
    public static async Task<BlockHeader> BelongsAsync(CommandRun run, Digest receipt, LogProof proof, LedgerGenesis genesis, FileInfo head, FileInfo? consistency)
    {
        var kept = SignedHead.TryRead(await LogCommand.ReadAsync(run, head, SignedHead.LengthMax).ConfigureAwait(false), genesis, new AccountSignatures())?.Header
            ?? throw new CliException(ExitCode.BadInput, $"{head.Name} is no head of this ledger that one of its sequencers signed", "'sojourn ledger head --save FILE' writes one.");
        var root = proof.RootOf(receipt)!.Value;
        if (kept.Receipts == proof.Size || kept.Receipts == 0)
        {
            // Every log begins as the empty one.
            return kept.Receipts == 0 || kept.ReceiptRoot == root ? kept : throw Two(head);
        }

        if (consistency is null)
        {
            throw new CliException(ExitCode.Usage, $"{head.Name} signs a log of {kept.Receipts} receipts and the proof one of {proof.Size}: a proof that they are one log is needed", "'sojourn receipt log JOB --to DIR --head FILE' writes log.consistency; give it with --consistency.");
        }

        return LogConsistency.TryDecode(await LogCommand.ReadAsync(run, consistency, LogConsistency.LengthMax).ConfigureAwait(false), out var joins) && joins!.Joins(kept.Receipts, kept.ReceiptRoot, proof.Size, root)
            ? kept
            : throw Two(head);
    }

    private static CliException Two(FileInfo head) =>
        new(ExitCode.BadInput, $"the log that the proof leads to and the one that {head.Name} signed are not shown to be one", "Either the consistency proof is another one's, or the ledger tells two stories: keep both, their signatures say who did it.");
}
