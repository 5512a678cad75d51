using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Conformance;

/// <summary>What every ledger does, seen through <see cref="ILedger"/> alone. An adapter derives this class and makes worlds; it may widen windows where its heights pass faster.</summary>
public abstract class LedgerConformance
{
    /// <summary>A fresh ledger.</summary>
    /// <param name="spec">What it must have.</param>
    protected abstract Task<LedgerWorld> CreateAsync(WorldSpec spec);

    /// <summary>The windows of the suite's jobs.</summary>
    protected virtual JobWindows Windows => Workbench.Windows;

    /// <summary>The rules of the suite's ledgers.</summary>
    protected virtual LedgerRules Rules => Workbench.Rules with { CreditEpoch = 16, PayoutMin = 1, UnbondDelay = 4 };

    /// <summary>Whether tokens are created by the issuer's transaction; elsewhere they come from a token contract.</summary>
    protected virtual bool IssuerDeposits => true;

    private Task<LedgerWorld> World(int nodes = 0, bool onChallenge = false) => CreateAsync(new WorldSpec(nodes, Rules, onChallenge));

    private JobTerms Terms(int executors = 1) => Workbench.Terms(executors) with { Windows = Windows };

    private static async Task<(Digest Events, ulong Position, Amount Held)> Fingerprint(ILedger ledger)
    {
        var head = await ledger.HeadAsync();
        return (head.EventDigest, head.Events, head.TokensHeld);
    }

    // With no job open, all tokens are in accounts or the treasury.
    private static async Task Balanced(LedgerWorld world, params Party[] others)
    {
        var head = await world.Ledger.HeadAsync();
        var sum = head.Treasury;
        foreach (var party in (Party[])[.. world.Nodes, world.Requester, world.Issuer, .. others])
        {
            var account = await world.Ledger.AccountAsync(party.Address);
            sum += account.Free + account.Withheld + account.Matured + account.Staked + account.Unbonding;
        }

        Assert.Equal(head.TokensHeld, sum);
    }

    private static async Task<List<PositionedEvent>> Events(ILedger ledger, ulong from, ulong to)
    {
        var events = new List<PositionedEvent>();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        if (from < to)
        {
            await foreach (var item in ledger.EventsAsync(from, patience.Token))
            {
                events.Add(item);
                if (item.Position + 1 >= to)
                {
                    break;
                }
            }
        }

        return events;
    }

    [Fact]
    public async Task A_ledger_is_its_genesis()
    {
        await using var world = await World();
        Assert.Equal(GenesisCodec.DigestOf(world.Ledger.Genesis), world.Ledger.GenesisDigest);
        Assert.Equal(world.Ledger.GenesisDigest, (await world.Ledger.HeadAsync()).Genesis);
        Assert.Equal(world.Issuer.Address, world.Ledger.Genesis.Issuer);
    }

    [Fact]
    public async Task What_nobody_made_is_not_there()
    {
        await using var world = await World();
        var nobody = world.Stranger("nobody").Address;
        var account = await world.Ledger.AccountAsync(nobody);
        Assert.Equal((Amount.Zero, Amount.Zero, 0UL), (account.Free, account.Staked, account.Nonce));
        Assert.Null(await world.Ledger.NodeAsync(nobody));
        Assert.Null(await world.Ledger.JobAsync(Workbench.Hash("no job")));
        Assert.Null(await world.Ledger.OfferAsync(Workbench.Hash("no offer")));
        Assert.Empty(await world.Ledger.JobsAsync(new JobQuery()));
        Assert.Empty(await world.Ledger.OffersAsync(new OfferQuery()));
        Assert.Equal(Refusal.UnknownJob, (await world.Ledger.InvitationAsync(Workbench.Hash("no job"), DrawRole.Executor, nobody)).Refusal);
    }

    [Fact]
    public async Task A_transfer_moves_tokens_and_says_so_on_both_accounts()
    {
        await using var world = await World(1);
        await world.Must(world.Requester, new Transfer(world.Nodes[0].Address, 7));
        Assert.Equal((Amount)(LedgerWorld.NodeFunds + 7), (await world.Ledger.AccountAsync(world.Nodes[0].Address)).Free);
        var requester = await world.Ledger.AccountAsync(world.Requester.Address);
        Assert.Equal(((Amount)(LedgerWorld.RequesterFunds - 7), 1UL), (requester.Free, requester.Nonce));
        Assert.Equal((LineReason.TransferIn, (Amount)7), (await world.Ledger.ExplainAsync(world.Nodes[0].Address)) is [var line, ..] ? (line.Reason, line.Amount) : default);
        Assert.Equal(LineReason.TransferOut, (await world.Ledger.ExplainAsync(world.Requester.Address))[0].Reason);
        await Balanced(world);
    }

