using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Hosting.Ledgers;

/// <summary>What one round of settling did.</summary>
/// <param name="Batch">The batch that was posted; null where nothing was owed, or somebody else posted at the same moment.</param>
/// <param name="Payments">Its payments.</param>
/// <param name="Total">Their sum.</param>
/// <param name="Claims">Leaves that were claimed, of this batch and of earlier ones.</param>
public sealed record SideSettled(Digest? Batch, int Payments, Amount Total, int Claims);

/// <summary>Posts what a side ledger owes to the ledger that holds the money, and claims it for those who are paid.</summary>
/// <remarks>
/// It keeps no file. Which withdrawals were settled follows from the two ledgers: batches of the poster's account are matched, in order and by sum and root, with the withdrawals of the side ledger; so a crash
/// between any two steps neither pays twice nor forgets, and anybody finds the same. The poster's account must be this side ledger's alone. Several may run at once: a post that lost the race is refused by its nonce.
/// </remarks>
/// <param name="side">The side ledger.</param>
/// <param name="main">The ledger that holds the money.</param>
/// <param name="poster">The account that holds the side ledger's tokens there.</param>
public sealed class SideSettler(ILedger side, ILedger main, ISigner poster)
{
    private readonly List<BatchPayment> _owed = [];
    private readonly Dictionary<Digest, (Digest Root, uint Jobs)> _seen = [];
    private readonly Dictionary<Digest, PaymentBatch> _open = [];
    private ulong _sideNext;
    private ulong _mainNext;
    private long _jobs;

    /// <summary>Settles what is owed now.</summary>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="LedgerRefusedException">The ledger that holds the money refused the batch.</exception>
    public async Task<SideSettled> SettleAsync(CancellationToken cancellation = default)
    {
        // In this order: a batch that is seen was made from withdrawals that are seen too, and a batch that is not seen has used the nonce.
        var nonce = (await main.AccountAsync(poster.Address, cancellation).ConfigureAwait(false)).Nonce;
        var posted = await ReadAsync(main, _mainNext, cancellation).ConfigureAwait(false);
        var happened = await ReadAsync(side, _sideNext, cancellation).ConfigureAwait(false);
        var counted = SideSettlement.Count(side.GenesisDigest, _sideNext, happened);
        _sideNext = counted.To;
        _jobs += counted.Jobs;
        _owed.AddRange(counted.Payments);
        _mainNext += (ulong)posted.Count;
        posted.ForEach(item => Match(item.Event));

        Digest? id = null;
        var batch = new SideSettlement(0, _sideNext, 0, [.. _owed.Take(SideSettlement.PaymentsMax)]).ToBatch(poster.Address);
        if (batch is not null)
        {
            var post = new BatchPost(batch.Root, (uint)batch.Payments.Length, batch.Total, (uint)Math.Clamp(_jobs, 0, uint.MaxValue));
            var result = await main.SubmitAsync(SignedTransaction.Create(post, nonce, main.GenesisDigest, poster), cancellation).ConfigureAwait(false);
            if (result.Applied)
            {
                id = result.Subject;
                _owed.RemoveRange(0, batch.Payments.Length);
                _jobs = 0;
                _open[result.Subject] = batch;
                _seen[result.Subject] = default;
            }
            else if (result.Refusal is not (Refusal.NonceUsed or Refusal.NonceAhead or Refusal.Busy))
            {
                throw new LedgerRefusedException(result.Refusal);
            }
        }

        var claims = await ClaimAsync(cancellation).ConfigureAwait(false);
        return new SideSettled(id, id is null ? 0 : batch!.Payments.Length, id is null ? Amount.Zero : batch!.Total, claims);
    }

    private static async Task<List<PositionedEvent>> ReadAsync(ILedger ledger, ulong from, CancellationToken cancellation)
    {
        var events = new List<PositionedEvent>();
        var until = (await ledger.HeadAsync(cancellation).ConfigureAwait(false)).Events;
        if (from < until)
        {
            await foreach (var item in ledger.EventsAsync(from, cancellation).ConfigureAwait(false))
            {
                events.Add(item);
                if (item.Position + 1 >= until)
                {
                    break;
                }
            }
        }

        return events;
    }

    private void Match(LedgerEvent item)
    {
        if (item.Account != poster.Address)
        {
            return;
        }

        if (item.Kind == EventKind.Batch && item.Data.IsZero)
        {
            _open.Remove(item.Job);
        }
        else if (item.Kind == EventKind.Batch)
        {
            _seen.TryAdd(item.Job, (item.Data, (uint)item.Number));
        }
        else if (item is { Kind: EventKind.Line, Line: LineReason.BatchEscrowed } && _seen.Remove(item.Job, out var known) && known.Root != default)
        {
            var (sum, count) = (Amount.Zero, 0);
            while (count < _owed.Count && sum < item.Amount)
            {
                sum += _owed[count++].Amount;
            }

            // Anything else that the account posted is none of this side ledger's.
            if (count > 0 && sum == item.Amount && new PaymentBatch(poster.Address, [.. _owed.Take(count)]) is var batch && batch.Root == known.Root)
            {
                _owed.RemoveRange(0, count);
                _jobs -= known.Jobs;
                _open[item.Job] = batch;
            }
        }
    }

    // Anybody may claim for anybody; what is claimed already, or closed, needs nothing more.
    private async Task<int> ClaimAsync(CancellationToken cancellation)
    {
        var claims = 0;
        foreach (var (id, batch) in _open.ToList())
        {
            var busy = false;
            for (var i = 0; i < batch.Payments.Length && !busy; i++)
            {
                var payment = batch.Payments[i];
                var result = await main.SubmitAsync(SignedTransaction.Unsigned(new BatchClaim(id, (uint)i, payment.To, payment.Amount, payment.Details, batch.PathOf(i))), cancellation).ConfigureAwait(false);
                claims += result.Applied ? 1 : 0;
                busy = result.Refusal == Refusal.Busy;
                if (result.Refusal is Refusal.UnknownBatch or Refusal.BatchWindow)
                {
                    break;
                }
            }

            if (!busy)
            {
                await main.SubmitAsync(SignedTransaction.Unsigned(new BatchClose(id)), cancellation).ConfigureAwait(false);
                _open.Remove(id);
            }
        }

        return claims;
    }
}

/// <summary>A ledger refused what was asked of it.</summary>
/// <param name="refusal">Why.</param>
public sealed class LedgerRefusedException(Refusal refusal) : Exception($"The ledger refused it ({refusal}): {refusal.Words()}")
{
    /// <summary>Why.</summary>
    public Refusal Refusal => refusal;
}
