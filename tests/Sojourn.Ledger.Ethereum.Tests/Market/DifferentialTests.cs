using System.Collections.Immutable;
using System.Globalization;
using Sojourn.Attestation;
using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Ledger.Ethereum.Tests.Chain;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Ledger.Ethereum.Tests.Market;

/// <summary>The same random transactions, right and wrong, to the pure state machine and to the contracts: the same refusals, the same balances, the same seats.</summary>
/// <remarks>
/// The model is the replica's state, copied before each step. What the rules say of a transaction is asked of the copy; then it goes to the chain, and the contract's answer, its lines of money (compared
/// in the replica for every transaction), and its own view functions must say the same.
/// </remarks>
public sealed class DifferentialTests(ChainFixture chain, ITestOutputHelper output) : IClassFixture<ChainFixture>
{
    private const int CampaignSteps = 10_000;

    [ToolFact(AnvilChain.Tool)]
    public async Task Contracts_do_what_the_state_machine_does() => Assert.True(await RunAsync(11, 250) >= 250);

    [ToolFact(AnvilChain.Tool)]
    [Trait("long", "evm-differential")]
    public async Task Campaign()
    {
        if (LongRun.Of("evm-differential") is not { } run)
        {
            return;
        }

        var (steps, worlds) = (0, 0);
        for (var seed = run.Seed * 1000; !run.Over && steps < CampaignSteps; seed++, worlds++)
        {
            steps += await RunAsync((int)seed, 400);
        }

        LongRun.Record(output, "evm-differential", $"seed={run.Seed} worlds={worlds} steps={steps}");
    }

    private async Task<int> RunAsync(int seed, int steps)
    {
        await using var world = await EthereumWorld.CreateAsync(chain, new Sojourn.Ledger.Tests.Conformance.WorldSpec(6, Workbench.Rules with { CreditEpoch = 64, PayoutMin = 1, UnbondDelay = 8, ProfileDelay = 64, AuditFloor = 200_000, BatchClaimHeights = 60 }, true), drives: false, seed: 0xD1FF_0000_0000 + (ulong)seed);
        var actor = new RandomActor(world, seed);
        for (var i = 0; i < steps; i++)
        {
            try
            {
                await StepAsync(world, actor, seed, i);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"seed {seed}, step {i}; the chain as it stood: {await KeepAsync(seed, i)}", exception);
            }
        }

