using Sojourn.Content.Ipfs;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Hosting.Publishing;
using Sojourn.Hosting.Repeating;
using Sojourn.Node.Enclaves;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Checks;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Jobs.Tests.Verifying;

/// <summary>Every way of verification, by real nodes and enclaves: checkers run and judge, audits run again, known answers find out, reviewers have the last word, and a result out of nothing costs the bond.</summary>
[Collection("network")]
public sealed class VerificationModeTests(ITestOutputHelper output)
{
    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public async Task Every_way_of_verification_is_done_by_nodes()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var cancel = limit.Token;
        // One holds the data and is drawn first; of the others one audits and three decide. Two are over: a busy machine may keep one silent for a moment.
        await using var world = await VerificationWorld.StartAsync(7, 1, cancel);
        try
        {
            var right = await CheckersAsync(world, cancel);
            await ReceiptsAsync(world, right, cancel);
            await ReviewsAsync(world, cancel);
            await AnswersAsync(world, right, cancel);
            await AuditsAsync(world, cancel);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            output.WriteLine(world.Log);
            throw;
        }
    }

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public async Task A_result_out_of_nothing_among_three_costs_the_bond_where_a_larger_committee_can_be_had()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var cancel = limit.Token;
        // Three hold the data; the others are the larger committee.
        await using var world = await VerificationWorld.StartAsync(10, 3, cancel);
        world.Cheat.Forges = true;
        var view = await world.RunAsync(terms => terms with { Executors = 3, Agreeing = 2 }, cancel, byCheat: true);
        output.WriteLine($"{view.Outcome}, rounds {string.Join(", ", view.Rounds.Select(round => $"{round.Kind} of {round.Executors.Length}"))}");
        Assert.True(view is { Outcome: JobOutcome.Succeeded, Disputed: true }, $"{view.Outcome}\n{world.Log}");
        await SlashedAsync(world, view, cancel);
    }

    // A public job: each of the committee runs the checker itself. A sealed one: the executors' enclaves did, and signed it.
    private async Task<JobView> CheckersAsync(VerificationWorld world, CancellationToken cancel)
    {
        var good = await world.CheckerAsync("count", cancel);
        var bad = await world.CheckerAsync("mean", cancel);
        JobView? accepted = null;
        foreach (var (checker, publicOutput) in ((Cid, bool)[])[(good, true), (good, false), (bad, true), (bad, false)])
        {
            var reports = new HashSet<Digest>();
            var judges = new HashSet<Address>();
            var view = await world.RunAsync(
                terms => terms with { Checker = checker, Modes = VerificationModes.Checker }, cancel, publicOutput,
                (e, _) =>
                {
                    if (e.Kind == EventKind.Judged)
                    {
                        judges.Add(e.Account);
                        reports.Add(e.Data);
                    }

                    return Task.CompletedTask;
                });
            Assert.Equal(checker == good ? JobOutcome.Succeeded : JobOutcome.CheckerRejected, view.Outcome);
            var committee = view.Rounds.Last(round => !round.Verifiers.IsEmpty).Verifiers;
            Assert.Equal(committee.Where(seat => seat.Judged is not null).Select(seat => seat.Node).Order(), judges.Order());
            Assert.All(committee.Where(seat => seat.Judged is not null), seat => Assert.Equal(checker == good, seat.Judged));
            var report = Assert.Single(reports);
            Assert.Equal(publicOutput, report != CheckerReport.DigestOf(view.Id, checker == good, []));
            var lines = await world.LinesAsync(view.Rounds.SelectMany(round => round.Executors).First(seat => seat.Result is not null).Node, view.Id, cancel);
            Assert.Contains(checker == good ? LineReason.ExecutorPaid : LineReason.UnpaidChecker, lines);
            var (result, reasons) = await FetchAsync(world, view, cancel);
            Assert.True(result is not null, string.Join("; ", reasons));
            Assert.Equal((checker, checker == good, report), (result.Receipt.Checked!.Checker, result.Receipt.Checked.Accepted, result.Receipt.Checked.Report));
            output.WriteLine($"{(publicOutput ? "public" : "sealed")}: {view.Outcome}, judged by {judges.Count}");
            accepted ??= view;
        }

        return accepted!;
    }

    // A public job's receipt is verified by running the job again; a receipt that says something else is found out, and a sealed job is refused by name.
    private static async Task ReceiptsAsync(VerificationWorld world, JobView view, CancellationToken cancel)
    {
        var (result, _) = await FetchAsync(world, view, cancel);
        using var gateways = new GatewaySource(world.Net.Gateways);
        await using var pool = new EnclavePool(world.Net.Image, EnclaveSandbox.Bubblewrap, Tools.Find("bwrap"), 0);
        var again = new Reexecution(new LayeredSource(gateways), pool);
        ReadOnlyMemory<byte> post = SignedTransaction.WithoutSignature(view.Requester, view.Nonce, new JobPost(view.Terms)).Encoded;
        var same = await again.RunAsync(result!.Receipt, post, null, cancel);
        Assert.Equal((RepeatFault.None, 0), (same.Fault, same.Differences.Length));
        var other = await again.RunAsync(result.Receipt with { Fuel = result.Receipt.Fuel + 1, Tag = Digest.Of("another"u8) }, post, null, cancel);
        Assert.Equal((RepeatFault.None, 2), (other.Fault, other.Differences.Length));
        ReadOnlyMemory<byte> stranger = SignedTransaction.WithoutSignature(view.Requester, view.Nonce + 1, new JobPost(view.Terms)).Encoded;
        Assert.Equal(RepeatFault.OtherJob, (await again.RunAsync(result.Receipt, stranger, null, cancel)).Fault);
        Assert.Equal(RepeatFault.NotDeterministic, (await again.RunAsync(result.Receipt with { Deterministic = false }, post, null, cancel)).Fault);
    }

    private static async Task ReviewsAsync(VerificationWorld world, CancellationToken cancel)
    {
        foreach (var accept in (bool[])[true, false])
        {
            var view = await world.RunAsync(
                terms => terms with { Modes = VerificationModes.Review }, cancel, act: (e, job) => JudgingAsync(world, e, job, new Review(job, accept), cancel));
            Assert.Equal(accept ? JobOutcome.Succeeded : JobOutcome.ReviewRejected, view.Outcome);
        }
    }

    // The right answer ends the job at once; a wrong claim costs its maker a larger committee that decides for the executor; a node that made its result up is found out by the right one.
    private async Task AnswersAsync(VerificationWorld world, JobView solved, CancellationToken cancel)
    {
        var solution = solved.Rounds.SelectMany(round => round.Executors).First(seat => seat.Result is not null).Result!.Statement.Output;
        foreach (var (answer, forged) in ((Digest, bool)[])[(solution, false), (Digest.Of("not it"u8), false), (solution, true)])
        {
            world.Cheat.Forges = forged;
            var salt = Digest.Of("salt"u8);
            var view = await world.RunAsync(
                terms => terms with { Modes = VerificationModes.KnownAnswer, AnswerCommitment = Identifiers.KnownAnswer(answer, salt) }, cancel,
                act: (e, job) => JudgingAsync(world, e, job, new KnownAnswerOpen(job, answer, salt), cancel), byCheat: forged);
            output.WriteLine($"known answer: {view.Outcome}, disputed {view.Disputed}");
            Assert.Equal((JobOutcome.Succeeded, forged || answer != solution), (view.Outcome, view.Disputed));
            if (forged)
            {
                await SlashedAsync(world, view, cancel);
            }
            else
            {
                Assert.DoesNotContain(LineReason.SlashedWrongResult, await world.LinesAsync(world.CheatAddress, view.Id, cancel));
            }
        }

        world.Cheat.Forges = false;
    }

    // Every job is run again by another node: the same result is the end of it; a forged one goes to a committee, and costs the bond.
    private async Task AuditsAsync(VerificationWorld world, CancellationToken cancel)
    {
        foreach (var forged in (bool[])[false, true])
        {
            world.Cheat.Forges = forged;
            var view = await world.RunAsync(terms => terms with { Audit = 1_000_000 }, cancel, byCheat: forged);
            output.WriteLine($"audit: {view.Outcome}, rounds {string.Join(", ", view.Rounds.Select(round => $"{round.Kind} of {round.Executors.Length}"))}");
            Assert.Equal((JobOutcome.Succeeded, true, forged), (view.Outcome, view.Audited, view.Disputed));
            var auditor = view.Rounds.First(round => round.Kind == RoundKind.Audit).Executors.First(seat => seat.Result is not null).Node;
            Assert.Contains(LineReason.AuditorPaid, await world.LinesAsync(auditor, view.Id, cancel));
            if (forged)
            {
                await SlashedAsync(world, view, cancel);
            }
        }

        world.Cheat.Forges = false;
    }

    private static async Task SlashedAsync(VerificationWorld world, JobView view, CancellationToken cancel)
    {
        var lines = await world.LinesAsync(world.CheatAddress, view.Id, cancel);
        Assert.Contains(LineReason.SlashedWrongResult, lines);
        Assert.Contains(LineReason.UnpaidWrongResult, lines);
        Assert.DoesNotContain(LineReason.ExecutorPaid, lines);
        Assert.Contains(LineReason.Compensated, await world.LinesAsync(world.Requester.Address, view.Id, cancel));
        foreach (var honest in world.Net.Nodes.Skip(1))
        {
            Assert.DoesNotContain(await world.LinesAsync(honest.Keys.Address, view.Id, cancel), line => line is LineReason.SlashedWrongResult or LineReason.SlashedEquivocation);
        }
    }

    private static async Task JudgingAsync(VerificationWorld world, LedgerEvent e, Digest job, Transaction word, CancellationToken cancel)
    {
        if (e.Kind == EventKind.Phase && await world.Net.Ledger.JobAsync(job, cancel) is { Phase: JobPhase.Judging, Outcome: JobOutcome.Succeeded, Disputed: false })
        {
            var said = await world.Net.Ledger.SubmitAsync(SignedTransaction.Create(word, 0, world.Net.Ledger.GenesisDigest, world.Requester.Signer), cancel);
            Assert.True(said.Applied || said.Refusal is Refusal.AlreadyVoted or Refusal.WrongPhase or Refusal.Duplicate or Refusal.JobClosed, said.Refusal.ToString());
        }
    }

    private static async Task<(FetchedResult? Result, System.Collections.Immutable.ImmutableArray<string> Reasons)> FetchAsync(VerificationWorld world, JobView view, CancellationToken cancel)
    {
        using var gateways = new GatewaySource(world.Net.Gateways);
        return await new ResultFetcher(gateways, world.Net.DropBox).FetchAsync(view, world.Requester.Sealing, cancel);
    }
}
