using System.Collections.Concurrent;
using Sojourn.Attestation;
using Sojourn.Ledger.Ethereum.Exchange;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Ledger.Ethereum.Tests.Chain;
using Sojourn.Ledger.Tests.Conformance;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Simulation.Model;
using Sojourn.Testing;

namespace Sojourn.Ledger.Ethereum.Tests.Market;

/// <summary>Nodes that say to one another what they have to say, and bring it to the chain once; and what becomes of them when others are silent, lie, or do not bring it.</summary>
public sealed partial class ExchangeTests(ChainFixture chain) : IClassFixture<ChainFixture>
{
    private static readonly JobWindows s_windows = new(2, 12, 24, 24, 36, 24, 12);

    [ToolFact(AnvilChain.Tool)]
    public async Task A_round_of_one_mind_costs_one_call()
    {
        await using var network = await Network.CreateAsync(chain);
        var job = await network.RunAsync(3);
        Assert.Equal(JobOutcome.Succeeded, job.Outcome);
        Assert.Single(network.Sent, one => one.StartsWith("Conclusion", StringComparison.Ordinal));
        Assert.DoesNotContain(network.Sent, one => one.Contains("EvidencePublish", StringComparison.Ordinal) || one.Contains("VoteCast", StringComparison.Ordinal) || one.Contains("ResultReveal", StringComparison.Ordinal));
        Assert.All(job.Round.Executors, seat => Assert.Equal(SeatStatus.Revealed, seat.Status));
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task A_single_executor_is_concluded_too()
    {
        await using var network = await Network.CreateAsync(chain);
        Assert.Equal(JobOutcome.Succeeded, (await network.RunAsync(1)).Outcome);
        Assert.Contains("Conclusion", network.Sent);
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task Keys_are_released_between_two_transactions()
    {
        await using var network = await Network.CreateAsync(chain);
        var job = await network.RunAsync(3, isSealed: true);
        Assert.Equal(JobOutcome.Succeeded, job.Outcome);
        Assert.DoesNotContain("Conclusion", network.Sent);
        Assert.True(network.Sent.Count(one => one.Contains("VoteCast", StringComparison.Ordinal)) == 1 && network.Sent.Count(one => one.Contains("ResultReveal", StringComparison.Ordinal)) is 1 or 2, string.Join("; ", network.Sent));
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task A_silent_verifier_costs_nobody_else_anything()
    {
        // Sixteen seats on at least four nodes: without the one that has fewest there is a quorum still.
        await using var network = await Network.CreateAsync(chain);
        var silent = default(Address);
        network.Habits = new NodeHabits { Votes = (node, _) => node.Address == silent ? null : VoteVerdict.Accept };
        var job = await network.RunAsync(3, verifiers: 16, drawn: job => silent = job.Round.Verifiers.MinBy(verifier => verifier.Seats)!.Node);
        Assert.Equal(JobOutcome.Succeeded, job.Outcome);
        Assert.DoesNotContain("Conclusion", network.Sent);
        Assert.All(job.Round.Executors, seat => Assert.Equal(SeatStatus.Revealed, seat.Status));
        await network.PaidAsync(job, except: [silent]);
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task An_executor_without_evidence_costs_nobody_else_anything()
    {
        await using var network = await Network.CreateAsync(chain);
        var silent = default(Address);
        network.Habits = new NodeHabits { Attests = node => node.Address != silent };
        var job = await network.RunAsync(3, drawn: job => silent = job.Round.Executors[1].Node);
        Assert.Equal((JobOutcome.Succeeded, SeatStatus.NoEvidence), (job.Outcome, job.Rounds[0].Executors[1].Status));
        await network.PaidAsync(job, except: [silent]);
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task Whoever_hears_all_results_and_holds_its_own_back_is_the_only_one_to_lose()
    {
        await using var network = await Network.CreateAsync(chain);
        var last = default(Address);
        network.Habits = new NodeHabits { Reveals = node => node.Address != last };
        var job = await network.RunAsync(3, drawn: job => last = job.Round.Executors[2].Node);
        Assert.Equal((JobOutcome.Succeeded, SeatStatus.NoReveal), (job.Outcome, job.Rounds[0].Executors[2].Status));
        await network.PaidAsync(job, except: [last]);
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task Another_result_goes_to_the_chain_and_to_a_dispute()
    {
        await using var network = await Network.CreateAsync(chain);
        var liar = default(Address);
        network.Habits = new NodeHabits { Output = node => node.Address == liar ? "a lie" : "42" };
        var job = await network.RunAsync(2, drawn: job => liar = job.Round.Executors[0].Node);
        Assert.True(job.Disputed);
        var honest = job.Rounds[0].Executors.Single(seat => seat.Node != liar).Node;
        Assert.DoesNotContain(await network.ExplainAsync(honest, job.Id), line => line.Reason.ToString().StartsWith("Slashed", StringComparison.Ordinal));
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task A_vote_against_goes_to_the_chain()
    {
        await using var network = await Network.CreateAsync(chain);
        var refused = default(Address);
        network.Habits = new NodeHabits { Votes = (_, executor) => executor == refused ? VoteVerdict.NotGenuine : VoteVerdict.Accept };
        var job = await network.RunAsync(3, drawn: job => refused = job.Round.Executors[0].Node);
        Assert.Equal((JobOutcome.Succeeded, SeatStatus.Refused), (job.Outcome, job.Rounds[0].Executors[0].Status));
        Assert.DoesNotContain("Conclusion", network.Sent);
        Assert.Single(network.Sent, one => one.Contains("EvidencePublish", StringComparison.Ordinal));
    }

    /// <summary>Nobody hears anybody, or only some do, or what is heard is garbage, or it comes from a hostile node.</summary>
    [ToolTheory(AnvilChain.Tool)]
    [InlineData("away")]
    [InlineData("deaf")]
    [InlineData("garbage")]
    [InlineData("swapped")]
    [InlineData("too long")]
    [InlineData("no bundles")]
    [InlineData("wrong bundles")]
    public async Task A_bad_drop_box_costs_gas_and_nothing_else(string fault)
    {
        await using var network = await Network.CreateAsync(chain);
        network.Box.Fault = fault;
        var job = await network.RunAsync(3);
        Assert.Equal(JobOutcome.Succeeded, job.Outcome);
        Assert.DoesNotContain("Conclusion", network.Sent);
        await network.PaidAsync(job, except: []);
    }

    /// <summary>Who is in turn does not bring what was said; the next does, and the last in time.</summary>
    [ToolFact(AnvilChain.Tool)]
    public async Task Who_should_bring_it_and_does_not_is_replaced()
    {
        await using var network = await Network.CreateAsync(chain);
        network.Idle = 5;
        var job = await network.RunAsync(3);
        Assert.Equal(JobOutcome.Succeeded, job.Outcome);
        Assert.Contains("Conclusion", network.Sent);
    }

    /// <summary>A node that was started again goes on with what it has said, and says nothing else.</summary>
    [ToolFact(AnvilChain.Tool)]
    public async Task What_was_said_survives_a_restart()
    {
        await using var network = await Network.CreateAsync(chain, keeps: true);
        var job = await network.RunAsync(3, restarts: true);
        Assert.Equal(JobOutcome.Succeeded, job.Outcome);
        await network.PaidAsync(job, except: []);
        await network.RestartAllAsync();
        Assert.Empty(Directory.GetFiles(network.Folder, "*", SearchOption.AllDirectories));
    }

    /// <summary>A world whose nodes each have an exchange of their own.</summary>
    private sealed class Network : IAsyncDisposable
    {
        private readonly EthereumWorld _world;
        private readonly Dictionary<Address, ExchangeLedger> _ledgers = [];
        private readonly bool _keeps;

        private Network(EthereumWorld world, bool keeps)
        {
            (_world, _keeps) = (world, keeps);
            Box = new TestBox();
            Folder = Directory.CreateTempSubdirectory("sojourn-exchange-").FullName;
            foreach (var node in world.Nodes)
            {
                _ledgers[node.Address] = Make(node);
            }
        }

        public TestBox Box { get; }

        public string Folder { get; }

        public NodeHabits Habits { get; set; } = new();

        /// <summary>The first so many of a round's turns do nothing.</summary>
        public int Idle { get; set; }

        public IReadOnlyList<SentTransaction> SentAll => _world.Chain.Sent;

        public IReadOnlyList<string> Sent => [.. _world.Chain.Sent.Select(one => one.What)];

        public static async Task<Network> CreateAsync(ChainFixture chain, bool keeps = false)
        {
            var world = await EthereumWorld.CreateAsync(chain, new WorldSpec(9, Workbench.Rules with { AuditFloor = 0 }, true));
            await world.Register();
            return new Network(world, keeps);
        }

        public async Task<JobView> RunAsync(byte executors, bool isSealed = false, byte verifiers = 4, Action<JobView>? drawn = null, bool restarts = false)
        {
            var terms = Workbench.Terms(executors, (executors / 2) + 1, verifiers) with { Windows = s_windows, VerifierNodesMin = (byte)(verifiers / 4), LevelMin = TrustLevel.Simulated, Audit = 0, RedrawsMax = 1 };
            if (isSealed)
            {
                var offer = await _world.Must(_world.Nodes[8], new OfferPublish(new OfferTerms { Kind = OfferKind.Data, Content = terms.Inputs[0], Policy = Workbench.Content("policy"), Sealed = true, Keeper = _world.Nodes[8].Address, Price = 5, LevelMin = TrustLevel.Simulated }));
                terms = terms with { Offers = [offer] };
            }

            var id = await _world.Must(_world.Requester, new JobPost(terms));
            var driver = new NetworkDriver(_world.Chain, _world.Nodes, AdvanceAsync, Habits) { LedgerOf = party => _ledgers[party.Address] };
            if (isSealed)
            {
                driver.Keepers[_world.Nodes[8].Address] = (_world.Nodes[8], null);
            }

            var attesting = await driver.Reach(id, JobPhase.Attesting);
            Assert.Equal(JobPhase.Attesting, attesting.Phase);
            drawn?.Invoke(attesting);
            if (Idle > 0)
            {
                foreach (var seat in attesting.Round.Executors.Select(seat => seat.Node).Concat(attesting.Round.Verifiers.Select(seat => seat.Node)).Take(Idle))
                {
                    await RestartAsync(seat, brings: false);
                }
            }

            if (restarts)
            {
                _restartsLeft = 6;
            }

            return await driver.Run(id);
        }

        /// <summary>Everybody who sat in the first rounds was paid for it, but for these.</summary>
        public async Task PaidAsync(JobView job, Address[] except)
        {
            var lines = new List<LedgerLine>();
            foreach (var node in job.Rounds.SelectMany(round => round.Executors.Select(seat => seat.Node).Concat(round.Verifiers.Select(seat => seat.Node))).Distinct())
            {
                var its = await _world.Chain.ExplainAsync(node, job.Id);
                var paid = its.Any(line => line.Reason is Protocol.Reasons.LineReason.ExecutorPaid or Protocol.Reasons.LineReason.VerifierPaid or Protocol.Reasons.LineReason.DisputePaid && !line.Amount.IsZero);
                Assert.True(paid != except.Contains(node), $"{node}: {string.Join(", ", its.Select(line => $"{line.Reason} {line.Amount}"))}");
                lines.AddRange(its);
            }
        }

        public async Task<IReadOnlyList<LedgerLine>> ExplainAsync(Address node, Digest job) => await _world.Chain.ExplainAsync(node, job);

        public async ValueTask DisposeAsync()
        {
            foreach (var ledger in _ledgers.Values)
            {
                await ledger.DisposeAsync();
            }

            await _world.DisposeAsync();
            Directory.Delete(Folder, recursive: true);
        }

        private int _restartsLeft;

        public async Task RestartAllAsync()
        {
            foreach (var node in _world.Nodes)
            {
                await RestartAsync(node.Address);
            }
        }

        private async Task RestartAsync(Address node, bool brings = true)
        {
            await _ledgers[node].DisposeAsync();
            _ledgers[node] = Make(_world.Nodes.First(party => party.Address == node), brings);
        }

        private async Task AdvanceAsync(ulong heights)
        {
            foreach (var (node, ledger) in _ledgers.ToList())
            {
                await ledger.StepAsync();
                if (_restartsLeft > 0 && Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Any())
                {
                    _restartsLeft--;
                    await RestartAsync(node);
                }
            }

            await _world.AdvanceAsync(heights);
        }

        private ExchangeLedger Make(Party node, bool brings = true) => new(
            _world.Chain, node.Signer, Box, new ExchangeOptions { Folder = _keeps ? Path.Combine(Folder, node.Name) : null, Poll = Timeout.InfiniteTimeSpan, TurnHeights = 1, Brings = brings });
    }

    /// <summary>A drop box that can be made to misbehave.</summary>
    private sealed class TestBox : IDropBox
    {
        private readonly ConcurrentDictionary<(Digest Job, string Name), ReadOnlyMemory<byte>> _objects = new();

        public string Fault { get; set; } = "";

        public ValueTask PutAsync(Digest job, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
        {
            Assert.True(DropNames.Fits(name, content.Span), name);
            if (Fault == "away")
            {
                throw new IOException("the box is away");
            }

            _objects.TryAdd((job, name), content);
            return ValueTask.CompletedTask;
        }

        public ValueTask<ReadOnlyMemory<byte>?> GetAsync(Digest job, string name, CancellationToken cancel)
        {
            var bundle = name.EndsWith($"-{DropNames.SaidMax}", StringComparison.Ordinal);
            ReadOnlyMemory<byte>? found = _objects.TryGetValue((job, name), out var content) ? (ReadOnlyMemory<byte>?)content : null;
            return ValueTask.FromResult(Fault switch
            {
                "away" => throw new IOException("the box is away"),
                "deaf" => null,
                "garbage" => (ReadOnlyMemory<byte>?)new byte[] { 1, 2, 3 },
                "too long" => new byte[DropNames.SaidBytesMax + 1],
                "swapped" when found is not null => _objects.Values.First(),
                "no bundles" when bundle => null,
                "wrong bundles" when bundle => new byte[66],
                _ => found,
            });
        }
    }
}