    [Fact]
    public async Task A_refused_transaction_changes_nothing()
    {
        await using var world = await World(1);
        await world.Must(world.Requester, new Transfer(world.Nodes[0].Address, 1));
        var before = await Fingerprint(world.Ledger);
        var genesis = world.Ledger.GenesisDigest;
        var body = new Transfer(world.Nodes[0].Address, 1);
        Task<SubmitResult> Send(ulong nonce, in Digest ledger, ISigner signer) => world.Ledger.SubmitAsync(SignedTransaction.Create(body, nonce, ledger, signer)).AsTask();
        Assert.Equal(Refusal.NonceUsed, (await Send(0, genesis, world.Requester.Signer)).Refusal);
        Assert.Equal(Refusal.NonceAhead, (await Send(9, genesis, world.Requester.Signer)).Refusal);
        Assert.Equal(Refusal.BadSignature, (await Send(1, Workbench.Hash("another ledger"), world.Requester.Signer)).Refusal);
        Assert.Equal(Refusal.InsufficientFunds, (await world.Try(world.Requester, new Transfer(world.Nodes[0].Address, 2 * LedgerWorld.RequesterFunds))).Refusal);
        Assert.Equal(Refusal.OutOfBounds, (await world.Try(world.Requester, new Transfer(world.Nodes[0].Address, 0))).Refusal);
        Assert.Equal(Refusal.UnknownNode, (await world.Try(world.Nodes[0], new StakeAdd(1))).Refusal);
        Assert.Equal(Refusal.UnknownJob, (await world.Try(world.Nodes[0], new ResultFail(Workbench.Hash("no job"), 0, FailReason.Resources))).Refusal);
        Assert.Equal(Refusal.UnknownJob, (await world.Anyone(new Drive(Workbench.Hash("no job")))).Refusal);
        Assert.Equal(before, await Fingerprint(world.Ledger));
        Assert.Equal((1UL, (Amount)(LedgerWorld.RequesterFunds - 1)), (await world.Ledger.AccountAsync(world.Requester.Address)) is var account ? (account.Nonce, account.Free) : default);
    }

    [Fact]
    public async Task Only_the_issuer_creates_tokens_and_each_paper_counts_once()
    {
        if (!IssuerDeposits)
        {
            return;
        }

        await using var world = await World();
        var held = (await world.Ledger.HeadAsync()).TokensHeld;
        var deposit = new Deposit(world.Requester.Address, 5, Workbench.Hash("paper"));
        Assert.Equal(Refusal.NotAllowed, (await world.Try(world.Requester, deposit)).Refusal);
        await world.Must(world.Issuer, deposit);
        Assert.Equal(Refusal.ReferenceUsed, (await world.Try(world.Issuer, deposit)).Refusal);
        Assert.Equal(held + 5, (await world.Ledger.HeadAsync()).TokensHeld);
        await world.Must(world.Requester, new Withdraw(3, Workbench.Hash("account elsewhere")));
        Assert.Equal(held + 2, (await world.Ledger.HeadAsync()).TokensHeld);
        Assert.Equal(LineReason.Withdrawn, (await world.Ledger.ExplainAsync(world.Requester.Address))[0].Reason);
        await Balanced(world);
    }

