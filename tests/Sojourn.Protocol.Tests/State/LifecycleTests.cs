using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Protocol.Tests.State;

public sealed class LifecycleTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_job_goes_from_post_to_payout(int executors)
    {
        var bench = new Workbench(nodes: 8);
        var id = bench.Post(Workbench.Terms(executors));
        bench.Draw(id);
        Assert.Equal(JobPhase.Attesting, bench.Job(id).Phase);
        Assert.Equal(executors, bench.Job(id).Round.Executors.Count);
        Assert.Equal(4, bench.Job(id).Round.Verifiers.Sum(seat => seat.Seats));
        bench.Attest(id);
        Assert.Equal(JobPhase.Running, bench.Job(id).Phase);
        bench.Run(id);
        Assert.Equal(JobPhase.Judging, bench.Job(id).Phase);
        bench.Open(id, 0);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.True(bench.State.IsConserved);

        foreach (var seat in bench.Job(id).Round.Executors)
        {
            var account = bench.State.Accounts[seat.Node];
            Assert.Equal((Amount)990, account.CreditNew);
            Assert.Equal(Refusal.NothingMatured, bench.Try(new Payout([seat.Node])).Refusal);
        }

        bench.Go(2 * bench.State.Rules.CreditEpoch);
        var paid = bench.Job(id).Round.Executors[0].Node;
        bench.Must(new Payout([paid]));
        Assert.Equal((Amount)1990, bench.State.Accounts[paid].Free);
        Assert.True(bench.State.IsConserved);
        Assert.All(bench.State.Nodes.Values, node => Assert.Equal(Amount.Zero, node.Engaged));
    }
}
