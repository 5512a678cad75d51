using Sojourn.Ledger.Embedded;
using Sojourn.Ledger.Tests.Conformance;
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

    [Fact]
    public async Task The_same_job_runs_over_http()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 8);
        await using var server = await Sojourn.Ledger.Embedded.Http.LedgerServer.StartAsync(world.Ledger);
        using var client = await Sojourn.Ledger.Embedded.Http.HttpLedger.ConnectAsync(server.Address, world.Ledger.GenesisDigest, world.Cryptography);
        var driver = new NetworkDriver(client, world.Nodes, world.Ledger.AdvanceAsync);
        var id = (await driver.Send(world.Requester, new JobPost(Workbench.Terms(3)))).Subject;
        var job = await driver.Run(id);
        Assert.Equal(JobOutcome.Succeeded, job.Outcome);

        var head = await client.ProvenHeadAsync();
        Assert.Equal((await client.HeadAsync()).Block, head!.Number);
        var events = new List<Protocol.Ports.PositionedEvent>();
        await foreach (var item in client.EventsAsync(0))
        {
            events.Add(item);
            if (item.Event.Kind == EventKind.Closed)
            {
                break;
            }
        }

        Assert.Equal(Enumerable.Range(0, events.Count).Select(i => (ulong)i), events.Select(item => item.Position));
        Assert.Contains(events, item => item.Event.Kind == EventKind.Admitted);
        Assert.Equal(Refusal.Malformed, (await Post(server.Address, [1, 2, 3])).Refusal);
        Assert.Equal(Refusal.TooLarge, (await Post(server.Address, new byte[200_000])).Refusal);
    }

    private static async Task<Protocol.Ports.SubmitResult> Post(Uri address, byte[] body)
    {
        using var http = new HttpClient();
        using var content = new ByteArrayContent(body);
        var response = await http.PostAsync(new Uri(address, "/api/v1/ledger/transactions"), content);
        return System.Text.Json.JsonSerializer.Deserialize<Protocol.Ports.SubmitResult>(await response.Content.ReadAsStringAsync(), Protocol.Views.LedgerJson.Options);
    }
}
