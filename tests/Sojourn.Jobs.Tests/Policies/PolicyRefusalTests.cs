using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Jobs.Tests.Verifying;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Jobs.Tests.Policies;

/// <summary>Clauses of an owner's policy, each broken once, over real nodes, enclaves and keepers: no key leaves, the requester sees the closed reason, and gets its money back. Not here: Chip and Tcb, which no evidence breaks that can be made without the hardware
/// (simulated evidence and a TPM's always name a chip and have no TCB): <c>SnpPolicyTests</c>, <c>TdxPolicyTests</c> and <c>PolicyEvaluatorTests</c> break them, over real evidence and over facts.</summary>
[Collection("network")]
public sealed class PolicyRefusalTests(ITestOutputHelper output)
{
    private static readonly DenyReason[] ByPolicy = [DenyReason.Policy];
    private static readonly DenyReason[] ByCount = [DenyReason.Policy, DenyReason.Uses];

    // Reasons are alternatives: whoever looks first may name it.
    private sealed record Broken(string Clause, JobOutcome Outcome, DenyReason[] Denied)
    {
        public Func<DataPolicy, DataPolicy> Data { get; init; } = policy => policy;

        public Func<AppPolicy, AppPolicy> App { get; init; } = policy => policy;

        public Func<JobSpec, JobSpec> Spec { get; init; } = spec => spec;

        public int Runs { get; init; } = 1;

        public FailReason[] Fails { get; init; } = [];
    }

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public async Task Each_clause_is_refused_by_its_name_and_refunded()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var cancel = limit.Token;
        await using var world = await World.StartAsync(cancel);
        var stranger = new Address(Enumerable.Repeat((byte)9, 20).ToArray());
        var other = Cid.ForRaw("another program"u8);

        Assert.Equal(JobOutcome.Succeeded, (await world.RunAsync(new Broken("none", JobOutcome.Succeeded, []), cancel)).Outcome);
        foreach (var broken in (Broken[])
            [
                new("Validity, over", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { NotAfter = DateTimeOffset.UtcNow.AddMinutes(-1) } },
                new("Validity, not yet", JobOutcome.KeyDenied, ByPolicy) { App = policy => policy with { NotBefore = DateTimeOffset.UtcNow.AddDays(1), NotAfter = DateTimeOffset.UtcNow.AddDays(2) } },
                new("Requester", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { AnyRequester = false, Requesters = [stranger] } },
                new("Requester of the app", JobOutcome.KeyDenied, ByPolicy) { App = policy => policy with { AnyRequester = false, Requesters = [stranger] } },
                new("Code", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { Code = [other] } },
                new("Code, by its owner", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { Code = [], AppOwners = [stranger] } },
                new("Level", JobOutcome.NotAdmitted, []) { Data = policy => policy with { Proof = policy.Proof with { Level = TrustLevel.Tee, Kinds = [] } } },
                new("Kind", JobOutcome.NotAdmitted, []) { Data = policy => policy with { Proof = policy.Proof with { Kinds = [EvidenceKind.SevSnp] } } },
                new("Custody", JobOutcome.NotAdmitted, []) { Data = policy => policy with { Proof = policy.Proof with { Custody = CustodyClass.EndorsedDataCentre } } },
                new("Measurement", JobOutcome.NotAdmitted, []) { Data = policy => policy with { Proof = policy.Proof with { Measurements = [Another(policy.Proof.Measurements[0])] } } },
                new("Verifiers", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { Proof = policy.Proof with { VerifiersMin = 50 } } },
                new("Region", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { Proof = policy.Proof with { Regions = ["nz"] } } },
                new("Uses", JobOutcome.KeyDenied, ByCount) { Runs = 2, Data = policy => policy with { Limits = new UseLimits { Uses = 1 } } },
                new("Draws", JobOutcome.KeyDenied, ByCount) { Runs = 2, Data = policy => policy with { Limits = new UseLimits { Draws = 1 } } },
                new("PeriodUses", JobOutcome.KeyDenied, ByCount) { Runs = 2, Data = policy => policy with { Limits = new UseLimits { Period = TimeSpan.FromDays(1), PeriodUses = 1 } } },
                new("PeriodOutput", JobOutcome.KeyDenied, ByCount) { Runs = 2, Data = policy => policy with { Limits = new UseLimits { Period = TimeSpan.FromDays(1), PeriodOutputBytes = 100_000 } } },
                new("OutputSize", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { Output = policy.Output with { BytesMax = 1000 } } },
                new("OutputRecipients, public", JobOutcome.KeyDenied, ByPolicy) { Spec = spec => spec with { Recipients = [] } },
                new("OutputRecipients, named", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { Output = policy.Output with { AnyRecipient = false, Recipients = [world.Owner.Sealing.Public.Bytes] } } },
                new("CodeSecrecy", JobOutcome.KeyDenied, ByPolicy) { App = policy => policy with { OutputMayRevealCode = false, GuardedOutputBytesMax = 1000 } },
                new("Price", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { Price = policy.Price with { PerUse = 5 } } },
                new("Price of the app", JobOutcome.KeyDenied, ByPolicy) { App = policy => policy with { Price = policy.Price with { PerUse = 5 } } },
                new("Consent", JobOutcome.KeyDenied, ByPolicy) { Data = policy => policy with { Pool = new PoolRule { Members = [stranger], MembersMin = 1 } } },
                new("Guards", JobOutcome.FailedByExecutors, []) { Fails = [FailReason.PolicyRefused], Data = policy => policy with { Output = policy.Output with { Guards = [world.Speechless] } } },
            ])
        {
            var view = await world.RunAsync(broken, cancel);
            var denials = view.Rounds.SelectMany(round => round.Executors).SelectMany(executor => executor.Releases).Select(release => release.Denied).OfType<DenyReason>().Distinct().ToList();
            var fails = view.Rounds.SelectMany(round => round.Executors).Select(executor => executor.Fail).OfType<FailReason>().Distinct().ToList();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{broken.Clause}: {view.Outcome} {string.Join(", ", denials)}{string.Join(", ", fails)}"));
            var told = $"{broken.Clause}: {view.Outcome}, denied {string.Join(", ", denials)}, failed {string.Join(", ", fails)}\n{world.Log}";
            Assert.True(view.Outcome == broken.Outcome, told);
            Assert.True(broken.Denied.Length == 0 ? denials.Count == 0 : denials.Count > 0 && denials.All(broken.Denied.Contains), told);
            Assert.True(fails.SequenceEqual(broken.Fails), told);
            Assert.True((await world.Net.Ledger.ExplainAsync(world.Requester.Address, view.Id, 100, cancel)).Any(line => line.Reason == LineReason.Refunded), told);
            Assert.True(view.AgreedTag is null, told);
        }

