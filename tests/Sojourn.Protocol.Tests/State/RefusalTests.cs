using System.Text.RegularExpressions;
using Sojourn.Attestation;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;
using Sojourn.Testing;

namespace Sojourn.Protocol.Tests.State;

/// <summary>What is refused, each for its own reason, and that it leaves nothing behind.</summary>
public sealed class RefusalTests
{
    [Fact]
    public void Every_refusal_has_a_test()
    {
        var tests = string.Concat(new[] { "Sojourn.Protocol.Tests", "Sojourn.Ledger.Tests" }.SelectMany(project => Directory.EnumerateFiles(Path.Combine(Vectors.Checkout, "tests", project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).Select(File.ReadAllText));
        var met = Regex.Matches(tests, @"\bRefusal\.(\w+)\b").Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        var unmet = Enum.GetNames<Refusal>().Where(name => !met.Contains(name)).ToList();
        Assert.True(unmet.Count == 0, string.Join(", ", unmet));
    }

    private static void Refused(Workbench bench, Refusal expected, Party party, Transaction body) => Refused(bench, expected, () => bench.Try(party, body));

    private static void Refused(Workbench bench, Refusal expected, Func<ApplyResult> attempt)
    {
        var (root, events) = (bench.State.Root(), bench.Context.Events.Count);
        Assert.Equal(expected, attempt().Refusal);
        Assert.Equal(root, bench.State.Root());
        Assert.Equal(events, bench.Context.Events.Count);
    }

    [Fact]
    public void A_kind_that_nobody_knows()
    {
        var bench = new Workbench();
        var bytes = bench.Sign(bench.Requester, new Transfer(bench.Owner.Address, 1)).Encoded.ToArray();
        Assert.Equal(Refusal.None, SignedTransaction.TryDecode(bytes, out _));
        // The body is the last array: its head, then the kind.
        var body = TransferBody(bytes);
        Assert.Equal((byte)TransactionKind.Transfer, bytes[body]);
        var unknown = Enumerable.Range(0, 24).First(kind => !Enum.IsDefined((TransactionKind)kind));
        bytes[body] = (byte)unknown;
        Assert.Equal(Refusal.UnknownKind, SignedTransaction.TryDecode(bytes, out var transaction));
        Assert.Null(transaction);
    }

    // version, sender of 20 bytes, nonce 0, signature of some length, then the body's own array.
    private static int TransferBody(byte[] bytes)
    {
        var at = 1 + 1 + 1 + Address.Length + 1;
        at += bytes[at] switch { 0x58 => 2 + bytes[at + 1], var head => 1 + (head & 0x1F) };
        return at + 1;
    }

    [Fact]
    public void Simulated_evidence_on_a_ledger_that_is_no_development_ledger()
    {
        var bench = new Workbench(nodes: 1);
        bench.State = new LedgerState(bench.State.Genesis with { Development = false });
        Refused(bench, Refusal.LevelNotAdmissible, bench.Nodes[0], new NodeRegister(Workbench.Profile(bench.Nodes[0]), 10_000));
        Refused(bench, Refusal.LevelNotAdmissible, bench.Requester, new JobPost(Workbench.Terms(1)));
        Refused(bench, Refusal.LevelNotAdmissible, bench.Owner, new OfferPublish(OfferOf(bench, "code")));
    }

    private static OfferTerms OfferOf(Workbench bench, string content) =>
        new() { Kind = OfferKind.App, Content = Workbench.Content(content), Policy = Workbench.Content("policy"), Keeper = bench.Owner.Address, LevelMin = TrustLevel.Simulated };

    [Fact]
    public void Posts_that_the_offers_or_the_numbers_do_not_allow()
    {
        var bench = new Workbench(nodes: 5);
        var demanding = bench.Must(bench.Owner, new OfferPublish(OfferOf(bench, "code") with { LevelMin = TrustLevel.Tpm }));
        var other = bench.Must(bench.Owner, new OfferPublish(OfferOf(bench, "something else")));
        Refused(bench, Refusal.OfferDemandsMore, bench.Requester, new JobPost(Workbench.Terms(1) with { Offers = [demanding] }));
        Refused(bench, Refusal.OfferNotForJob, bench.Requester, new JobPost(Workbench.Terms(1) with { Offers = [other] }));
        Refused(bench, Refusal.Overflow, bench.Requester, new JobPost(Workbench.Terms(1) with { ExecutorPay = EscrowQuote.AmountMax + (Amount)1 }));
        Refused(bench, Refusal.BadList, () => bench.Try(new Payout([])));
        Refused(bench, Refusal.UnknownBatch, () => bench.Try(new BatchClose(Workbench.Hash("no batch"))));
        Refused(bench, Refusal.UnknownBatch, () => bench.Try(new BatchClaim(Workbench.Hash("no batch"), 0, bench.Owner.Address, 1, default, [])));
        Refused(bench, Refusal.WrongEpoch, bench.Nodes[0], new BeaconCommit(bench.State.BeaconEpoch + 2, Workbench.Hash("contribution")));
        Refused(bench, Refusal.WrongEpoch, bench.Nodes[0], new BeaconReveal(bench.State.BeaconEpoch + 1, Workbench.Hash("contribution")));
    }

    [Fact]
    public void Tickets()
    {
        var bench = new Workbench(nodes: 6);
        var twin = bench.Party("twin");
        bench.Must(bench.Requester, new Transfer(twin.Address, 20_000));
        bench.Must(twin, new NodeRegister(Workbench.Profile(twin) with { Chip = Workbench.Profile(bench.Nodes[0]).Chip }, 10_000));
        bench.Go(1);
        var id = bench.Post(Workbench.Terms(1));
        bench.Reach(bench.Job(id).Round.BeaconHeight);
        var node = bench.Nodes[1];
        var ticket = bench.TicketOf(node, id, DrawRole.Executor)!;
        Refused(bench, Refusal.BadUnit, node, ticket with { Units = [1_000_000] });
        Refused(bench, Refusal.BadList, node, ticket with { Units = [] });
        Refused(bench, Refusal.BadList, node, bench.TicketOf(node, id, DrawRole.Verifier)! with { Units = [1, 1] });
        Refused(bench, Refusal.NotAHolder, node, bench.TicketOf(node, id, DrawRole.Executor, local: true)!);
        Refused(bench, Refusal.UnknownTicket, bench.Requester, new TicketChallenge(id, 0, DrawRole.Executor, node.Address));
        bench.Must(node, ticket);
        Refused(bench, Refusal.TicketExists, node, ticket);

        // Two nodes on one chip: the worse ticket finds the better one there.
        var rivals = new[] { bench.Nodes[0], twin }.Select(rival => (Node: rival, Ticket: bench.TicketOf(rival, id, DrawRole.Executor)!)).OrderBy(rival => UnitDraw.Value(rival.Ticket.Output, rival.Ticket.Units[0])).ToList();
        bench.Must(rivals[0].Node, rivals[0].Ticket);
        Refused(bench, Refusal.TicketLoses, rivals[1].Node, rivals[1].Ticket);
    }

    [Fact]
    public void Evidence_votes_and_openings_out_of_turn()
    {
        var bench = new Workbench(nodes: 20);
        var id = bench.Post(Workbench.Terms(1));
        bench.Draw(id);
        var round = bench.Job(id).Round;
        var executor = bench[round.Executors[0].Node];
        var verifiers = round.Verifiers.Select(seat => bench[seat.Node]).ToList();
        Refused(bench, Refusal.NoEvidence, verifiers[0], new VoteCast(id, 0, [new Vote(executor.Address, VoteVerdict.Accept, Workbench.Hash("vote"))]));
        Refused(bench, Refusal.BadList, verifiers[0], new VoteCast(id, 0, []));
        bench.Must(executor, bench.EvidenceOf(executor, id));
        Refused(bench, Refusal.EvidenceExists, executor, bench.EvidenceOf(executor, id));
        Refused(bench, Refusal.NoVote, verifiers[0], new AppraisalOpen(id, 0, [new Opening(executor.Address, Workbench.Hash("appraisal"), Workbench.Hash("salt"))]));
        bench.Must(verifiers[0], bench.VotesOf(verifiers[0], id));
        Refused(bench, Refusal.AlreadyVoted, verifiers[0], bench.VotesOf(verifiers[0], id));

        // All but the last: a quorum admits, the job goes on, and the window closes behind it.
        foreach (var verifier in verifiers[1..^1])
        {
            bench.Must(verifier, bench.VotesOf(verifier, id));
        }

        Assert.Equal(SeatStatus.Admitted, round.Executors[0].Status);
        bench.Reach(round.VoteClose + 1);
        Refused(bench, Refusal.VotingClosed, verifiers[^1], bench.VotesOf(verifiers[^1], id));
    }

    [Fact]
    public void Results_out_of_turn()
    {
        var bench = new Workbench(nodes: 24);
        var alone = bench.Post(Workbench.Terms(1));
        bench.Draw(alone);
        var single = bench[bench.Job(alone).Round.Executors[0].Node];
        Refused(bench, Refusal.NoReleaseNeeded, bench.Owner, new ReleaseRecord(alone, 0, single.Address, Workbench.Hash("no offer"), Workbench.Hash("admission"), Workbench.Hash("wrapped")));
        Refused(bench, Refusal.NotUsed, bench.Requester, new Review(alone, true));
        Refused(bench, Refusal.NotUsed, bench[bench.Job(alone).Round.Verifiers[0].Node], new Judge(alone, 0, true, Workbench.Hash("report")));
        bench.Attest(alone);
        Refused(bench, Refusal.NoCommitmentNeeded, single, bench.CommitOf(single, alone, "42"));

        var id = bench.Post(Workbench.Terms(3));
        bench.Draw(id);
        bench.Attest(id);
        var executors = bench.Job(id).Round.Executors.Select(seat => bench[seat.Node]).ToList();
        bench.Must(executors[0], bench.CommitOf(executors[0], id, "42"));
        Refused(bench, Refusal.AlreadyCommitted, executors[0], bench.CommitOf(executors[0], id, "43"));
        bench.Must(executors[1], bench.CommitOf(executors[1], id, "42"));
        bench.Reach(bench.Job(id).Round.RunClose + 1);
        Assert.Equal(JobPhase.Revealing, bench.Job(id).Phase);
        Refused(bench, Refusal.NoCommitment, executors[2], bench.RevealOf(executors[2], id, "42"));
        bench.Must(executors[0], bench.RevealOf(executors[0], id, "42"));
        Refused(bench, Refusal.AlreadyRevealed, executors[0], bench.RevealOf(executors[0], id, "42"));
    }

    [Fact]
    public void Anything_that_comes_after_its_deadline_before_somebody_drives_the_job()
    {
        var bench = new Workbench(nodes: 20);
        var id = bench.Post(Workbench.Terms(1));
        bench.Draw(id);
        var executor = bench[bench.Job(id).Round.Executors[0].Node];
        bench.Go(bench.Job(id).Deadline - bench.State.Height + 1);
        Refused(bench, Refusal.MustBeDriven, executor, bench.EvidenceOf(executor, id));
        bench.Must(new Drive(id));
    }
}