    [Fact]
    public async Task A_node_is_what_it_registered_and_changes_one_step_at_a_time()
    {
        await using var world = await World(2);
        var node = world.Nodes[0];
        var profile = Workbench.Profile(node, Workbench.Content("a"), Workbench.Content("b")) with { Gateway = "http://node.example:8080", Regions = 5, PricePerJob = 3, PricePerGigafuel = 2 };
        await world.Must(node, new NodeRegister(profile, 10_000));
        var view = (await world.Ledger.NodeAsync(node.Address))!;
        Assert.Equal((10u, (Amount)10_000, Amount.Zero), (view.Units, view.Stake, view.Engaged));
        Assert.Equal(profile.VrfKey.ToArray(), view.Profile.VrfKey.ToArray());
        Assert.Equal((profile.Chip, profile.Gateway, profile.Regions, profile.PricePerJob), (view.Profile.Chip, view.Profile.Gateway, view.Profile.Regions, view.Profile.PricePerJob));
        Assert.Equal(profile.Pins.AsEnumerable(), view.Profile.Pins);
        Assert.Equal((Amount)(LedgerWorld.NodeFunds - 10_000), (await world.Ledger.AccountAsync(node.Address)).Free);

        await world.Must(node, new StakeAdd(2_000));
        Assert.Equal(12u, (await world.Ledger.NodeAsync(node.Address))!.Units);
        Assert.Equal(Refusal.UpdateTooSoon, (await world.Try(node, new NodeRegister(profile with { Gateway = "" }, 0))).Refusal);
        Assert.Equal(Refusal.InsufficientStake, (await world.Try(world.Nodes[1], new NodeRegister(Workbench.Profile(world.Nodes[1]), 10))).Refusal);
        Assert.Equal(Refusal.BadKey, (await world.Try(world.Nodes[1], new NodeRegister(Workbench.Profile(world.Nodes[1]) with { VrfKey = new byte[5] }, 1_000))).Refusal);

        await world.Must(node, new StakeUnbond(2_000));
        Assert.Equal(Refusal.Unbonding, (await world.Anyone(new StakeClaim(node.Address))).Refusal);
        await world.AdvanceAsync(Rules.UnbondDelay + 1);
        Assert.Equal(Refusal.None, (await world.Anyone(new StakeClaim(node.Address))).Refusal);
        Assert.Equal((Amount)(LedgerWorld.NodeFunds - 10_000), (await world.Ledger.AccountAsync(node.Address)).Free);
        Assert.Equal([node.Address], (await world.Ledger.NodesAsync()).Select(other => other.Address));
        Assert.Empty(await world.Ledger.NodesAsync(after: node.Address));
        await Balanced(world);
    }

    [Fact]
    public async Task Offers_are_found_by_owner_and_content_until_they_are_withdrawn()
    {
        await using var world = await World(1);
        var terms = new OfferTerms { Kind = OfferKind.Data, Content = Workbench.Content("input"), Policy = Workbench.Content("policy"), Keeper = world.Nodes[0].Address, Price = 40, LevelMin = Attestation.TrustLevel.Simulated, UsesMax = 2 };
        var id = await world.Must(world.Requester, new OfferPublish(terms));
        Assert.Equal(terms, (await world.Ledger.OfferAsync(id))!.Terms);
        Assert.Equal([id], (await world.Ledger.OffersAsync(new OfferQuery(Owner: world.Requester.Address))).Select(offer => offer.Id));
        Assert.Equal([id], (await world.Ledger.OffersAsync(new OfferQuery(Content: Workbench.Content("input")))).Select(offer => offer.Id));
        Assert.Empty(await world.Ledger.OffersAsync(new OfferQuery(Content: Workbench.Content("other"))));
        Assert.Equal(Refusal.NotAllowed, (await world.Try(world.Nodes[0], new OfferWithdraw(id))).Refusal);
        await world.Must(world.Requester, new OfferWithdraw(id));
        Assert.Empty(await world.Ledger.OffersAsync(new OfferQuery()));
        Assert.Equal([id], (await world.Ledger.OffersAsync(new OfferQuery(Open: false))).Select(offer => offer.Id));
        Assert.Equal(Refusal.OfferClosed, (await world.Ledger.QuoteAsync(Terms() with { Offers = [id] })).Refusal);
    }

    [Fact]
    public async Task Lists_are_read_page_by_page()
    {
        await using var world = await World(1);
        var offers = new List<Digest>();
        foreach (var name in new[] { "one", "two", "three" })
        {
            offers.Add(await world.Must(world.Requester, new OfferPublish(new OfferTerms { Kind = OfferKind.Data, Content = Workbench.Content(name), Policy = Workbench.Content("policy"), Keeper = world.Nodes[0].Address, LevelMin = Attestation.TrustLevel.Simulated })));
        }

        var jobs = new List<Digest>();
        for (var i = 0; i < 4; i++)
        {
            jobs.Add(await world.Must(world.Requester, new JobPost(Terms(1))));
            if (i % 2 == 0)
            {
                await world.Must(world.Requester, new JobCancel(jobs[i]));
            }
        }

        var paged = new List<Digest>();
        while ((await world.Ledger.OffersAsync(new OfferQuery(Owner: world.Requester.Address, Max: 2, After: paged.Count == 0 ? null : paged[^1]))) is { IsEmpty: false } page)
        {
            paged.AddRange(page.Select(offer => offer.Id));
        }

        Assert.Equal(offers.Order(), paged);
        foreach (var requester in new[] { world.Requester.Address, (Address?)null })
        {
            var whole = (await world.Ledger.JobsAsync(new JobQuery(requester))).Select(job => job.Id).ToList();
            // Open ones first, then closed ones, the one that closed last before the one that closed first.
            Assert.Equal([jobs[2], jobs[0]], whole.Skip(2));
            Assert.Equal(new[] { jobs[1], jobs[3] }.Order(), whole.Take(2).Order());
            paged.Clear();
            while ((await world.Ledger.JobsAsync(new JobQuery(requester, Max: 1, After: paged.Count == 0 ? null : paged[^1]))) is { IsEmpty: false } page)
            {
                paged.AddRange(page.Select(job => job.Id));
            }

            Assert.Equal(whole, paged);
        }

        Assert.Empty(await world.Ledger.JobsAsync(new JobQuery(world.Nodes[0].Address)));
    }

