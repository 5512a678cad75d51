using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>Finds accounts whose credits can be paid out, once an epoch, so that a sequencer pays them in batches without anybody asking. Who it forgets can still be paid by anyone.</summary>
internal sealed class CreditSweep
{
    private const int AccountsPerPayout = 64;
    private readonly HashSet<Address> _creditors = [];
    private readonly Queue<Address> _due = new();
    private ulong _epoch;

    public void Begin(LedgerState state)
    {
        _creditors.Clear();
        _due.Clear();
        _epoch = state.CreditEpoch;
        foreach (var account in state.Accounts.Values)
        {
            if (!account.Credits.IsZero)
            {
                _creditors.Add(account.Address);
            }
        }
    }

    /// <summary>Whether anybody waits for a payout.</summary>
    public bool IsAwaited => _creditors.Count > 0;

    /// <summary>Notes who earned something.</summary>
    public void Note(List<LedgerEvent> events)
    {
        foreach (var item in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(events))
        {
            if (item.Kind == EventKind.Line && !item.Amount.IsZero && item.Line is (>= LineReason.ExecutorPaid and <= LineReason.DisputePaid) or LineReason.ReporterPaid or LineReason.Compensated
                or LineReason.ChallengeWon or LineReason.BatchClaimed)
            {
                _creditors.Add(item.Account);
            }
        }
    }

    /// <summary>Payouts that are due now; the rest comes with later blocks.</summary>
    public IEnumerable<Payout> Due(LedgerState state, int max)
    {
        if (state.CreditEpoch != _epoch)
        {
            _epoch = state.CreditEpoch;
            _due.Clear();
            foreach (var address in _creditors)
            {
                _due.Enqueue(address);
            }
        }

        var payable = new List<Address>();
        for (var payouts = 0; payouts < max && _due.Count > 0; payouts++)
        {
            payable.Clear();
            for (var looked = 0; payable.Count < AccountsPerPayout && looked < 4096 && _due.TryDequeue(out var address); looked++)
            {
                if (!state.Accounts.TryGetValue(address, out var account) || account.Credits.IsZero)
                {
                    _creditors.Remove(address);
                }
                else if (state.IsPayable(account))
                {
                    payable.Add(address);
                }
            }

            if (payable.Count == 0)
            {
                yield break;
            }

            // Sets have no order of their own; a block should not depend on one.
            payable.Sort();
            yield return new Payout([.. payable]);
        }
    }
}
