using Sojourn.Primitives;

namespace Sojourn.Protocol.State;

/// <summary>One account's tokens.</summary>
public sealed class AccountState
{
    internal AccountState(Address address) => Address = address;

    /// <summary>Whose it is.</summary>
    public Address Address { get; }

    /// <summary>Tokens that can be spent.</summary>
    public Amount Free { get; internal set; }

    /// <summary>Credits earned in <see cref="CreditEpoch"/>; withheld.</summary>
    public Amount CreditNew { get; internal set; }

    /// <summary>Credits earned in the epoch before; withheld.</summary>
    public Amount CreditWithheld { get; internal set; }

    /// <summary>Credits that have matured and wait for a payout.</summary>
    public Amount CreditMature { get; internal set; }

    /// <summary>The epoch of <see cref="CreditNew"/>.</summary>
    public ulong CreditEpoch { get; internal set; }

    /// <summary>The epoch in which <see cref="CreditMature"/> stopped being zero.</summary>
    public ulong MatureSince { get; internal set; }

    /// <summary>The next nonce.</summary>
    public ulong Nonce { get; internal set; }

    /// <summary>All credits.</summary>
    public Amount Credits => CreditNew + CreditWithheld + CreditMature;

    internal AccountState Copy() => (AccountState)MemberwiseClone();

    // Two buckets suffice: what was earned in epoch e matures when epoch e+1 has ended.
    internal void Roll(ulong epoch)
    {
        if (epoch == CreditEpoch)
        {
            return;
        }

        var was = CreditMature;
        if (epoch == CreditEpoch + 1)
        {
            CreditMature += CreditWithheld;
            CreditWithheld = CreditNew;
        }
        else
        {
            CreditMature += CreditWithheld + CreditNew;
            CreditWithheld = Amount.Zero;
        }

        CreditNew = Amount.Zero;
        CreditEpoch = epoch;
        if (was.IsZero && !CreditMature.IsZero)
        {
            MatureSince = epoch;
        }
    }
}