        await CompareAllAsync(world);
        output.WriteLine($"seed {seed}: {steps} steps: {string.Join(", ", actor.Counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value.ToString(CultureInfo.InvariantCulture)}"))}");
        return steps;
    }

    // Keys and choices come from the seed, the beacons from the chain, which draws them itself: what failed is kept whole, for `anvil --load-state`.
    private async Task<string> KeepAsync(int seed, int step)
    {
        var path = Path.Combine(Path.GetTempPath(), $"sojourn-differential-{seed}-{step}.state");
        try
        {
            var state = await chain.Pool.SendAsync(Rpc.RpcRequest.Of("anvil_dumpState"), CancellationToken.None);
            await File.WriteAllBytesAsync(path, Convert.FromHexString(state.GetString()![2..]));
            return path;
        }
        catch (EthereumException exception)
        {
            return $"not kept: {exception.Message}";
        }
    }

    private static async Task StepAsync(EthereumWorld world, RandomActor actor, int seed, int i)
    {
        if (actor.Conclusion() is { } conclusion)
        {
            await ConcludeAsync(world, actor, conclusion, $"seed {seed}, step {i}");
            return;
        }

        var (party, body) = actor.Next();
        var model = world.Chain.Replica.State.Copy();
        var before = await world.Ledger.HeadAsync();
        var nonce = body.IsNonced && model.Accounts.TryGetValue(party.Address, out var account) ? account.Nonce : 0;
        var signed = body.MayBeUnsigned ? SignedTransaction.Unsigned(body) : SignedTransaction.Create(body, nonce, world.Ledger.GenesisDigest, party.Signer);

        // The chain's next block is the height at which it would be applied.
        model.BeginHeight(model.Height + 1, Digest.Zero);
        var context = new ApplyContext(world.Cryptography, world.Cryptography);
        var expected = model.Apply(VerifiedTransaction.AcceptAlreadyVerified(signed), context);
        var actual = await world.Ledger.SubmitAsync(signed);
        Assert.True(expected.Refusal == actual.Refusal, $"seed {seed}, step {i}: {body} of {party.Name}: the rules say {expected.Refusal}, the contract {actual.Refusal}");
        if (actual.Applied)
        {
            Assert.Equal(expected.Subject, actual.Subject);
            actor.Took(party, body, actual.Subject);
            await CompareAsync(world, party, body);
        }
        else
        {
            Assert.Equal(before.EventDigest, (await world.Ledger.HeadAsync()).EventDigest);
        }

        if (i % 50 == 49)
        {
            await CompareAllAsync(world);
        }
    }

    // A conclusion is what its messages are one after another, or nothing.
    private static async Task ConcludeAsync(EthereumWorld world, RandomActor actor, RandomConclusion conclusion, string step)
    {
        var model = world.Chain.Replica.State.Copy();
        model.BeginHeight(model.Height + 1, Digest.Zero);
        var context = new ApplyContext(world.Cryptography, world.Cryptography);
        var expected = Refusal.None;
        foreach (var (author, body) in conclusion.Messages)
        {
            var result = model.Apply(VerifiedTransaction.AcceptAlreadyVerified(SignedTransaction.WithoutSignature(author, 0, body)), context);
            if (!result.Applied)
            {
                expected = result.Refusal;
                break;
            }
        }

        var actual = await world.Chain.ConcludeAsync(conclusion.Job, conclusion.Executors, conclusion.Verifiers);
        Assert.True(expected == actual.Refusal, $"{step}: a conclusion of {conclusion.Job}: the rules say {expected}, the contract {actual.Refusal}");
        actor.Concluded(actual.Applied);
        if (actual.Applied)
        {
            await CompareJobAsync(world, conclusion.Job);
        }
    }

    private static async Task CompareAsync(EthereumWorld world, Party party, Transaction body)
    {
        await CompareAccountAsync(world, party.Address);
        if (RandomActor.JobOf(body) is { } id)
        {
            await CompareJobAsync(world, id);
        }
    }

    private static async Task CompareJobAsync(EthereumWorld world, Digest id)
    {
        if (world.Chain.Replica.State.OpenJobs.TryGetValue(id, out var job))
        {
            var theirs = await world.Chain.Client.CallAsync(world.Chain.Contract, new LedgerContract.JobCall(id), Address.Zero, CancellationToken.None);
            Assert.Equal(((byte)job.Phase, job.Deadline, (ulong)job.Escrow.Units, job.Round.Index, (byte)job.Redraws, job.Disputed), (theirs.Phase, theirs.Deadline, theirs.Escrow, theirs.Round, theirs.Redraws, theirs.Disputed));
            var round = await world.Chain.Client.CallAsync(world.Chain.Contract, new LedgerContract.RoundCall(id, job.Round.Index), Address.Zero, CancellationToken.None);
            Assert.Equal(job.Round.Executors.Select(seat => (seat.Node, (byte)seat.Status, (byte)seat.Accepting, (byte)seat.Voting)), round.Executors.Select(seat => (seat.Node, seat.Status, seat.Accepting, seat.Voting)));
            Assert.Equal(job.Round.Verifiers.Select(seat => (seat.Node, (byte)seat.Seats)), round.Verifiers.Select(seat => (seat.Node, seat.Seats)));
        }
    }

    private static async Task CompareAllAsync(EthereumWorld world)
    {
        foreach (var address in world.Chain.Replica.State.Accounts.Keys.Concat(world.Chain.Replica.State.Nodes.Keys).Distinct().ToList())
        {
            await CompareAccountAsync(world, address);
        }

        var totals = await world.Chain.Client.CallAsync(world.Chain.Contract, new LedgerContract.TotalsCall(), Address.Zero, CancellationToken.None);
        var state = world.Chain.Replica.State;
        Assert.True(state.IsConserved);
        Assert.Equal(((ulong)state.TokensHeld.Units, (ulong)state.Treasury.Units), (totals.Held, totals.Treasury));
        Assert.Equal((UInt128)totals.Held, await world.Chain.Client.BalanceAsync(world.Chain.Contract, CancellationToken.None));
    }

    private static async Task CompareAccountAsync(EthereumWorld world, Address address)
    {
        var theirs = await world.Chain.Client.CallAsync(world.Chain.Contract, new LedgerContract.AccountCall(address), Address.Zero, CancellationToken.None);
        var state = world.Chain.Replica.State;
        if (state.Accounts.TryGetValue(address, out var mine))
        {
            Assert.Equal(((ulong)mine.Free.Units, (ulong)mine.Credits.Units, mine.Nonce), (theirs.Free, theirs.CreditNew + theirs.CreditWithheld + theirs.CreditMature, theirs.Nonce));
        }

        if (state.Nodes.TryGetValue(address, out var node))
        {
            var its = await world.Chain.Client.CallAsync(world.Chain.Contract, new LedgerContract.NodeCall(address), Address.Zero, CancellationToken.None);
            Assert.Equal(((ulong)node.Stake.Units, (ulong)node.Engaged.Units, (ulong)node.Unbonding.Units, node.Record.Agreed, node.Record.Wrong, node.Record.Silent), (its.Stake, its.Engaged, its.Unbonding, its.Agreed, its.Wrong, its.Silent));
        }
    }
}
