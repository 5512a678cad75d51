using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Protocol.Tests.Settlement;

public sealed class WorkBalanceTests
{
    private static EscrowQuote Quote(JobTerms terms) => EscrowQuote.For(terms, Workbench.Rules, Amount.Zero)!;

    [Fact]
    public void Fees_that_are_a_small_share_of_the_value_stay_on_the_ledger()
    {
        var terms = Workbench.Terms(3);
        var value = Quote(terms).Total;
        var messages = WorkBalanceRule.TransactionsOf(terms);
        Assert.Equal(2u + (3 * 4) + (4 * 3), messages);
        // The rule's edge: fees of exactly the share stay, one more unit each goes off.
        var share = (uint)(10_000 * (UInt128)messages / value.Units) + 1;
        Assert.Equal(WorkBalance.OnLedger, new WorkBalanceRule { FeePerTransaction = 1, FeeShareMax = share }.Decide(terms, Quote(terms)));
        Assert.Equal(WorkBalance.Batched, new WorkBalanceRule { FeePerTransaction = 2, FeeShareMax = share }.Decide(terms, Quote(terms)));
    }

    [Fact]
    public void A_job_worth_much_is_always_on_the_ledger()
    {
        var terms = Workbench.Terms(3);
        var value = Quote(terms).Total;
        Assert.Equal(WorkBalance.OnLedger, new WorkBalanceRule { FeePerTransaction = 1_000_000, AlwaysFrom = value }.Decide(terms, Quote(terms)));
        Assert.Equal(WorkBalance.Batched, new WorkBalanceRule { FeePerTransaction = 1_000_000, AlwaysFrom = value + 1 }.Decide(terms, Quote(terms)));
    }

    [Fact]
    public void What_a_side_ledger_pays_out_is_claimed_here_under_one_root_and_both_books_balance()
    {
        var side = new Workbench(seed: 1, nodes: 8);
        var events = new List<PositionedEvent>();
        for (var i = 0; i < 3; i++)
        {
            var id = side.Post(Workbench.Terms(3) with { Balance = WorkBalance.Batched });
            side.Draw(id);
            side.Attest(id);
            side.Run(id);
            side.Open(id, 0);
        }

        side.Reach(side.State.Height + (2 * side.State.Rules.CreditEpoch));
        side.Must(new Payout([.. side.Nodes.Select(node => node.Address)]));
        foreach (var node in side.Nodes)
        {
            var earned = side.State.Accounts[node.Address].Free - 1_000;
            if (!earned.IsZero)
            {
                side.Must(node, new Withdraw(earned, Workbench.Hash("pay " + node.Name)));
            }
        }

        events.AddRange(side.Events.Select((item, i) => new PositionedEvent((ulong)i, 0, item)));
        var settlement = SideSettlement.Count(side.State.GenesisDigest, 0, events);
        Assert.Equal((0UL, (ulong)events.Count, 3u), (settlement.From, settlement.To, settlement.Jobs));
        Assert.True(side.State.IsConserved);

        var main = new Workbench(seed: 2);
        var batch = settlement.ToBatch(main.Requester.Address)!;
        var posted = main.Must(main.Requester, new BatchPost(batch.Root, (uint)batch.Payments.Length, batch.Total, settlement.Jobs));
        for (var i = 0; i < batch.Payments.Length; i++)
        {
            main.Must(new BatchClaim(posted, (uint)i, batch.Payments[i].To, batch.Payments[i].Amount, batch.Payments[i].Details, batch.PathOf(i)));
        }

        main.Must(new BatchClose(posted));
        Assert.True(main.State.IsConserved);
        Assert.Equal(batch.Total.Units, main.Events.Where(item => item.Line == LineReason.BatchClaimed).Aggregate((UInt128)0, (sum, item) => sum + item.Amount.Units));

        // The next settlement begins where this one ended; a gap is found.
        Assert.Empty(SideSettlement.Count(side.State.GenesisDigest, settlement.To, []).Payments);
        Assert.Throws<InvalidDataException>(() => SideSettlement.Count(side.State.GenesisDigest, 0, events.Skip(1)));
    }
}
