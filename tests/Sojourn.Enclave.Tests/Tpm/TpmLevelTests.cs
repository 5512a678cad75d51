using System.Collections.Immutable;
using System.Text;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Content;
using Sojourn.Hosting.Demo;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Proof;
using Sojourn.Hosting.Publishing;
using Sojourn.Node.Journal;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Testing;

namespace Sojourn.Enclave.Tests.Tpm;

/// <summary>The main job at level tpm, over real processes: a software TPM for every node, and nodes that lie with theirs in every way there is.</summary>
[Trait("speed", "slow")]
public sealed class TpmLevelTests
{
    private static readonly string EnclaveFolder = Path.Combine(Vectors.Checkout, "artifacts", "enclave");

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap", "swtpm")]
    public async Task The_demonstration_runs_at_level_tpm()
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-tpm-").FullName;
        try
        {
            var table = Path.Combine(folder, "table.csv");
            await File.WriteAllTextAsync(table, "ward,age\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"east,{i}\n")));
            var told = new StringBuilder();
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            var result = await new Demonstration(
                new DemoOptions
                {
                    Folder = Path.Combine(folder, "state"),
                    EnclaveFolder = EnclaveFolder,
                    DataFile = table,
                    AppFile = Path.Combine(Vectors.Checkout, "guests", "statistics", "group-statistics.wasm"),
                    Arguments = ["/in/table", "/output/result.csv", "ward", "age"],
                    Bubblewrap = Tools.Find("bwrap"),
                    SoftwareTpm = Tools.Find("swtpm"),
                },
                new DemoStory(title => told.AppendLine(title), line => told.AppendLine(line))).RunAsync(limit.Token);
            Assert.True(result.Outcome == JobOutcome.Succeeded, told.ToString());
            Assert.Equal("NotGenuine", result.Refusals["no proof"]);
            Assert.Equal("NotAcceptable", result.Refusals["wrong enclave"]);
            Assert.Contains("level tpm", told.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("SIMULATED", told.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Seven nodes, each with another lie, are drawn for one job; none gets a key, and the verdicts name what was wrong.</summary>
    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap", "swtpm")]
    public async Task Replayed_quotes_wrong_registers_and_other_nodes_keys_are_refused()
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-tpm-").FullName;
        try
        {
            using var owner = PartyKeys.Generate("owner");
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            var journal = new System.Collections.Concurrent.ConcurrentQueue<string>();
            await using var net = await DevNetwork.StartAsync(
                new DevnetOptions
                {
                    Folder = folder,
                    EnclaveFolder = EnclaveFolder,
                    Nodes = 8,
                    Verifiers = 4,
                    Height = TimeSpan.FromMilliseconds(80),
                    Bubblewrap = Tools.Find("bwrap"),
                    SoftwareTpm = Tools.Find("swtpm"),
                    Listener = (who, entry) => journal.Enqueue($"{who}: {entry.Words}"),
                },
                new Dictionary<Address, Amount> { [owner.Address] = 1_000_000 }, limit.Token);
            Assert.Equal(8, net.Nodes.Where(node => node.Executes).Select(node => node.Chip).Distinct().Count());
            var code = await PublishAsync(net, owner, limit.Token);
            var offer = await net.OfferAsync(owner, new OfferTerms { Kind = OfferKind.App, Content = code.Content, Policy = code.Policy, Keeper = owner.Address, LevelMin = TrustLevel.Tpm }, limit.Token);

            // A register extended by something that no list tells of, and a list that tells of something unknown.
            await SoftwareIma.AppendAsync(net.Nodes[2].Proof.Tpm!, new MeasuredFile("/tmp/rootkit", Digest.Of("rootkit"u8)), null, limit.Token);
            await SoftwareIma.AppendAsync(net.Nodes[3].Proof.Tpm!, new MeasuredFile("/tmp/rootkit", Digest.Of("rootkit"u8)), net.Nodes[3].Proof.ImaList, limit.Token);
            var simulated = NodeProof.Simulated(net.Image.Measurement, net.Nodes[7].Keys.Address);
            await using var closing = simulated;
            await net.ServeAsync([], limit.Token, index => index switch
            {
                0 => attester => new Lying(attester, evidence => evidence, replay: true),
                1 => attester => new Lying(attester, evidence => evidence.With(EvidencePart.PcrValues, Flip(evidence[EvidencePart.PcrValues], 5))),
                4 => _ => net.Nodes[6].Proof.Attester,
                5 => attester => new Lying(attester, evidence => evidence.Without(EvidencePart.ImaLog)),
                6 => attester => new Lying(attester, evidence => evidence.Without(EvidencePart.Certificates)),
                7 => _ => simulated.Attester,
                _ => null,
            });
            net.StartKeeper(owner);
            var spec = new JobSpec { Name = "lies", Recipients = [owner.Sealing.Public.Bytes] };
            await net.Gateway.Store.PutAsync(Block.Create(Multicodec.DagCbor, spec.Encode()), limit.Token);
            var posted = await net.SubmitAsync(owner, new JobPost(new JobTerms
            {
                Spec = spec.Cid,
                Code = code.Content,
                Offers = [offer],
                Executors = 8,
                Agreeing = 5,
                Verifiers = 4,
                RedrawsMax = 0,
                LevelMin = TrustLevel.Tpm,
                ExecutorPay = 10,
                VerifierPay = 1,
                AnswerCommitment = Digest.Of("answer"u8),
                Windows = new JobWindows(2, 28, 400, 300, 400, 100, 20),
            }), limit.Token);
            var view = await ClosedAsync(net, posted.Subject, limit.Token);
            var said = string.Join('\n', journal);
            // The replayed quote is its own node's first one, for a challenge that nobody gave.
            foreach (var (node, verdict) in new[]
            {
                (0, VoteVerdict.NotBound), (1, VoteVerdict.NotGenuine), (2, VoteVerdict.NotGenuine), (3, VoteVerdict.NotAcceptable), (4, VoteVerdict.NotAcceptable),
                (5, VoteVerdict.NotAcceptable), (6, VoteVerdict.NotAcceptable), (7, VoteVerdict.NotAcceptable),
            })
            {
                var seat = view.Rounds.SelectMany(round => round.Executors).First(executor => executor.Node == net.Nodes[node].Keys.Address);
                Assert.True(seat.Admission.IsZero, $"node {node} was admitted\n{said}");
                Assert.Empty(seat.Releases);
                Assert.True(seat.Votes.Length > 0 && seat.Votes.All(vote => vote.Verdict == verdict), $"node {node}: {string.Join(", ", seat.Votes.Select(vote => vote.Verdict))}\n{said}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A machine that ran something else after its evidence cannot use the key that was released for it; its own TPM refuses. Another one does the job.</summary>
    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap", "swtpm")]
    public async Task A_released_key_opens_only_while_the_registers_stand()
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-tpm-").FullName;
        try
        {
            using var owner = PartyKeys.Generate("owner");
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            var journal = new System.Collections.Concurrent.ConcurrentQueue<string>();
            await using var net = await DevNetwork.StartAsync(
                new DevnetOptions
                {
                    Folder = folder,
                    EnclaveFolder = EnclaveFolder,
                    Nodes = 2,
                    Verifiers = 3,
                    ExecutorsVerify = false,
                    Height = TimeSpan.FromMilliseconds(50),
                    Bubblewrap = Tools.Find("bwrap"),
                    SoftwareTpm = Tools.Find("swtpm"),
                    Listener = (who, entry) => journal.Enqueue($"{who}: {entry.Words}"),
                },
                new Dictionary<Address, Amount> { [owner.Address] = 1_000_000 }, limit.Token);
            var code = await PublishAsync(net, owner, limit.Token);
            var offer = await net.OfferAsync(owner, new OfferTerms { Kind = OfferKind.App, Content = code.Content, Policy = code.Policy, Keeper = owner.Address, LevelMin = TrustLevel.Tpm }, limit.Token);
            var moved = new Moving(net.Nodes[0].Proof);
            await net.ServeAsync([], limit.Token, index => index == 0 ? _ => moved : null);
            net.StartKeeper(owner);
            var spec = new JobSpec { Name = "moved", Recipients = [owner.Sealing.Public.Bytes], Arguments = ["/in/none", "/output/x"] };
            await net.Gateway.Store.PutAsync(Block.Create(Multicodec.DagCbor, spec.Encode()), limit.Token);
            for (byte nonce = 0; !moved.Moved; nonce++)
            {
                var posted = await net.SubmitAsync(owner, new JobPost(new JobTerms
                {
                    Spec = spec.Cid,
                    Code = code.Content,
                    Offers = [offer],
                    Verifiers = 3,
                    RedrawsMax = 4,
                    LevelMin = TrustLevel.Tpm,
                    ExecutorPay = 10,
                    VerifierPay = 1,
                    AnswerCommitment = Digest.Of([nonce]),
                    Windows = new JobWindows(2, 29, 1200, 1200, 2400, 1200, 20),
                }), limit.Token);
                var view = await ClosedAsync(net, posted.Subject, limit.Token);
                var said = string.Join('\n', journal);
                Assert.True(view.Outcome == JobOutcome.Succeeded, $"{view.Outcome}\n{said}");
                if (moved.Moved)
                {
                    var seat = view.Rounds.SelectMany(round => round.Executors).First(executor => executor.Node == net.Nodes[0].Keys.Address);
                    Assert.True(seat is { HasKeys: true, Fail: FailReason.Enclave }, $"{seat.Status} {seat.Fail}\n{said}");
                    Assert.Contains("measured state is another one", said, StringComparison.Ordinal);
                    Assert.Contains(view.Rounds.SelectMany(round => round.Executors), executor => executor.Node == net.Nodes[1].Keys.Address && executor.Result is not null);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [ToolFact("swtpm")]
    public async Task A_nodes_chip_outlives_a_kill_and_its_former_tpm_is_ended()
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-tpm-").FullName;
        try
        {
            using var authority = DevelopmentAuthority.LoadOrCreate(Path.Combine(folder, "enrolment.pem"));
            var files = new[] { new MeasuredFile("/enclave/a", Digest.Of("a"u8)) };
            var first = await NodeProof.SoftwareTpmAsync(Path.Combine(folder, "tpm"), Tools.Find("swtpm")!, files, authority.Authority, default);
            var former = int.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "tpm", "process")), System.Globalization.CultureInfo.InvariantCulture);
            // The node is gone without a word; its TPM still runs.
            var second = await NodeProof.SoftwareTpmAsync(Path.Combine(folder, "tpm"), Tools.Find("swtpm")!, files, authority.Authority, default);
            await using (second)
            {
                Assert.Equal(first.Chip, second.Chip);
                Assert.False(Directory.Exists($"/proc/{former}") && (await File.ReadAllTextAsync($"/proc/{former}/cmdline")).Contains(folder, StringComparison.Ordinal));
                var evidence = await second.Attester.AttestAsync(ReportData.ForChallenge("again"u8), default);
                Assert.Equal(QuoteOutcome.Genuine, Verifier.Verify(evidence, authority.Collateral, DateTimeOffset.UtcNow).Outcome);
            }

            await first.DisposeAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<PublishedContent> PublishAsync(DevNetwork net, PartyKeys owner, CancellationToken cancel)
    {
        var policy = SignedPolicy.Sign(
            new AppPolicy { Title = "code", Owner = owner.Address, NotBefore = DateTimeOffset.UtcNow.AddMinutes(-5), NotAfter = DateTimeOffset.UtcNow.AddDays(1), AnyRequester = true, Proof = net.Proof, OutputMayRevealCode = true },
            owner.Identity);
        return await new Publisher(net.Gateway.Store).SealAsync(new MemoryStream(Harness.CopyGuest.Module), policy, [owner.Sealing.Public], "copy", cancel);
    }

    private static async Task<JobView> ClosedAsync(DevNetwork net, Digest job, CancellationToken cancel)
    {
        await foreach (var entry in net.Ledger.EventsAsync(0, cancel))
        {
            if (entry.Event.Job == job && entry.Event.Kind == EventKind.Closed)
            {
                break;
            }
        }

        return (await net.Ledger.JobAsync(job, cancel))!;
    }

    private static byte[] Flip(ReadOnlyMemory<byte> bytes, int at)
    {
        var copy = bytes.ToArray();
        copy[at] ^= 1;
        return copy;
    }

    /// <summary>Changes evidence before it is published, or gives what it gave for a challenge of its own.</summary>
    private sealed class Lying(IAttester inner, Func<Evidence, Evidence> change, bool replay = false) : IAttester
    {
        public EvidenceKind Kind => inner.Kind;

        public async ValueTask<Evidence> AttestAsync(ReportData reportData, CancellationToken cancellation)
        {
            var evidence = await inner.AttestAsync(replay ? ReportData.ForChallenge("an earlier job"u8) : reportData, cancellation);
            return change(replay ? evidence.WithBindingOf(reportData) : evidence);
        }
    }

    /// <summary>Runs a program that nobody measured beforehand, right after the evidence was made: the list and the register say so, and the key's policy no longer holds.</summary>
    private sealed class Moving(NodeProof proof) : IAttester, IMachineKey
    {
        public bool Moved { get; private set; }

        public EvidenceKind Kind => proof.Attester.Kind;

        public async ValueTask<Evidence> AttestAsync(ReportData reportData, CancellationToken cancellation)
        {
            var evidence = await proof.Attester.AttestAsync(reportData, cancellation);
            await SoftwareIma.AppendAsync(proof.Tpm!, new MeasuredFile("/tmp/rootkit", Digest.Of("rootkit"u8)), proof.ImaList, cancellation);
            Moved = true;
            return evidence;
        }

        public ValueTask<byte[]?> AgreeAsync(Evidence evidence, ReadOnlyMemory<byte> point, CancellationToken cancellation) => ((IMachineKey)proof.Attester).AgreeAsync(evidence, point, cancellation);
    }
}
