using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.State;

/// <summary>What happens to a ledger from outside the protocol's transactions, where its tokens are those of a contract.</summary>
public sealed partial class LedgerState
{
    /// <summary>Tokens were paid into the contract for an account, by whomever: no issuer, no nonce, no paper.</summary>
    /// <param name="to">The account.</param>
    /// <param name="amount">How much.</param>
    /// <param name="reference">What the payer named the payment by.</param>
    /// <param name="context">Where events go.</param>
    public Refusal PayIn(in Address to, Amount amount, in Digest reference, ApplyContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (amount.IsZero || to.IsZero)
        {
            return Refusal.OutOfBounds;
        }

        if (!TokensHeld.TryAdd(amount, out var held) || held.Units > UInt128.MaxValue >> 1)
        {
            return Refusal.Overflow;
        }

        _context = context;
        var before = context.Events.Count;
        TokensHeld = held;
        Account(to).Free += amount;
        Line(LineReason.Deposited, to, amount, reference);
        FoldEvents(before);
        return Refusal.None;
    }

    /// <summary>A challenger shows a ticket as its node signed it: where proofs are checked on challenge only, what is shown is what is judged, whether or not another ticket of the node was entered.</summary>
    /// <param name="job">The job.</param>
    /// <param name="round">The round; only the present one's tickets can be shown.</param>
    /// <param name="node">Whose ticket.</param>
    /// <param name="role">For which role.</param>
    /// <param name="output">The output that it claims.</param>
    /// <param name="proof">Its proof.</param>
    public void ShowTicket(in Digest job, byte round, in Address node, DrawRole role, in Digest output, ReadOnlyMemory<byte> proof)
    {
        if (!_jobs.TryGetValue(job, out var open) || open.Round.Index != round)
        {
            return;
        }

        var who = node;
        var proofs = open.Round.Proofs;
        var at = proofs.FindIndex(known => known.Node == who && known.Role == role);
        if (at < 0)
        {
            return;
        }

        // A node has one output in a slot: beside one that was found true, another that it signed is judged as well. Of one that was struck no output is kept.
        var known = proofs[at];
        if (!known.Checked || (known.Output != output && !known.Output.IsZero))
        {
            proofs[at] = known with { Output = output, Proof = proof, Checked = false };
        }
    }

    /// <summary>The treasury's tokens were moved to an account of their own.</summary>
    /// <param name="to">The account.</param>
    /// <param name="context">Where events go.</param>
    public Refusal Sweep(in Address to, ApplyContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (Treasury.IsZero)
        {
            return Refusal.NothingMatured;
        }

        _context = context;
        var before = context.Events.Count;
        var amount = Treasury;
        Treasury = Amount.Zero;
        Account(to).Free += amount;
        Line(LineReason.TransferIn, to, amount);
        FoldEvents(before);
        return Refusal.None;
    }
}
