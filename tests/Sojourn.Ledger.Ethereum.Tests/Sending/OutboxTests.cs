using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Ledger.Ethereum.Sending;
using Sojourn.Ledger.Ethereum.Tests.Chain;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Ledger.Ethereum.Tests.Sending;

/// <summary>What is to happen once happens once, whatever the chain does.</summary>
public sealed class OutboxTests : IDisposable
{
    private static readonly CancellationToken s_no = CancellationToken.None;
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-outbox").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [ToolFact(AnvilChain.Tool)]
    public async Task A_crash_between_any_two_steps_neither_loses_nor_repeats_anything()
    {
        await using var chain = await AnvilChain.StartAsync();
        var identity = await chain.FundedAsync();
        var (logger, start) = await ChainClientTests.DeployAsync(chain, identity);
        var path = Path.Combine(_folder, "outbox");
        for (var i = 0; i < 12; i++)
        {
            // Each time: open, add, perhaps mine, perhaps step, and "crash" by leaving without more ado; every third time the node forgets its pool too.
            using (var journal = OutboxJournal.Open(path))
            using (var outbox = new Outbox(chain.Client, identity, 31337, new FeePolicy(), journal, 2))
            {
                await outbox.AddAsync(logger, ChainClientTests.Call(i, 1), 0, 100_000, s_no);
                if (i % 2 == 0)
                {
                    await chain.Control.MineAsync();
                }

                if (i % 4 == 1)
                {
                    await outbox.StepAsync((await chain.Client.LatestAsync(s_no)).Number, s_no);
                }
            }

            // A crash in the middle of a write leaves half a line.
            await File.AppendAllTextAsync(path, "0123456789abcdef {\"Kind\":\"int");
            if (i % 3 == 0)
            {
                await chain.Control.DropAllAsync();
            }
        }

        using (var journal = OutboxJournal.Open(path))
        using (var outbox = new Outbox(chain.Client, identity, 31337, new FeePolicy(), journal, 2))
        {
            for (var i = 0; i < 30 && outbox.Open.Count > 0; i++)
            {
                await outbox.StepAsync((await chain.Client.LatestAsync(s_no)).Number, s_no);
                await chain.Control.MineAsync();
            }

            Assert.Empty(outbox.Open);
        }

        Assert.Equal(Enumerable.Range(0, 12), (await ValuesAsync(chain, logger, start)).Order());
        using var empty = OutboxJournal.Open(path);
        using var restored = new Outbox(chain.Client, identity, 31337, new FeePolicy(), empty, 2);
        Assert.Empty(restored.Open);
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task What_a_reorganisation_undoes_is_sent_again_and_once()
    {
        await using var chain = await AnvilChain.StartAsync();
        var identity = await chain.FundedAsync();
        var (logger, start) = await ChainClientTests.DeployAsync(chain, identity);
        using var outbox = new Outbox(chain.Client, identity, 31337, new FeePolicy(), null, 4);
        var snapshot = await chain.Control.SnapshotAsync();
        var first = await outbox.AddAsync(logger, ChainClientTests.Call(1, 1), 0, 100_000, s_no);
        var second = await outbox.AddAsync(logger, ChainClientTests.Call(2, 1), 0, 100_000, s_no);
        await chain.Control.MineAsync(2);
        await StepAsync(chain, outbox);
        Assert.Equal((IntentStatus.Mined, IntentStatus.Mined), (first.Status, second.Status));
        Assert.False(first.Completion.Task.IsCompleted);

        await chain.Control.RevertAsync(snapshot);
        await chain.Control.DropAllAsync();
        await StepAsync(chain, outbox);
        Assert.Equal((IntentStatus.Sent, IntentStatus.Sent), (first.Status, second.Status));
        await chain.Control.MineAsync(6);
        await StepAsync(chain, outbox);
        Assert.True((await first.Completion.Task).Succeeded);
        Assert.True((await second.Completion.Task).Succeeded);
        Assert.Equal([1, 2], await ValuesAsync(chain, logger, start));
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task A_gas_spike_is_waited_out_or_outbid_within_the_cap()
    {
        await using var chain = await AnvilChain.StartAsync();
        var identity = await chain.FundedAsync();
        var (logger, start) = await ChainClientTests.DeployAsync(chain, identity);
        var fees = new FeePolicy { FeeCap = 50_000_000_000, BlocksBeforeReplacement = 2 };
        using var outbox = new Outbox(chain.Client, identity, 31337, fees, null, 0);

        // Sent while gas is cheap; then it becomes dearer than offered.
        var stuck = await outbox.AddAsync(logger, ChainClientTests.Call(7, 1), 0, 100_000, s_no);
        var offered = stuck.Signed[^1].Body.FeeMax;
        await chain.Control.SetBaseFeeAsync(offered * 4);
        await chain.Control.MineAsync();
        await StepAsync(chain, outbox);
        Assert.Equal(IntentStatus.Sent, stuck.Status);
        for (var i = 0; i < 12 && !stuck.Completion.Task.IsCompleted; i++)
        {
            await chain.Control.SetBaseFeeAsync(offered * 4);
            await chain.Control.MineAsync();
            await StepAsync(chain, outbox);
        }

        Assert.True((await stuck.Completion.Task).Succeeded);
        Assert.True(stuck.Signed.Count > 1);
        Assert.Single(stuck.Signed.Select(signed => signed.Body.Nonce).Distinct());
        Assert.All(stuck.Signed, signed => Assert.True(signed.Body.FeeMax <= fees.FeeCap));

        // Above the cap nothing is sent, and it is said why; when the price falls it goes out.
        await chain.Control.SetBaseFeeAsync(fees.FeeCap * 3);
        await chain.Control.MineAsync();
        var waiting = await outbox.AddAsync(logger, ChainClientTests.Call(8, 1), 0, 100_000, s_no);
        Assert.Empty(waiting.Signed);
        Assert.IsType<FeeCapException>(waiting.Fault);
        await chain.Control.SetBaseFeeAsync(1_000_000_000);
        await chain.Control.MineAsync();
        await StepAsync(chain, outbox);
        await chain.Control.MineAsync();
        await StepAsync(chain, outbox);
        Assert.True((await waiting.Completion.Task).Succeeded);
        Assert.Equal([7, 8], await ValuesAsync(chain, logger, start));
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task A_nonce_used_elsewhere_is_noticed_and_a_call_that_would_revert_is_not_sent()
    {
        await using var chain = await AnvilChain.StartAsync();
        var identity = await chain.FundedAsync();
        var (logger, start) = await ChainClientTests.DeployAsync(chain, identity);
        using var mine = new Outbox(chain.Client, identity, 31337, new FeePolicy(), null, 1);
        using var elsewhere = new Outbox(chain.Client, identity, 31337, new FeePolicy { TipMin = 3_000_000_000 }, null, 1);
        var intent = await mine.AddAsync(logger, ChainClientTests.Call(1, 1), 0, 100_000, s_no);
        await chain.Control.DropAllAsync();
        await elsewhere.AddAsync(logger, ChainClientTests.Call(2, 1), 0, 100_000, s_no);
        await chain.Control.MineAsync();
        await StepAsync(chain, mine);
        Assert.Single(intent.Signed);
        await chain.Control.MineAsync(10);
        await StepAsync(chain, mine);
        Assert.Equal(2UL, intent.Signed[^1].Body.Nonce);
        await chain.Control.MineAsync(3);
        await StepAsync(chain, mine);
        Assert.True((await intent.Completion.Task).Succeeded);
        Assert.Equal([2, 1], await ValuesAsync(chain, logger, start));

        // Code that reverts whatever one sends: PUSH0 PUSH0 REVERT.
        var reverting = await mine.AddAsync(null, Convert.FromHexString("60035f5f5ffd5f5ffd"), 0, 0, s_no);
        await Assert.ThrowsAsync<RpcRefusedException>(() => reverting.Completion.Task);
        Assert.Equal(IntentStatus.Dropped, reverting.Status);
        Assert.Empty(mine.Open);
    }

    [Fact]
    public void A_journal_that_is_damaged_in_its_middle_is_not_used()
    {
        var path = Path.Combine(_folder, "damaged");
        using (var journal = OutboxJournal.Open(path))
        {
            journal.Append(new JournalLine("intent", 1) { Data = "00" });
            journal.Append(new JournalLine("intent", 2) { Data = "01" });
        }

        var bytes = File.ReadAllBytes(path);
        bytes[20] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("damaged", Assert.Throws<EthereumException>(() => OutboxJournal.Open(path)).Message, StringComparison.Ordinal);
    }

    private static async Task StepAsync(AnvilChain chain, Outbox outbox) => await outbox.StepAsync((await chain.Client.LatestAsync(s_no)).Number, s_no);

    private static async Task<List<int>> ValuesAsync(AnvilChain chain, Address logger, ChainHeader start)
    {
        var values = new List<int>();
        var end = (await chain.Client.LatestAsync(s_no)).Number;
        for (var number = start.Number + 1; number <= end; number++)
        {
            values.AddRange((await chain.Client.LogsAsync([(await chain.Client.HeaderAsync(number, s_no))!], [logger], s_no))[0].Select(log => (int)log.Topics[1].AsSpan()[31]));
        }

        return values;
    }
}
