using Sojourn.Content;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Jobs.Tests.Keeping;

/// <summary>What others hand out slowly holds up nobody else, and what changes meanwhile counts.</summary>
public sealed class SlowStrangerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-slow-").FullName;
    private readonly KeeperScene _scene;

    public SlowStrangerTests() => _scene = new KeeperScene(_folder);

    [Fact]
    public async Task A_strangers_gateway_that_never_ends_does_not_keep_a_key_from_another_job()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var policy = _scene.Sign(_scene.DataPolicy());
        var (content, _) = _scene.Seal(policy, "records"u8, _scene.Owner.Sealing.Public);
        var (trap, _) = _scene.Seal(policy, "trap"u8, _scene.Owner.Sealing.Public);
        var stranger = _scene.Party("stranger");
        await _scene.JobAsync([_scene.Offer(trap, owner: stranger, keeper: _scene.Owner)], [trap], number: 1);
        var job = await _scene.JobAsync([_scene.Offer(content)], [content], number: 2);
        var stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var source = new ScriptedSource(async (cid, cancel) =>
        {
            if (cid == trap)
            {
                stuck.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancel);
            }

            // Not before the stranger's is asked for.
            return cid == content && !stuck.Task.IsCompleted ? null : await _scene.Blocks.GetAsync(cid, cancel);
        });
        var context = _scene.Open();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        var running = new Keeper(With(context, source)).RunAsync(end.Token);
        while (!_scene.Ledger.Submitted.OfType<ReleaseRecord>().Any(release => release.Job == job.Id))
        {
            await Task.Delay(20, limit.Token);
        }

        await end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task An_offer_that_is_revoked_while_evidence_is_fetched_gets_no_key()
    {
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy()), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content);
        var job = await _scene.JobAsync([offer], [content]);
        var context = _scene.Open();
        var source = new ScriptedSource(async (cid, cancel) =>
        {
            context.Revoked!.Add(offer.Id);
            return await _scene.Blocks.GetAsync(cid, cancel);
        });
        var decision = await _scene.DecideAsync(With(context, source), job, offer);
        Assert.Null(decision.Released);
        Assert.Equal(DenyReason.Withdrawn, decision.Reason);
    }

    public void Dispose()
    {
        _scene.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static KeeperContext With(KeeperContext context, IBlockSource source) => new()
    {
        Ledger = context.Ledger, Signer = context.Signer, Key = context.Key, Content = source, DropBox = context.DropBox, Clock = context.Clock, Journal = context.Journal,
        Uses = context.Uses, Books = context.Books, Revoked = context.Revoked, StateFolder = context.StateFolder,
    };

    private sealed class ScriptedSource(Func<Cid, CancellationToken, Task<Block?>> script) : IBlockSource
    {
        public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default) => new(script(cid, cancellationToken));
    }
}