    [Fact]
    public async Task A_quote_is_what_a_post_sets_aside_and_a_cancelled_job_gives_back()
    {
        await using var world = await World();
        var quote = await world.Ledger.QuoteAsync(Terms(3));
        Assert.Equal(Refusal.None, quote.Refusal);
        var id = await world.Must(world.Requester, new JobPost(Terms(3)));
        Assert.Equal((Amount)LedgerWorld.RequesterFunds - quote.Escrow!.Total, (await world.Ledger.AccountAsync(world.Requester.Address)).Free);
        var job = (await world.Ledger.JobAsync(id))!;
        Assert.Equal((quote.Escrow.Total, JobPhase.Drawing, world.Requester.Address), (job.Escrow, job.Phase, job.Requester));
        Assert.Equal([id], (await world.Ledger.JobsAsync(new JobQuery(world.Requester.Address, Open: true))).Select(summary => summary.Id));
        Assert.Equal(Refusal.NotAllowed, (await world.Try(world.Issuer, new JobCancel(id))).Refusal);
        await world.Must(world.Requester, new JobCancel(id));
        Assert.Equal(JobOutcome.Cancelled, (await world.Ledger.JobAsync(id))!.Outcome);
        Assert.Equal((Amount)LedgerWorld.RequesterFunds, (await world.Ledger.AccountAsync(world.Requester.Address)).Free);
        Assert.Equal(Refusal.JobClosed, (await world.Try(world.Requester, new JobCancel(id))).Refusal);
        Assert.Equal(Refusal.InsufficientFunds, (await world.Try(world.Requester, new JobPost(Terms() with { ExecutorPay = LedgerWorld.RequesterFunds }))).Refusal);
        Assert.Equal(Refusal.OutOfBounds, (await world.Ledger.QuoteAsync(Terms(4) with { Agreeing = 2 })).Refusal);
        Assert.Equal(Refusal.BadWindows, (await world.Ledger.QuoteAsync(Terms() with { Windows = Windows with { Run = 0 } })).Refusal);
        Assert.Equal(Refusal.UnknownOffer, (await world.Ledger.QuoteAsync(Terms() with { Offers = [Workbench.Hash("none")] })).Refusal);
        await Balanced(world);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_job_is_drawn_admitted_run_agreed_and_paid(int executors)
    {
        await using var world = await World(8);
        await world.Register();
        var id = await world.Must(world.Requester, new JobPost(Terms(executors)));
        var job = await world.Driver().Run(id);
        Assert.Equal(JobOutcome.Succeeded, job.Outcome);
        Assert.Equal(Workbench.ResultOf("42").Tag, job.AgreedTag);
        Assert.Equal(executors, job.Round.Executors.Count(seat => seat.Status == SeatStatus.Revealed));
        Assert.Equal(4, job.Round.Verifiers.Sum(seat => seat.Seats));
        foreach (var seat in job.Round.Executors)
        {
            var lines = await world.Ledger.ExplainAsync(seat.Node, id);
            Assert.Contains(lines, line => line.Reason == LineReason.ExecutorPaid && line.Amount == 990);
            Assert.Equal(Amount.Zero, (await world.Ledger.NodeAsync(seat.Node))!.Engaged);
            Assert.Equal(1u, (await world.Ledger.NodeAsync(seat.Node))!.Record.Agreed);
        }

        Assert.Equal((ulong)executors, (await world.Ledger.HeadAsync()).Receipts);
        Assert.Equal([LineReason.Refunded, LineReason.PostFee, LineReason.Escrowed], (await world.Ledger.ExplainAsync(world.Requester.Address, id)).Select(line => line.Reason));
        await Balanced(world);
    }

    [Fact]
    public async Task Where_nobody_answers_the_job_ends_and_the_money_comes_back()
    {
        await using var world = await World(4);
        await world.Register();
        var id = await world.Must(world.Requester, new JobPost(Terms() with { RedrawsMax = 1 }));
        var job = await new NetworkDriver(world.Ledger, [], world.AdvanceAsync).Run(id);
        Assert.Equal((JobOutcome.NoExecutors, 2), (job.Outcome, job.Rounds.Length));
        Assert.Equal((Amount)LedgerWorld.RequesterFunds, (await world.Ledger.AccountAsync(world.Requester.Address)).Free);
        await Balanced(world);
    }

    [Fact]
    public async Task A_liar_is_outvoted_by_a_larger_committee_and_loses_its_bond()
    {
        await using var world = await World(16);
        await world.Register();
        var id = await world.Must(world.Requester, new JobPost(Terms(3)));
        var attesting = await world.Driver().Reach(id, JobPhase.Attesting);
        var liar = attesting.Round.Executors[0].Node;
        var job = await world.Driver(new NodeHabits { Output = node => node.Address == liar ? "wrong" : "42" }).Run(id);
        Assert.True(job.Disputed);
        Assert.Equal((JobOutcome.Succeeded, Workbench.ResultOf("42").Tag), (job.Outcome, job.AgreedTag!.Value));
        Assert.Contains(await world.Ledger.ExplainAsync(liar, id), line => line.Reason == LineReason.SlashedWrongResult && line.Amount == 500);
        Assert.Contains(await world.Ledger.ExplainAsync(world.Requester.Address, id), line => line.Reason == LineReason.Compensated);
        Assert.Equal((Amount)9_500, (await world.Ledger.NodeAsync(liar))!.Stake);
        await Balanced(world);
    }

    [Fact]
    public async Task Silence_costs_a_share_a_withheld_reveal_the_bond_and_a_signed_fail_nothing()
    {
        await using var world = await World(12);
        await world.Register();
        async Task<(Address Node, ImmutableArray<LedgerLine> Lines)> Play(Func<Address, NodeHabits> habits)
        {
            var id = await world.Must(world.Requester, new JobPost(Terms(3)));
            var first = (await world.Driver().Reach(id, JobPhase.Attesting)).Round.Executors[0].Node;
            Assert.Equal(JobOutcome.Succeeded, (await world.Driver(habits(first)).Run(id)).Outcome);
            return (first, await world.Ledger.ExplainAsync(first, id));
        }

        var silent = await Play(first => new NodeHabits { Attests = node => node.Address != first });
        Assert.Contains(silent.Lines, line => line.Reason == LineReason.UnpaidNoEvidence);
        Assert.Contains(silent.Lines, line => line.Reason == LineReason.SlashedSilent && line.Amount == 25);
        var hidden = await Play(first => new NodeHabits { Reveals = node => node.Address != first });
        Assert.Contains(hidden.Lines, line => line.Reason == LineReason.SlashedNoReveal && line.Amount == 500);
        var failed = await Play(first => new NodeHabits { Fails = node => node.Address == first ? FailReason.Resources : null });
        Assert.Contains(failed.Lines, line => line.Reason == LineReason.UnpaidFailed);
        Assert.DoesNotContain(failed.Lines, line => line.Reason.ToString().StartsWith("Slashed", StringComparison.Ordinal));

        // Alone, too: a machine's own failure draws another one, whatever the job; a job that cannot be run ends.
        async Task<JobView> Alone(FailReason reason)
        {
            var id = await world.Must(world.Requester, new JobPost(Terms(1)));
            var first = (await world.Driver().Reach(id, JobPhase.Attesting)).Round.Executors[0].Node;
            return await world.Driver(new NodeHabits { Fails = node => node.Address == first ? reason : null }).Run(id);
        }

        var lost = await Alone(FailReason.Enclave);
        Assert.Equal((JobOutcome.Succeeded, 2), (lost.Outcome, lost.Rounds.Length));
        var broken = await Alone(FailReason.CodeInvalid);
        Assert.Equal((JobOutcome.FailedByExecutors, 1), (broken.Outcome, broken.Rounds.Length));
        await Balanced(world);
    }

    [Fact]
    public async Task Verifiers_who_refuse_keep_an_executor_out_and_those_who_stay_silent_pay()
    {
        await using var world = await World(8);
        await world.Register();
        var refused = await world.Driver(new NodeHabits { Votes = (_, _) => VoteVerdict.NotGenuine }).Run(await world.Must(world.Requester, new JobPost(Terms() with { RedrawsMax = 0 })));
        Assert.Equal(JobOutcome.NotAdmitted, refused.Outcome);
        var executor = refused.Round.Executors[0];
        Assert.Equal(SeatStatus.Refused, executor.Status);
        Assert.Contains(await world.Ledger.ExplainAsync(executor.Node, refused.Id), line => line.Reason == LineReason.UnpaidNotAdmitted);
        Assert.Contains(await world.Ledger.ExplainAsync(refused.Round.Verifiers[0].Node, refused.Id), line => line.Reason == LineReason.VerifierPaid);

        var silent = await world.Driver(new NodeHabits { Votes = (_, _) => null }).Run(await world.Must(world.Requester, new JobPost(Terms() with { RedrawsMax = 0 })));
        Assert.Equal(JobOutcome.NotAdmitted, silent.Outcome);
        Assert.Contains(await world.Ledger.ExplainAsync(silent.Round.Verifiers[0].Node, silent.Id), line => line.Reason == LineReason.SlashedNoVote);
        await Balanced(world);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_is_released_to_the_admitted_alone_and_an_owner_is_paid_for_what_could_be_used(bool denies)
    {
        await using var world = await World(8);
        await world.Register();
        var (data, app) = (world.Stranger("data owner"), world.Stranger("app owner"));
        foreach (var owner in new[] { data, app })
        {
            await world.Must(world.Requester, new Transfer(owner.Address, 100));
        }

        OfferTerms Offer(OfferKind kind, string content, Party owner) => new() { Kind = kind, Content = Workbench.Content(content), Policy = Workbench.Content("policy"), Keeper = owner.Address, Price = 40, LevelMin = Attestation.TrustLevel.Simulated };
        var offers = ImmutableArray.Create(await world.Must(data, new OfferPublish(Offer(OfferKind.Data, "input", data))), await world.Must(app, new OfferPublish(Offer(OfferKind.App, "code", app)))).Sort();
        var id = await world.Must(world.Requester, new JobPost(Terms() with { Offers = offers, RedrawsMax = 0 }));
        var driver = world.Driver();
        driver.Keepers[data.Address] = (data, denies ? DenyReason.Policy : null);
        driver.Keepers[app.Address] = (app, null);
        var job = await driver.Run(id);
        Assert.Equal(denies ? JobOutcome.KeyDenied : JobOutcome.Succeeded, job.Outcome);
        Assert.Equal(Refusal.JobClosed, (await world.Try(data, new ReleaseRecord(id, 0, job.Round.Executors[0].Node, offers[0], job.Round.Executors[0].Admission, default))).Refusal);
        foreach (var owner in new[] { data, app })
        {
            var lines = await world.Ledger.ExplainAsync(owner.Address, id);
            Assert.Equal(!denies, lines.Any(line => line.Reason == LineReason.OfferPaid));
        }

        if (denies)
        {
            // Whoever was denied did nothing wrong.
            Assert.DoesNotContain(await world.Ledger.ExplainAsync(job.Round.Executors[0].Node, id), line => line.Reason == LineReason.SlashedSilent);
            Assert.Contains(await world.Ledger.ExplainAsync(job.Round.Executors[0].Node, id), line => line.Reason == LineReason.UnpaidKeyDenied);
        }

        await Balanced(world, data, app);
    }

    [Fact]
    public async Task Nothing_moves_out_of_turn()
    {
        await using var world = await World(8);
        await world.Register();
        var id = await world.Must(world.Requester, new JobPost(Terms(3)));
        Assert.Equal(Refusal.NothingDue, (await world.Anyone(new Drive(id))).Refusal);
        var job = await world.Driver().Reach(id, JobPhase.Attesting);
        var executor = world.Nodes.First(node => node.Address == job.Round.Executors[0].Node);
        var stranger = world.Nodes.First(node => job.Round.Executors.All(seat => seat.Node != node.Address) && job.Round.Verifiers.All(seat => seat.Node != node.Address));
        var before = await Fingerprint(world.Ledger);
        Assert.Equal(Refusal.NotAdmitted, (await world.Try(executor, new ResultCommit(id, 0, Workbench.Hash("early")))).Refusal);
        Assert.Equal(Refusal.NotDrawn, (await world.Try(stranger, new VoteCast(id, 0, [new Vote(executor.Address, VoteVerdict.Accept, Workbench.Hash("x"))]))).Refusal);
        Assert.Equal(Refusal.WrongRound, (await world.Try(executor, new ResultFail(id, 3, FailReason.Resources))).Refusal);
        Assert.Equal(Refusal.TooLateToCancel, (await world.Try(world.Requester, new JobCancel(id))).Refusal);
        var result = Workbench.ResultOf("42");
        Assert.NotEqual(Refusal.None, (await world.Try(executor, new ResultReveal(id, 0, result, default, executor.Receipt.Sign(Identifiers.Statement(id, 0, executor.Address, result)), Workbench.Content("r")))).Refusal);
        Assert.Equal(before, await Fingerprint(world.Ledger));
        Assert.Equal(Refusal.WrongPhase, (await world.Ledger.InvitationAsync(id, DrawRole.Executor, stranger.Address)).Refusal);
        await world.Driver().Run(id);
    }

    [Fact]
    public async Task A_false_proof_that_is_challenged_costs_its_bond_and_a_false_challenge_its_fee()
    {
        await using var world = await World(8, onChallenge: true);
        await world.Register();
        var id = await world.Must(world.Requester, new JobPost(Terms()));
        for (var i = 0; i < 100 && (await world.Ledger.InvitationAsync(id, DrawRole.Executor, world.Nodes[0].Address)).Refusal == Refusal.BeaconUnknown; i++)
        {
            await world.AdvanceAsync(1);
        }

        var (liar, honest) = (world.Nodes[0], world.Nodes[1]);
        await world.Must(liar, new Ticket(id, 0, DrawRole.Executor, Digest.Zero, new byte[81], [0], Digest.Zero));
        var alpha = (await world.Ledger.InvitationAsync(id, DrawRole.Executor, honest.Address)).Alpha!.Value;
        var proof = honest.Vrf.Prove(alpha, out var value);
        await world.Must(honest, new Ticket(id, 0, DrawRole.Executor, value, proof, [.. UnitDraw.Best(value, 10, 1)], Digest.Zero));
        await world.Must(world.Requester, new TicketChallenge(id, 0, DrawRole.Executor, liar.Address));
        Assert.Contains(await world.Ledger.ExplainAsync(liar.Address, id), line => line.Reason == LineReason.SlashedFalseTicket);
        await world.Must(world.Requester, new TicketChallenge(id, 0, DrawRole.Executor, honest.Address));
        Assert.Contains(await world.Ledger.ExplainAsync(world.Requester.Address, id), line => line.Reason == LineReason.ChallengeLost);
        Assert.Equal(Refusal.AlreadyChecked, (await world.Try(world.Requester, new TicketChallenge(id, 0, DrawRole.Executor, honest.Address))).Refusal);
        var job = await world.Driver().Run(id);
        Assert.DoesNotContain(job.Rounds.SelectMany(round => round.Executors), seat => seat.Node == liar.Address);
        await Balanced(world);
    }

    [Fact]
    public async Task Two_contradictory_messages_cost_the_bond()
    {
        await using var world = await World(8);
        await world.Register();
        var id = await world.Must(world.Requester, new JobPost(Terms(3)));
        var job = await world.Driver().Reach(id, JobPhase.Attesting);
        var cheat = world.Nodes.First(node => node.Address == job.Round.Executors[0].Node);
        ReadOnlyMemory<byte> Message(string what) => world.Message(
            cheat, new EvidencePublish(id, 0, Workbench.Content(what), Workbench.Hash(what), new byte[65], cheat.Receipt.PublicKey, Digest.Zero)).Encoded;
        Assert.Equal(Refusal.NoContradiction, (await world.Try(world.Requester, new EquivocationProof(Message("a"), Message("a")))).Refusal);
        await world.Must(world.Requester, new EquivocationProof(Message("a"), Message("b")));
        Assert.Contains(await world.Ledger.ExplainAsync(cheat.Address, id), line => line.Reason == LineReason.SlashedEquivocation);
        Assert.Contains(await world.Ledger.ExplainAsync(world.Requester.Address, id), line => line.Reason == LineReason.ReporterPaid);
        Assert.Equal(1u, (await world.Ledger.NodeAsync(cheat.Address))!.Record.Proved);
        await world.Driver().Run(id);
        await Balanced(world);
    }

    [Fact]
    public async Task Credits_are_withheld_then_paid_out_together()
    {
        await using var world = await World(8);
        await world.Register();
        var job = await world.Driver().Run(await world.Must(world.Requester, new JobPost(Terms())));
        var paid = job.Round.Executors[0].Node;
        var before = await world.Ledger.AccountAsync(paid);
        Assert.Equal((Amount)990, before.Withheld + before.Matured);
        await world.AdvanceAsync(2 * Rules.CreditEpoch);
        // Anyone may; a ledger that pays by itself has nothing left to pay.
        Assert.Contains((await world.Anyone(new Payout([.. world.Nodes.Select(node => node.Address)]))).Refusal, new[] { Refusal.None, Refusal.NothingMatured });
        var after = await world.Ledger.AccountAsync(paid);
        Assert.Equal((before.Free + 990, Amount.Zero), (after.Free, after.Withheld + after.Matured));
        Assert.Equal(LineReason.PaidOut, (await world.Ledger.ExplainAsync(paid))[0].Reason);
        Assert.Equal(Refusal.NothingMatured, (await world.Anyone(new Payout([paid]))).Refusal);
        await Balanced(world);
    }

    [Fact]
    public async Task A_batch_is_claimed_leaf_by_leaf_and_once()
    {
        await using var world = await World(3);
        var batch = new PaymentBatch(world.Requester.Address, [.. world.Nodes.Select((node, i) => new BatchPayment(node.Address, (Amount)(ulong)(10 + i), Workbench.Hash("work")))]);
        var id = await world.Must(world.Requester, new BatchPost(batch.Root, 3, batch.Total, 7));
        BatchClaim Claim(uint index) => new(id, index, batch.Payments[(int)index].To, batch.Payments[(int)index].Amount, batch.Payments[(int)index].Details, batch.PathOf((int)index));
        Assert.Equal(Refusal.BadProof, (await world.Anyone(Claim(1) with { Amount = 12 })).Refusal);
        Assert.Equal(Refusal.None, (await world.Anyone(Claim(1))).Refusal);
        Assert.Equal(Refusal.AlreadyClaimed, (await world.Anyone(Claim(1))).Refusal);
        Assert.Equal(Refusal.BatchWindow, (await world.Anyone(new BatchClose(id))).Refusal);
        Assert.Equal(Refusal.None, (await world.Anyone(Claim(0))).Refusal);
        Assert.Equal(Refusal.None, (await world.Anyone(Claim(2))).Refusal);
        Assert.Equal(Refusal.None, (await world.Anyone(new BatchClose(id))).Refusal);
        Assert.Equal((LineReason.BatchClaimed, (Amount)11), (await world.Ledger.ExplainAsync(world.Nodes[1].Address)) is [var line, ..] ? (line.Reason, line.Amount) : default);
        await Balanced(world);
    }

    [Fact]
    public async Task Events_have_one_order_without_gaps_from_wherever_one_begins()
    {
        await using var world = await World(8);
        await world.Register();
        var id = await world.Must(world.Requester, new JobPost(Terms(3)));
        await world.Driver().Run(id);
        var end = (await world.Ledger.HeadAsync()).Events;
        var all = await Events(world.Ledger, 0, end);
        Assert.Equal(Enumerable.Range(0, (int)end).Select(i => (ulong)i), all.Select(item => item.Position));
        Assert.Equal(all.Skip((int)end / 2), await Events(world.Ledger, end / 2, end));
        Assert.True(all.Zip(all.Skip(1)).All(pair => pair.First.Height <= pair.Second.Height));
        foreach (var kind in new[] { EventKind.JobPosted, EventKind.ExecutorDrawn, EventKind.VerifierDrawn, EventKind.EvidencePublished, EventKind.Voted, EventKind.Admitted, EventKind.Committed, EventKind.Revealed, EventKind.Agreed, EventKind.Closed })
        {
            Assert.Contains(all, item => item.Event.Kind == kind && item.Event.Job == id);
        }

        Assert.All(all.Where(item => item.Event.Kind == EventKind.Line), item => Assert.NotEmpty(ReasonWords.Words(item.Event.Line)));

        // Every account's balance is the sum of its lines.
        foreach (var seat in (await world.Ledger.JobAsync(id))!.Round.Executors)
        {
            var lines = await world.Ledger.ExplainAsync(seat.Node, max: 1000);
            Assert.Equal(all.Where(item => item.Event.Kind == EventKind.Line && item.Event.Account == seat.Node).Select(item => item.Position).Reverse(), lines.Select(line => line.Position));
        }
    }
}
