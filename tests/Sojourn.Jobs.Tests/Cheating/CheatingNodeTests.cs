using System.Security.Cryptography;
using System.Text;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Node;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Jobs.Tests.Cheating;

/// <summary>Nodes that cheat, among honest ones with real enclaves: the right result wins, the cheat loses its bond or its pay, and its line on the ledger says why.</summary>
[Collection("network")]
public sealed class CheatingNodeTests(ITestOutputHelper output)
{
    private const int Cheat = 0;

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public Task A_forged_result_loses_against_the_honest_ones_and_is_not_paid() => RunAsync(new ForgingConduct(), LineReason.UnpaidWrongResult);

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public Task A_committed_result_that_is_withheld_costs_the_bond() => RunAsync(new WithholdingConduct(), LineReason.SlashedNoReveal);

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public Task A_commitment_to_another_result_cannot_be_revealed() => RunAsync(new CopyingConduct(), LineReason.SlashedNoReveal);

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public Task Two_commitments_of_one_node_are_proved_and_slashed() => RunAsync(new EquivocatingConduct(), LineReason.SlashedEquivocation);

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public Task A_false_proof_of_possession_is_voted_down() => RunAsync(new PretendingConduct(), LineReason.UnpaidNotAdmitted);

    private async Task RunAsync(NodeConduct conduct, LineReason expected)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var cancel = limit.Token;
        var folder = Directory.CreateTempSubdirectory("sojourn-cheat-").FullName;
        using var requester = PartyKeys.Generate("requester");
        try
        {
            var net = await DevNetwork.StartAsync(
                new DevnetOptions { Folder = folder, EnclaveFolder = Path.Combine(Vectors.Checkout, "artifacts", "enclave"), Nodes = 3, Verifiers = 4, Bubblewrap = Tools.Find("bwrap") },
                new Dictionary<Address, Amount> { [requester.Address] = 1_000_000 }, cancel);
            await using (net)
            {
                net.Nodes[Cheat].Conduct = conduct;
                var (terms, table) = await PublishAsync(net, requester, cancel);
                await net.ServeAsync([table], cancel);
                var job = (await net.SubmitAsync(requester, new JobPost(terms), cancel)).Subject;
                var view = await CloseAsync(net, requester, job, conduct, cancel);
                var lines = (await net.Ledger.ExplainAsync(net.Nodes[Cheat].Keys.Address, job, 100, cancel)).Select(line => line.Reason).ToList();
                output.WriteLine($"{conduct.GetType().Name}: {view.Outcome}, {string.Join(", ", lines)}");
                Assert.Equal(JobOutcome.Succeeded, view.Outcome);
                Assert.Contains(expected, lines);
                if (expected != LineReason.SlashedEquivocation)
                {
                    Assert.DoesNotContain(LineReason.ExecutorPaid, lines);
                }

                foreach (var honest in net.Nodes.Skip(1))
                {
                    Assert.DoesNotContain(await net.Ledger.ExplainAsync(honest.Keys.Address, job, 100, cancel), line => line.Reason is LineReason.SlashedWrongResult or LineReason.SlashedEquivocation or LineReason.SlashedNoReveal);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(JobTerms Terms, Cid Table)> PublishAsync(DevNetwork net, PartyKeys requester, CancellationToken cancel)
    {
        var module = await File.ReadAllBytesAsync(Path.Combine(Vectors.Checkout, "guests", "statistics", "group-statistics.wasm"), cancel);
        var code = await new Publisher(net.Gateway.Store).FileAsync(new MemoryStream(module), cancel);
        var rows = Encoding.ASCII.GetBytes("ward,age\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"w{i % 3},{i}\n")));
        var table = await new Publisher(new FanOutSink([.. net.Nodes.Where(node => node.Executes).Select(node => node.Content.Store)])).FileAsync(new MemoryStream(rows), cancel);
        var spec = new JobSpec { Name = "cheat", Arguments = ["/in/table", "/output/result.csv", "ward", "age"], Inputs = [new JobInput("table", table)], Recipients = [requester.Sealing.Public.Bytes], OutputBytesMax = 65_536 };
        await net.Gateway.Store.PutAsync(Block.Create(Multicodec.DagCbor, spec.Encode()), cancel);
        return (new JobTerms
        {
            Spec = spec.Cid,
            Code = code,
            Inputs = [table],
            Executors = 3,
            Agreeing = 2,
            Verifiers = 4,
            LevelMin = TrustLevel.Simulated,
            LocalityMin = 1,
            RedrawsMax = 4,
            FuelMax = 20_000_000_000,
            MemoryMebibytes = 256,
            ExecutorPay = 100,
            VerifierPay = 5,
            AnswerCommitment = new Digest(RandomNumberGenerator.GetBytes(32)),
            Windows = new JobWindows(2, 29, 160, 80, 240, 40, 20),
        }, table);
    }

    private static async Task<JobView> CloseAsync(DevNetwork net, PartyKeys requester, Digest job, NodeConduct conduct, CancellationToken cancel)
    {
        await foreach (var entry in net.Ledger.EventsAsync(0, cancel))
        {
            // Whoever sees two contradictory messages may prove them; here the requester does.
            if (entry.Event.Job == job && entry.Event.Kind == EventKind.Revealed && conduct is EquivocatingConduct { First: { } first, Second: { } second } twice && !twice.Told)
            {
                twice.Told = true;
                var shown = await net.Ledger.SubmitAsync(SignedTransaction.Create(new EquivocationProof(first, second), 0, net.Ledger.GenesisDigest, requester.Signer), cancel);
                Assert.True(shown.Applied, shown.Refusal.ToString());
            }

            if (entry.Event.Job == job && entry.Event.Kind == EventKind.Closed)
            {
                break;
            }
        }

        return (await net.Ledger.JobAsync(job, cancel))!;
    }

    private sealed class WithholdingConduct : NodeConduct
    {
        public override bool Reveals => false;
    }

    private sealed class CopyingConduct : NodeConduct
    {
        public override Digest Commitment(in Digest job, in Digest commitment) => Digest.Of(commitment.AsSpan());
    }

    private sealed class PretendingConduct : NodeConduct
    {
        private readonly Digest _invented = Digest.Of("invented"u8);

        public override Digest? Possession(Digest? proved) => _invented;
    }

    private sealed class EquivocatingConduct : NodeConduct
    {
        public bool Told { get; set; }

        public ReadOnlyMemory<byte>? First { get; private set; }

        public ReadOnlyMemory<byte>? Second { get; private set; }

        public override Task CommittedAsync(NodeContext node, ResultCommit sent, CancellationToken cancel)
        {
            First = SignedTransaction.Create(sent, 0, node.Ledger.GenesisDigest, node.Signer).Encoded;
            Second = SignedTransaction.Create(sent with { Commitment = Digest.Of("another"u8) }, 0, node.Ledger.GenesisDigest, node.Signer).Encoded;
            return Task.CompletedTask;
        }
    }
}