        // A job that ends early leaves nothing that a node would come back to.
        Assert.DoesNotContain("will be tried again: Could not find", world.Log, StringComparison.Ordinal);
    }

    private static ReferenceSet Another(ReferenceSet set) => set with
    {
        Values = set.Values.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value.Select(value => new string('0', value.Length)).ToImmutableSortedSet(StringComparer.Ordinal), StringComparer.Ordinal),
    };

    private sealed class World : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-clauses-").FullName;
        private readonly StringBuilder _log = new();
        // (module (func (export "_start")))
        private static readonly byte[] Nothing =
        [
            0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00,
            0x07, 0x0A, 0x01, 0x06, 0x5F, 0x73, 0x74, 0x61, 0x72, 0x74, 0x00, 0x00, 0x0A, 0x04, 0x01, 0x02, 0x00, 0x0B,
        ];

        private byte[] _rows = [];

        public DevNetwork Net { get; private set; } = null!;

        public PartyKeys Owner { get; } = PartyKeys.Generate("owner");

        public PartyKeys Lab { get; } = PartyKeys.Generate("lab");

        public PartyKeys Requester { get; } = PartyKeys.Generate("requester");

        /// <summary>A guard that says nothing, and so refuses every output.</summary>
        public Cid Speechless { get; private set; } = null!;

        public string Log
        {
            get
            {
                lock (_log)
                {
                    return _log.ToString();
                }
            }
        }

        public static async Task<World> StartAsync(CancellationToken cancel)
        {
            var world = new World { _rows = Encoding.ASCII.GetBytes("ward,age\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"w{i % 3},{i}\n"))) };
            world.Net = await DevNetwork.StartAsync(
                new DevnetOptions
                {
                    Folder = world._folder,
                    EnclaveFolder = Path.Combine(Vectors.Checkout, "artifacts", "enclave"),
                    Nodes = 2,
                    Verifiers = 3,
                    Bubblewrap = Tools.Find("bwrap"),
                    Listener = world.Heard,
                },
                new Dictionary<Address, Amount> { [world.Requester.Address] = 100_000_000, [world.Owner.Address] = 1_000_000, [world.Lab.Address] = 1_000_000 }, cancel);
            world.Speechless = await new Publisher(world.Net.Gateway.Store).FileAsync(new MemoryStream(Nothing), cancel);
            await world.Net.ServeAsync([], cancel);
            world.Net.StartKeeper(world.Owner);
            world.Net.StartKeeper(world.Lab);
            return world;
        }

        /// <summary>Seals program and table under the changed policies, offers both, and runs a job; the last one's view where it is to be run more than once. Again where a busy machine let the draw pass.</summary>
        public async Task<JobView> RunAsync(Broken broken, CancellationToken cancel)
        {
            var now = DateTimeOffset.UtcNow;
            var app = SignedPolicy.Sign(
                broken.App(new AppPolicy { Title = broken.Clause, Owner = Lab.Address, NotBefore = now.AddMinutes(-5), NotAfter = now.AddDays(30), AnyRequester = true, Proof = Net.Proof, OutputMayRevealCode = true }), Lab.Identity);
            var publicly = new Publisher(Net.Gateway.Store);
            var code = await publicly.SealAsync(new MemoryStream(VerificationWorld.Module("statistics", "group-statistics")), app, [Lab.Sealing.Public], "program", cancel);
            var policy = SignedPolicy.Sign(
                broken.Data(new DataPolicy
                {
                    Title = broken.Clause,
                    Owner = Owner.Address,
                    NotBefore = now.AddMinutes(-5),
                    NotAfter = now.AddDays(30),
                    AnyRequester = true,
                    Code = [code.Content],
                    Proof = Net.Proof,
                    Output = new OutputRule { BytesMax = 64 << 10, AnyRecipient = true },
                }), Owner.Identity);
            var data = await publicly.SealAsync(new MemoryStream(_rows), policy, [Owner.Sealing.Public], "table", cancel);
            var offers = new List<Digest>
            {
                await Net.OfferAsync(Lab, new OfferTerms { Kind = OfferKind.App, Content = code.Content, Policy = app.Cid, Keeper = Lab.Address, Price = 1, LevelMin = TrustLevel.Simulated }, cancel),
                await Net.OfferAsync(Owner, new OfferTerms { Kind = OfferKind.Data, Content = data.Content, Policy = policy.Cid, Keeper = Owner.Address, Price = 1, LevelMin = TrustLevel.Simulated }, cancel),
            };
            JobView view;
            var run = 0;
            do
            {
                view = await OnceAsync(broken, code.Content, data.Content, offers, cancel);
                run += view.Outcome == JobOutcome.NoExecutors ? 0 : 1;
            }
            while (run < broken.Runs);
            return view;
        }

        public async ValueTask DisposeAsync()
        {
            await Net.DisposeAsync();
            Owner.Dispose();
            Lab.Dispose();
            Requester.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private async Task<JobView> OnceAsync(Broken broken, Cid code, Cid data, List<Digest> offers, CancellationToken cancel)
        {
            var spec = broken.Spec(new JobSpec
            {
                Name = broken.Clause,
                Arguments = ["/in/table", "/output/result.csv", "ward", "age"],
                Inputs = [new JobInput("table", data)],
                Recipients = [Requester.Sealing.Public.Bytes],
                OutputBytesMax = 60_000,
            });
            await Net.Gateway.Store.PutAsync(Block.Create(Multicodec.DagCbor, spec.Encode()), cancel);
            var job = (await Net.SubmitAsync(Requester, new JobPost(new JobTerms
            {
                Spec = spec.Cid,
                Code = code,
                Inputs = [data],
                Offers = [.. offers.Order()],
                Verifiers = 3,
                LevelMin = TrustLevel.Simulated,
                RedrawsMax = 0,
                FuelMax = 20_000_000_000,
                MemoryMebibytes = 256,
                ExecutorPay = 100,
                VerifierPay = 5,
                AnswerCommitment = new Digest(RandomNumberGenerator.GetBytes(Digest.Length)),
                Windows = new JobWindows(2, 29, 2400, 2400, 4800, 2400, 100),
            }), cancel)).Subject;
            await foreach (var entry in Net.Ledger.EventsAsync(0, cancel))
            {
                if (entry.Event.Job == job && entry.Event.Kind == EventKind.Closed)
                {
                    break;
                }
            }

            return (await Net.Ledger.JobAsync(job, cancel))!;
        }

        private void Heard(string who, Node.Journal.JournalEntry entry)
        {
            lock (_log)
            {
                _log.Append(CultureInfo.InvariantCulture, $"{who}: {entry.Stage}: {entry.Words}\n");
            }
        }
    }
}
