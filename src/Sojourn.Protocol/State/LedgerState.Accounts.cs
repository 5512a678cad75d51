using Sojourn.Attestation;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

public sealed partial class LedgerState
{
    /// <summary>The epoch of credits.</summary>
    public ulong CreditEpoch => Height / Rules.CreditEpoch;

    private ApplyResult Do(SignedTransaction signed, Transfer body)
    {
        if (body.Amount.IsZero || body.To.IsZero)
        {
            return Refusal.OutOfBounds;
        }

        if (FreeOf(signed.Sender) < body.Amount)
        {
            return Refusal.InsufficientFunds;
        }

        Account(signed.Sender).Free -= body.Amount;
        Account(body.To).Free += body.Amount;
        Line(LineReason.TransferOut, signed.Sender, body.Amount);
        Line(LineReason.TransferIn, body.To, body.Amount);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, Deposit body)
    {
        if (signed.Sender != Genesis.Issuer)
        {
            return Refusal.NotAllowed;
        }

        if (body.Amount.IsZero || body.To.IsZero)
        {
            return Refusal.OutOfBounds;
        }

        // Half the range is left free so that no sum of balances can overflow.
        if (!TokensHeld.TryAdd(body.Amount, out var held) || held.Units > UInt128.MaxValue >> 1)
        {
            return Refusal.Overflow;
        }

        if (!_references.Add(body.Reference))
        {
            return Refusal.ReferenceUsed;
        }

        TokensHeld = held;
        Account(body.To).Free += body.Amount;
        Line(LineReason.Deposited, body.To, body.Amount, body.Reference);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, Withdraw body)
    {
        if (body.Amount.IsZero)
        {
            return Refusal.OutOfBounds;
        }

        if (FreeOf(signed.Sender) < body.Amount)
        {
            return Refusal.InsufficientFunds;
        }

        Account(signed.Sender).Free -= body.Amount;
        TokensHeld -= body.Amount;
        Line(LineReason.Withdrawn, signed.Sender, body.Amount, body.Reference);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(Payout body)
    {
        if (body.Accounts.IsDefaultOrEmpty || body.Accounts.Length > 64)
        {
            return Refusal.BadList;
        }

        var epoch = CreditEpoch;
        var any = false;
        foreach (var address in body.Accounts)
        {
            any |= _accounts.TryGetValue(address, out var account) && IsPayable(account, epoch);
        }

        if (!any)
        {
            return Refusal.NothingMatured;
        }

        foreach (var address in body.Accounts)
        {
            if (_accounts.TryGetValue(address, out var account) && IsPayable(account, epoch))
            {
                account.Roll(epoch);
                var sum = account.CreditMature;
                account.CreditMature = Amount.Zero;
                account.Free += sum;
                Line(LineReason.PaidOut, address, sum);
            }
        }

        return ApplyResult.Ok;
    }

    /// <summary>Whether a payout to an account would pay: enough has matured, or it has waited long enough.</summary>
    /// <param name="account">The account.</param>
    public bool IsPayable(AccountState account) => IsPayable(account, CreditEpoch);

    private bool IsPayable(AccountState account, ulong epoch)
    {
        var copy = account.Copy();
        copy.Roll(epoch);
        return !copy.CreditMature.IsZero && (copy.CreditMature >= Rules.PayoutMin || epoch >= copy.MatureSince + Rules.PayoutEpochs);
    }

    private void AddCredit(in Address address, Amount amount)
    {
        var account = Account(address);
        account.Roll(CreditEpoch);
        account.CreditNew += amount;
    }

    private ApplyResult Do(SignedTransaction signed, NodeRegister body)
    {
        var profile = body.Profile;
        if (profile.VrfKey.Length != 33)
        {
            return Refusal.BadKey;
        }

        if (profile.Chip.IsZero || profile.Gateway.Length > NodeProfile.GatewayCharsMax || !Enum.IsDefined(profile.Level) || !Enum.IsDefined(profile.Custody))
        {
            return Refusal.OutOfBounds;
        }

        if (profile.Pins.IsDefault || profile.Pins.Length > NodeProfile.PinsMax || !IsAscending(profile.Pins))
        {
            return Refusal.BadList;
        }

        if (profile.Level == TrustLevel.Simulated && !Genesis.Development)
        {
            return Refusal.LevelNotAdmissible;
        }

        _nodes.TryGetValue(signed.Sender, out var node);
        if (node?.Previous is not null && Height < node.Current.Since + Rules.ProfileDelay)
        {
            return Refusal.UpdateTooSoon;
        }

        if (FreeOf(signed.Sender) < body.Stake)
        {
            return Refusal.InsufficientFunds;
        }

        var stake = (node?.Stake ?? Amount.Zero) + body.Stake;
        var units = UnitsIn(stake);
        if (units < Rules.NodeUnitsMin || units > Rules.NodeUnitsMax)
        {
            return Refusal.InsufficientStake;
        }

        Account(signed.Sender).Free -= body.Stake;
        if (node is null)
        {
            _nodes.Add(signed.Sender, node = new NodeState(signed.Sender));
        }
        else
        {
            node.Previous = node.Current;
        }

        node.Stake = stake;
        node.Current = new NodeVersion(profile, (uint)units, Height);
        Emit(EventKind.NodeChanged, account: signed.Sender, number: (ulong)units);
        if (!body.Stake.IsZero)
        {
            Line(LineReason.Staked, signed.Sender, body.Stake);
        }

        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, StakeAdd body)
    {
        if (!_nodes.TryGetValue(signed.Sender, out var node))
        {
            return Refusal.UnknownNode;
        }

        if (body.Amount.IsZero)
        {
            return Refusal.OutOfBounds;
        }

        if (node.Previous is not null && Height < node.Current.Since + Rules.ProfileDelay)
        {
            return Refusal.UpdateTooSoon;
        }

        if (FreeOf(signed.Sender) < body.Amount)
        {
            return Refusal.InsufficientFunds;
        }

        var units = UnitsIn(node.Stake + body.Amount);
        if (units > Rules.NodeUnitsMax)
        {
            return Refusal.OutOfBounds;
        }

        Account(signed.Sender).Free -= body.Amount;
        node.Stake += body.Amount;
        node.Previous = node.Current;
        node.Current = new NodeVersion(node.Current.Profile, (uint)units, Height);
        Emit(EventKind.NodeChanged, account: signed.Sender, number: (ulong)units);
        Line(LineReason.Staked, signed.Sender, body.Amount);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, StakeUnbond body)
    {
        if (!_nodes.TryGetValue(signed.Sender, out var node))
        {
            return Refusal.UnknownNode;
        }

        if (body.Amount.IsZero)
        {
            return Refusal.OutOfBounds;
        }

        if (!node.Unbonding.IsZero)
        {
            return Refusal.Unbonding;
        }

        if (node.Available < body.Amount)
        {
            return Refusal.InsufficientStake;
        }

        node.Stake -= body.Amount;
        node.Unbonding = body.Amount;
        node.UnbondHeight = Height + Rules.UnbondDelay;
        Emit(EventKind.NodeChanged, account: signed.Sender, number: (ulong)UnitsIn(node.Stake));
        return ApplyResult.Ok;
    }

    private ApplyResult Do(StakeClaim body)
    {
        if (!_nodes.TryGetValue(body.Account, out var node))
        {
            return Refusal.UnknownNode;
        }

        if (node.Unbonding.IsZero || Height < node.UnbondHeight)
        {
            return Refusal.Unbonding;
        }

        var amount = node.Unbonding;
        node.Unbonding = Amount.Zero;
        Account(body.Account).Free += amount;
        Line(LineReason.Unstaked, body.Account, amount);
        return ApplyResult.Ok;
    }

    private UInt128 UnitsIn(Amount stake) => stake.Units / Rules.StakeUnit.Units;

    private ApplyResult Do(SignedTransaction signed, OfferPublish body)
    {
        var terms = body.Terms;
        if (!Enum.IsDefined(terms.Kind) || !Enum.IsDefined(terms.LevelMin) || !Enum.IsDefined(terms.CustodyMin) || (terms.Sealed ? terms.Keeper.IsZero : terms.Threshold != 0)
            || terms.Price.Units > UInt128.MaxValue >> 8 || (terms.Expires != 0 && terms.Expires < Height))
        {
            return Refusal.OutOfBounds;
        }

        if (terms.LevelMin == TrustLevel.Simulated && !Genesis.Development)
        {
            return Refusal.LevelNotAdmissible;
        }

        var id = Identifiers.Offer(GenesisDigest, signed.Sender, signed.Nonce);
        _offers.Add(id, new OfferState(id, signed.Sender, terms));
        Emit(EventKind.OfferChanged, job: id, account: signed.Sender, data: ContentKey.Of(terms.Content));
        return new ApplyResult(Refusal.None, id);
    }

    private ApplyResult Do(SignedTransaction signed, OfferWithdraw body)
    {
        if (!_offers.TryGetValue(body.Offer, out var offer))
        {
            return Refusal.UnknownOffer;
        }

        if (offer.Owner != signed.Sender)
        {
            return Refusal.NotAllowed;
        }

        if (offer.Withdrawn)
        {
            return Refusal.OfferClosed;
        }

        offer.Withdrawn = true;
        Emit(EventKind.OfferChanged, job: offer.Id, account: signed.Sender, data: offer.ContentKey);
        return ApplyResult.Ok;
    }

    private static bool IsAscending(System.Collections.Immutable.ImmutableArray<Digest> list)
    {
        for (var i = 1; i < list.Length; i++)
        {
            if (list[i - 1].CompareTo(list[i]) >= 0)
            {
                return false;
            }
        }

        return true;
    }
}
