using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Ethereum.Tests.Market;

/// <summary>A round's bundles, and the messages that they stand for.</summary>
internal sealed record RandomConclusion(Digest Job, IReadOnlyList<ExecutorBundle> Executors, IReadOnlyList<VerifierBundle> Verifiers, IReadOnlyList<(Address Author, Transaction Body)> Messages);

/// <summary>Draws transactions: mostly what fits the state at hand, often what nearly fits, sometimes nonsense.</summary>
internal sealed class RandomActor(EthereumWorld world, int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<Digest> _jobs = [];
    private readonly List<(Digest Id, Party Owner)> _offers = [];
    private readonly List<(Digest Id, PaymentBatch Payments)> _batches = [];
    private PaymentBatch? _posted;
    private readonly Dictionary<(Digest Job, byte Round, Address Node), ResultStatement> _results = [];

    /// <summary>How often each kind was taken.</summary>
    public Dictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    private LedgerState State => world.Chain.Replica.State;

    public static Digest? JobOf(Transaction body) => body switch
    {
        Ticket b => b.Job, EvidencePublish b => b.Job, VoteCast b => b.Job, AppraisalOpen b => b.Job, ReleaseRecord b => b.Job, ReleaseDeny b => b.Job, ResultCommit b => b.Job, ResultReveal b => b.Job,
        ResultFail b => b.Job, Judge b => b.Job, Review b => b.Job, KnownAnswerOpen b => b.Job, Drive b => b.Job, TicketChallenge b => b.Job, _ => null,
    };

    public void Took(Party party, Transaction body, Digest subject)
    {
        Counts[body.Kind.ToString()] = Counts.GetValueOrDefault(body.Kind.ToString()) + 1;
        switch (body)
        {
            case JobPost: _jobs.Add(subject); break;
            case OfferPublish: _offers.Add((subject, party)); break;
            case BatchPost: _batches.Add((subject, _posted!)); break;
            default: break;
        }
    }

    public (Party Party, Transaction Body) Next()
    {
        var open = _jobs.Where(id => State.OpenJobs.ContainsKey(id)).ToList();
        if (State.Nodes.Count < world.Nodes.Count && _random.Next(2) == 0)
        {
            var fresh = world.Nodes.First(node => !State.Nodes.ContainsKey(node.Address));
            return (fresh, Register(fresh));
        }

        if (open.Count > 0 && _random.Next(10) < 8 && Job(open[_random.Next(open.Count)]) is { } move)
        {
            return move;
        }

        return Market(open.Count);
    }

    public void Concluded(bool applied)
    {
        var name = applied ? "Conclusion" : "Conclusion refused";
        Counts[name] = Counts.GetValueOrDefault(name) + 1;
    }

    /// <summary>Sometimes, where a round is drawn and nobody has said anything yet: everything at once, mostly right.</summary>
    public RandomConclusion? Conclusion()
    {
        var job = State.OpenJobs.Values.OrderBy(job => job.Id).FirstOrDefault(job => job.Phase == JobPhase.Attesting && job.Round.Executors.All(seat => seat.Status == SeatStatus.Drawn));
        if (job is null || _random.Next(3) != 0)
        {
            return null;
        }

        var (id, round) = (job.Id, job.Round);
        var executors = round.Executors.Select(seat => world.Nodes.First(node => node.Address == seat.Node)).OrderBy(node => node.Address).ToList();
        var verifiers = round.Verifiers.Select(seat => world.Nodes.First(node => node.Address == seat.Node)).ToList();
        var result = Workbench.ResultOf("42");
        // A job with a sealed offer cannot be concluded, whatever else is wrong: the contract says so first.
        var isSealed = job.Terms.Offers.Any(offer => State.Offers[offer].Terms.Sealed);
        var wrong = _random.Next(6) == 0 && !isSealed ? _random.Next(executors.Count) : -1;
        var bundles = executors.Select((node, i) => RoundBundles.Sign(
            world.Chain,
            new EvidencePublish(id, round.Index, Workbench.Content("evidence"), Workbench.Hash($"evidence {node.Name}"), new byte[65], node.Receipt.PublicKey, i == wrong ? Workbench.Hash("other") : PossessionOf(round, node.Address)),
            new ResultReveal(id, round.Index, result, round.Commits ? Workbench.Hash("nonce") : Digest.Zero, node.Receipt.Sign(Identifiers.Statement(id, round.Index, node.Address, result)), Workbench.Content("receipt")),
            round.Commits, node.Signer)).ToList();
        var ballots = verifiers.Select(node => RoundBundles.Sign(
            world.Chain, new AppraisalOpen(id, round.Index, [.. executors.Select(executor => new Opening(executor.Address, Workbench.Hash("appraisal"), Salt(node.Address)))]), node.Signer)).ToList();
        List<(Address, Transaction)> messages =
        [
            .. bundles.Select(bundle => (bundle.Node, (Transaction)bundle.Evidence)), .. ballots.Select(bundle => (bundle.Node, (Transaction)RoundBundles.VotesOf(bundle.Openings, bundle.Node))),
            .. ballots.Select(bundle => (bundle.Node, (Transaction)bundle.Openings)),
            .. bundles.Where(_ => round.Commits).Select(bundle => (bundle.Node, (Transaction)new ResultCommit(id, round.Index, Identifiers.Commitment(id, round.Index, bundle.Node, result, bundle.Result.Nonce)))),
            .. bundles.Select(bundle => (bundle.Node, (Transaction)bundle.Result)),
        ];
        return new RandomConclusion(id, bundles, ballots, messages);
    }

    private Party Anyone() => _random.Next(6) == 0 ? world.Requester : world.Nodes[_random.Next(world.Nodes.Count)];

    private Amount Some(ulong max) => (ulong)_random.NextInt64((long)max + 1);

    private NodeRegister Register(Party node) => new(
        Workbench.Profile(node, Workbench.Content("input")) with { PricePerJob = (ulong)_random.Next(3), Regions = (ulong)_random.Next(4), Level = (TrustLevel)_random.Next(3) },
        _random.Next(12) == 0 ? Some(60_000) : 10_000);

    private (Party, Transaction) Market(int open)
    {
        var party = Anyone();
        var offer = _offers.Count > 0 && _random.Next(8) != 0 ? _offers[_random.Next(_offers.Count)] : (Id: Workbench.Hash("no offer"), Owner: party);
        var batch = _batches.Count > 0 ? _batches[_random.Next(_batches.Count)] : default;
        switch (_random.Next(open < 3 ? 22 : 16))
        {
            case 0: return (party, new Transfer(_random.Next(10) == 0 ? Address.Zero : Anyone().Address, Some(30_000)));
            case 1: return (party, new Withdraw(Some(200), Workbench.Hash("out")));
            case 2: return (party, new StakeAdd(Some(3_000)));
            case 3: return (party, new StakeUnbond(Some(4_000)));
            case 4: return (party, new StakeClaim(party.Address));
            case 5: return (party, Register(party));
            case 6: return (party, new Payout([.. world.Nodes.Take(_random.Next(4)).Select(node => node.Address)]));
            case 7: return (_random.Next(4) == 0 ? party : offer.Owner, new OfferWithdraw(offer.Id));
            case 8 or 9:
                var isSealed = _random.Next(3) != 0;
                return (party, new OfferPublish(new OfferTerms
                {
                    Threshold = (byte)(_random.Next(3) == 0 && (isSealed || _random.Next(8) == 0) ? _random.Next(1, 4) : 0),
                    Kind = (OfferKind)_random.Next(2), Content = Workbench.Content(_random.Next(2) == 0 ? "input" : "code"), Policy = _random.Next(2) == 0 ? null : Workbench.Content("policy"), Sealed = isSealed,
                    Keeper = _random.Next(8) == 0 ? Address.Zero : party.Address, Price = Some(50), LevelMin = (TrustLevel)_random.Next(2), UsesMax = (uint)_random.Next(4), DrawsMax = (uint)_random.Next(6),
                    Expires = _random.Next(4) == 0 ? State.Height + (ulong)_random.Next(40) : 0,
                }));
            case 10:
            {
                var payments = ImmutableArray.CreateBuilder<BatchPayment>();
                for (var i = 0; i <= _random.Next(7); i++)
                {
                    payments.Add(new BatchPayment(Anyone().Address, Some(20), Workbench.Hash($"work {i}")));
                }

                _posted = new PaymentBatch(world.Requester.Address, payments.ToImmutable());
                return (world.Requester, new BatchPost(_posted.Root, (uint)payments.Count, _posted.Total, (uint)_random.Next(9)));
            }

            case 11 or 12 when batch.Payments is { } known:
            {
                var index = _random.Next(known.Payments.Length);
                var payment = known.Payments[index];
                return (party, new BatchClaim(batch.Id, (uint)index, payment.To, _random.Next(6) == 0 ? payment.Amount + 1 : payment.Amount, payment.Details, known.PathOf(index)));
            }

            case 13 when batch.Payments is not null: return (party, new BatchClose(batch.Id));
            default: return (world.Requester, new JobPost(Terms(offer.Id)));
        }
    }

    private JobTerms Terms(Digest offer)
    {
        var executors = (byte)(1 + _random.Next(3));
        var terms = Workbench.Terms(executors) with
        {
            Windows = new JobWindows(2, (uint)_random.Next(8, 24), 12, 16, 16, 12, 12), Verifiers = (byte)_random.Next(1, 6), RedrawsMax = (byte)_random.Next(3), Audit = _random.Next(3) == 0 ? 1_000_000u : 0,
            Modes = _random.Next(3) == 0 ? VerificationModes.Review : VerificationModes.None, LocalityMin = (byte)_random.Next(3), StoragePay = Some(30),
        };
        if (_random.Next(4) == 0)
        {
            terms = terms with { Offers = [.. _offers.Select(known => known.Id).Where(_ => _random.Next(4) == 0).Take(3).Append(offer).Distinct().Order()] };
        }

        return _random.Next(20) switch
        {
            0 => terms with { Agreeing = 0 },
            1 => terms with { Windows = terms.Windows with { Ticket = 200 } },
            2 => terms with { ExecutorBond = 1 },
            3 => terms with { ExecutorPay = 1_000_000_000 },
            _ => terms,
        };
    }

    private (Party, Transaction)? Job(Digest id)
    {
        var job = State.OpenJobs[id];
        var round = job.Round;
        var index = _random.Next(25) == 0 ? (byte)(round.Index + 1) : round.Index;
        if ((job.Phase == JobPhase.Drawing && round.BeaconHeight == State.Height + 1) || (job.Phase == JobPhase.AuditDraw && State.Height <= job.Deadline))
        {
            // What the very block of a beacon brings is known only when it is there.
            return null;
        }

        if (State.Height >= job.Deadline && _random.Next(3) != 0)
        {
            return (world.Requester, new Drive(id));
        }

        if (_random.Next(40) == 0)
        {
            return (_random.Next(2) == 0 ? world.Requester : Anyone(), _random.Next(3) switch { 0 => new JobCancel(id), 1 => new Drive(id), _ => new Review(id, _random.Next(2) == 0) });
        }

        var executor = round.Executors.Count > 0 && _random.Next(10) != 0 ? round.Executors[_random.Next(round.Executors.Count)].Node : Anyone().Address;
        var party = world.Nodes.FirstOrDefault(node => node.Address == executor) ?? Anyone();
        var voter = round.Verifiers.Count > 0 && _random.Next(10) != 0 ? world.Nodes.FirstOrDefault(node => node.Address == round.Verifiers[_random.Next(round.Verifiers.Count)].Node) ?? Anyone() : Anyone();
        switch (job.Phase)
        {
            case JobPhase.Drawing:
                return Draw(job, index);
            case JobPhase.Attesting when _random.Next(3) == 0:
                return (party, new EvidencePublish(id, index, Workbench.Content("evidence"), Workbench.Hash($"evidence {party.Name}"), new byte[65], _random.Next(20) == 0 ? new byte[5] : party.Receipt.PublicKey, PossessionOf(round, party.Address)));
            case JobPhase.Attesting when _random.Next(4) != 0:
            {
                var about = round.Executors.Where(seat => seat.Evidence is not null && (_random.Next(12) == 0 || round.VerifierIndex(voter.Address) is var at && (at < 0 || seat.Votes[at] is null))).Select(seat => seat.Node).Order().ToList();
                return about.Count == 0 ? null : (voter, new VoteCast(id, index, [.. about.Select(node => new Vote(node, _random.Next(6) == 0 ? VoteVerdict.NotGenuine : VoteVerdict.Accept, Appraisal(id, index, node, voter.Address)))]));
            }

            case JobPhase.Attesting or JobPhase.Running when _random.Next(5) == 0:
                return Open(job, round, voter);
            case JobPhase.Attesting or JobPhase.Running when _random.Next(4) == 0 && job.Terms.Offers.Length > 0:
            {
                var offer = job.Terms.Offers[_random.Next(job.Terms.Offers.Length)];
                var keeper = world.Nodes.Append(world.Requester).FirstOrDefault(one => one.Address == State.Offers[offer].Terms.Keeper) ?? Anyone();
                return (keeper, _random.Next(8) == 0
                    ? new ReleaseDeny(id, index, executor, offer, DenyReason.Policy)
                    : new ReleaseRecord(id, index, executor, offer, round.Executor(executor)?.Admission ?? Digest.Zero, Workbench.Hash("wrapped")));
            }

            case JobPhase.Attesting or JobPhase.Running when round.Commits && _random.Next(8) != 0:
                return (party, new ResultCommit(id, index, Identifiers.Commitment(id, round.Index, party.Address, ResultOf(id, round.Index, party), Workbench.Hash("nonce"))));
            case JobPhase.Running or JobPhase.Attesting when _random.Next(6) == 0:
                return (party, new ResultFail(id, index, FailReason.Resources));
            case JobPhase.Attesting or JobPhase.Running or JobPhase.Revealing:
            {
                if (round.Executor(party.Address)?.Evidence is null)
                {
                    return null;
                }

                var statement = ResultOf(id, round.Index, party);
                if (_random.Next(15) == 0)
                {
                    statement = statement with { Fuel = statement.Fuel + 1 };
                }

                var signature = party.Receipt.Sign(Identifiers.Statement(id, round.Index, party.Address, statement));
                return (party, new ResultReveal(id, index, statement, round.Commits ? Workbench.Hash("nonce") : Digest.Zero, signature, Workbench.Content("receipt")));
            }

            case JobPhase.Judging when _random.Next(3) == 0:
                return (world.Requester, new Review(id, _random.Next(3) != 0));
            default:
                return Open(job, round, voter);
        }
    }

    private (Party, Transaction)? Draw(JobState job, byte index)
    {
        var node = world.Nodes[_random.Next(world.Nodes.Count)];
        var role = _random.Next(2) == 0 ? DrawRole.Executor : DrawRole.Verifier;
        if (State.TicketAlpha(job, role) is not { } alpha)
        {
            return _random.Next(3) == 0 ? (node, new Ticket(job.Id, index, role, Digest.Zero, new byte[81], [0], Digest.Zero)) : null;
        }

        if (_random.Next(30) == 0)
        {
            return (world.Requester, new TicketChallenge(job.Id, job.Round.Index, role, node.Address));
        }

        var proof = node.Vrf.Prove(alpha, out var value);
        if (_random.Next(25) == 0)
        {
            value = Workbench.Hash($"a lie of {node.Name}");
        }

        var units = role == DrawRole.Executor ? 1 : job.Terms.Verifiers;
        var best = UnitDraw.Best(value, _random.Next(20) == 0 ? 99u : 10u, units);
        var local = role == DrawRole.Executor && _random.Next(3) == 0;
        return (node, new Ticket(job.Id, index, role, value, proof, [.. best], local ? Identifiers.Possession(node.Address, Workbench.Hash("leaf")) : Digest.Zero));
    }

    private (Party, Transaction)? Open(JobState job, RoundState round, Party voter)
    {
        var at = round.VerifierIndex(voter.Address);
        if (at < 0)
        {
            return _random.Next(4) == 0 ? (voter, new AppraisalOpen(job.Id, round.Index, [new Opening(voter.Address, Digest.Zero, Digest.Zero)])) : null;
        }

        var openings = round.Executors.Where(seat => seat.Votes[at] is { Opened: null }).OrderBy(seat => seat.Node).Select(seat => new Opening(seat.Node, Workbench.Hash("appraisal"), Salt(voter.Address))).ToImmutableArray();
        return openings.IsEmpty ? null : (voter, new AppraisalOpen(job.Id, round.Index, _random.Next(15) == 0 ? [openings[0] with { Salt = Digest.Zero }] : openings));
    }

    private static Digest Salt(Address voter) => Workbench.Hash($"salt {voter}");

    private static Digest Appraisal(Digest id, byte round, Address executor, Address voter) => Identifiers.Appraisal(id, round, executor, voter, Workbench.Hash("appraisal"), Salt(voter));

    private static Digest PossessionOf(RoundState round, Address node) => round.Executor(node) is { Local: true } ? Workbench.Hash("leaf") : Digest.Zero;

    private ResultStatement ResultOf(Digest id, byte round, Party party)
    {
        if (!_results.TryGetValue((id, round, party.Address), out var result))
        {
            _results.Add((id, round, party.Address), result = Workbench.ResultOf(_random.Next(6) == 0 ? "a lie" : "42"));
        }

        return result;
    }
}
