using Sojourn.Ledger.Embedded;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Embedded;

public sealed class EmbeddedLedgerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_job_runs_through_the_port_and_survives_reopening(int executors)
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 8);
        var id = await world.Must(world.Requester, new JobPost(Workbench.Terms(executors)));
        var job = await new NetworkDriver(world.Ledger, world.Nodes, world.Ledger.AdvanceAsync).Run(id);
        Assert.Equal(JobOutcome.Succeeded, job.Outcome);
        Assert.Equal(executors, job.Round.Executors.Count(seat => seat.Status == SeatStatus.Revealed));

        var before = await world.Ledger.HeadAsync();
        var lines = await world.Ledger.ExplainAsync(world.Requester.Address, id);
        Assert.Equal([LineReason.Refunded, LineReason.PostFee, LineReason.Escrowed], lines.Select(line => line.Reason));
        await world.Reopen();
        Assert.Equal(before, await world.Ledger.HeadAsync());
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(job, Protocol.Views.LedgerJson.Options), System.Text.Json.JsonSerializer.Serialize(await world.Ledger.JobAsync(id), Protocol.Views.LedgerJson.Options));
    }
}
