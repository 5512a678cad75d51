using Sojourn.Ledger.Embedded.Storage;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.State;

namespace Sojourn.Ledger.Embedded.Chain;

/// <summary>What a full check of a ledger's files found.</summary>
/// <param name="Fault">The first fault; null where there is none.</param>
/// <param name="Blocks">Blocks checked.</param>
/// <param name="Transactions">Transactions checked.</param>
/// <param name="Height">The last height.</param>
/// <param name="StateRoot">The root of the state that a replay from genesis gives.</param>
public sealed record AuditResult(ChainFault? Fault, ulong Blocks, ulong Transactions, ulong Height, Digest StateRoot);

/// <summary>Checks a ledger's files from genesis on: every hash, signature, beacon, rule, and that the indexes are what the blocks give.</summary>
public static class LedgerAudit
{
    /// <summary>Checks everything; changes nothing.</summary>
    /// <param name="path">The database.</param>
    /// <param name="signatures">Checks signatures; the real schemes where null.</param>
    /// <param name="vrf">Checks VRF proofs; the real function where null.</param>
    /// <param name="progress">Told of each block.</param>
    /// <param name="cancellation">Stops the check.</param>
    public static AuditResult Verify(string path, ISignatureScheme? signatures = null, IVrf? vrf = null, Action<ulong>? progress = null, CancellationToken cancellation = default)
    {
        using var database = LedgerDatabase.Open(path, readOnly: true);
        var chain = new ChainFollower(database.ReadGenesis(), signatures ?? new AccountSignatures(), vrf ?? new EcVrf());
        ulong transactions = 0;
        ulong receipts = 0;
        AuditResult Result(ChainFault? fault) => new(fault, chain.Number, transactions, chain.State.Height, chain.State.Root());
        if (database.IntegrityFault() is { } damage)
        {
            return Result(new ChainFault(ChainFaultKind.WrongIndex, 0, damage));
        }

        foreach (var stored in database.ReadBlocks(1))
        {
            cancellation.ThrowIfCancellationRequested();
            if (stored.Number != chain.Number + 1)
            {
                return Result(new ChainFault(ChainFaultKind.MissingBlock, chain.Number + 1, $"Block {stored.Number} comes next."));
            }

            if (stored.Block is not { } block || block.Header.Number != stored.Number)
            {
                return Result(new ChainFault(ChainFaultKind.UnreadableBlock, stored.Number, "Its header cannot be read, or is another block's."));
            }

            var first = chain.Events;
            ChainFault? fault;
            try
            {
                fault = chain.Follow(block);
            }
            catch (InvalidDataException exception)
            {
                fault = new ChainFault(ChainFaultKind.ChangedTransactions, stored.Number, exception.Message);
            }

            if ((fault ?? CheckIndex(stored, chain, first, database, ref receipts)) is { } found)
            {
                return Result(found);
            }

            transactions += block.Header.Count;
            progress?.Invoke(stored.Number);
        }

        if (receipts > 0 && ReceiptTree.RootOf(receipts, (level, number) => database.ReceiptNode(level, number) ?? default) != chain.State.Receipts.Root)
        {
            return Result(new ChainFault(ChainFaultKind.WrongReceipts, chain.Number, "The stored nodes of the receipt log do not give its root."));
        }

        return Result(chain.State.IsConserved ? null : new ChainFault(ChainFaultKind.WrongEvents, chain.Number, "The books do not balance."));
    }

    private static ChainFault? CheckIndex(StoredBlock stored, ChainFollower chain, ulong first, LedgerDatabase database, ref ulong receipts)
    {
        var events = chain.Context.Events;
        if (stored.FirstEvent != first || stored.Events.Length != events.Count * EventCodec.Length)
        {
            return new ChainFault(ChainFaultKind.WrongIndex, stored.Number, "Its stored events are not those its transactions cause.");
        }

        Span<byte> bytes = stackalloc byte[EventCodec.Length];
        for (var i = 0; i < events.Count; i++)
        {
            EventCodec.Write(events[i], bytes);
            if (!bytes.SequenceEqual(stored.Events.AsSpan(i * EventCodec.Length, EventCodec.Length)))
            {
                return new ChainFault(ChainFaultKind.WrongIndex, stored.Number, $"Stored event {first + (ulong)i} is not the one its transactions cause.");
            }

            var position = first + (ulong)i;
            if (events[i].Kind == EventKind.Line && !database.HasLine(events[i].Account, stored.Number))
            {
                return new ChainFault(ChainFaultKind.WrongIndex, stored.Number, $"Line {position} of {events[i].Account} is missing.");
            }

            if (events[i].Kind == EventKind.Revealed && (database.Receipts(receipts++, 1) is not [var digest] || digest != events[i].Data))
            {
                return new ChainFault(ChainFaultKind.WrongReceipts, stored.Number, $"Receipt {receipts - 1} is not in the log.");
            }

            if (events[i].Kind == EventKind.Closed && (database.JobOf(events[i].Job) is not { } kept || kept.Block != stored.Number
                || !kept.Record.AsSpan().SequenceEqual(LedgerState.EncodeClosed(chain.Context.Closed.Single(job => job.Id == events[i].Job)))))
            {
                return new ChainFault(ChainFaultKind.WrongIndex, stored.Number, $"Closed job {events[i].Job} is missing, or not as it closed.");
            }
        }

        return null;
    }
}
