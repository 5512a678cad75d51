using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Attestation.Simulated;
using Sojourn.Content;
using Sojourn.Content.Dag;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Hosting.DropBox;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Node;
using Sojourn.Node.Journal;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Sealing;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Jobs.Tests.Keeping;

/// <summary>One keeper and a world that it believes: a ledger that says what a test wants, real evidence (simulated, on a development ledger), real policies, real sealed content.</summary>
internal sealed class KeeperScene : IDisposable
{
    private static readonly byte[] Measurement = SHA256.HashData("enclave"u8);
    private readonly SimulatedAttester _attester;
    private readonly List<IDisposable> _owned = [];

    public KeeperScene(string folder)
    {
        Folder = folder;
        var chip = SHA256.HashData("chip"u8);
        _attester = new SimulatedAttester(Measurement, chip, Clock);
        Chip = new ChipIdentity("simulated", Convert.ToHexStringLower(chip));
        Ledger = new FakeLedger(this);
    }

    public string Folder { get; }

    public ChipIdentity Chip { get; }

    public FakeLedger Ledger { get; }

    public MemoryBlocks Blocks { get; } = new();

    public IDropBox DropBox { get; set; } = new MemoryDropBox();

    public PartyKeys Owner { get; } = PartyKeys.Generate("owner");

    public PartyKeys Requester { get; } = PartyKeys.Generate("requester");

    public HpkePrivateKey Enclave { get; } = HpkePrivateKey.Generate();

    public FixedClock Clock { get; } = new();

    public ulong Regions { get; set; }

    public Address Node { get; } = new([.. Enumerable.Repeat((byte)0x11, 20)]);

    public ProofRequirement Proof { get; } = new()
    {
        Level = TrustLevel.Simulated,
        Kinds = [EvidenceKind.Simulated],
        Measurements = [ReferenceSet.Of("enclave", ("simulated", Convert.ToHexStringLower(Measurement)))],
        RequireRevocation = false,
    };

    public Cid Code { get; set; } = Cid.ForRaw("code"u8);

    public PartyKeys Party(string name)
    {
        var made = PartyKeys.Generate(name);
        _owned.Add(made);
        return made;
    }

    /// <summary>A keeper's state, as a process opens it; closing it is the process's end.</summary>
    public KeeperContext Open(PartyKeys? keeper = null, string name = "keeper")
    {
        var uses = new UseLedger(Path.Combine(Folder, name, "uses.log"));
        _owned.Add(uses);
        return new KeeperContext
        {
            Ledger = Ledger,
            Signer = (keeper ?? Owner).Signer,
            Key = (keeper ?? Owner).Sealing,
            Content = Blocks,
            DropBox = DropBox,
            Clock = Clock,
            Journal = new NodeJournal(TimeProvider.System, entry => Said.Add(entry.Words)),
            Uses = uses,
            Books = new KeeperBooks(Path.Combine(Folder, name)),
            Revoked = new RevocationList(Path.Combine(Folder, name, "revoked")),
            StateFolder = Path.Combine(Folder, name),
        };
    }

    public System.Collections.Concurrent.ConcurrentBag<string> Said { get; } = [];

    public DataPolicy DataPolicy(Func<DataPolicy, DataPolicy>? change = null)
    {
        var policy = new DataPolicy
        {
            Title = "data",
            Owner = Owner.Address,
            NotBefore = DateTimeOffset.UtcNow.AddDays(-400),
            NotAfter = DateTimeOffset.UtcNow.AddDays(400),
            AnyRequester = true,
            Code = [Code],
            Proof = Proof,
            Output = new OutputRule { BytesMax = 1000, AnyRecipient = true, Public = true },
        };
        return change?.Invoke(policy) ?? policy;
    }

    public SignedPolicy Sign(OwnerPolicy policy, PartyKeys? owner = null)
    {
        var signed = SignedPolicy.Sign(policy, (owner ?? Owner).Identity);
        Blocks.PutAsync(new Block(signed.Cid, signed.Block)).AsTask().GetAwaiter().GetResult();
        return signed;
    }

    public (Cid Content, SecretKey Key) Seal(SignedPolicy policy, ReadOnlySpan<byte> bytes, params HpkePublicKey[] to)
    {
        using var made = SealedDag.SealFileAsync(new MemoryStream(bytes.ToArray()), new SealingOptions { Recipients = to, Policy = policy.Cid }, Blocks, policy).AsTask().GetAwaiter().GetResult();
        var key = made.ContentKey.Copy();
        _owned.Add(key);
        return (made.Cid, key);
    }

    /// <summary>Code whose owner answers for it; or a policy that lists something else.</summary>
    public Cid SealApp(PartyKeys owner, ReadOnlySpan<byte> bytes, Func<Cid, ImmutableArray<Cid>>? listed = null) => new Publisher(Blocks).SealAppAsync(
        new MemoryStream(bytes.ToArray()),
        body => Sign(new AppPolicy { Title = "app", Owner = owner.Address, NotBefore = DateTimeOffset.UtcNow.AddDays(-1), NotAfter = DateTimeOffset.UtcNow.AddDays(1), AnyRequester = true, Proof = Proof, OutputMayRevealCode = true, Code = listed?.Invoke(body) ?? [body] }, owner),
        [owner.Sealing.Public], null, CancellationToken.None).GetAwaiter().GetResult().Content;

    public Cid PolicyOf(Cid content) =>
        SealedHeader.TryDecode(Blocks.GetAsync(content).AsTask().GetAwaiter().GetResult()!.Data.Span, out var header) == SealedFault.None ? header!.Policy! : throw new InvalidOperationException("no header");

    public OfferView Offer(Cid content, PartyKeys? owner = null, PartyKeys? keeper = null, Amount price = default, bool isSealed = true, OfferKind kind = OfferKind.Data)
    {
        var terms = new OfferTerms { Kind = kind, Content = content, Policy = PolicyOf(content), Keeper = (keeper ?? owner ?? Owner).Address, Price = price, LevelMin = TrustLevel.Simulated, Sealed = isSealed };
        var view = new OfferView(Digest.Of(RandomNumberGenerator.GetBytes(8)), (owner ?? Owner).Address, terms, false, 0, 0);
        Ledger.Offers[view.Id] = view;
        return view;
    }

    /// <summary>An admitted job, with evidence that binds this job and this enclave.</summary>
    public async Task<JobView> JobAsync(IReadOnlyList<OfferView> offers, IReadOnlyList<Cid> inputs, Func<JobSpec, JobSpec>? change = null, int number = 1)
    {
        var spec = new JobSpec { Name = "job", OutputBytesMax = 100, Inputs = [.. inputs.Select((input, i) => new JobInput($"in{i}", input, false))] };
        spec = change?.Invoke(spec) ?? spec;
        await Blocks.PutAsync(Block.Create(Multicodec.DagCbor, spec.Encode()));
        var terms = new JobTerms { Spec = spec.Cid, Code = Code, Inputs = [.. inputs], Offers = [.. offers.Select(offer => offer.Id).Order()], LevelMin = TrustLevel.Simulated };
        var id = Digest.Of([(byte)number, (byte)(number >> 8), 77]);
        var beacon = Digest.Of("beacon"u8);
        var policies = offers.Where(offer => offer.Terms.Sealed).Select(offer => offer.Terms.Policy!).Distinct();
        var receipt = RandomNumberGenerator.GetBytes(33);
        var evidence = await _attester.AttestAsync(
            ReportData.Compute(new JobBinding
            {
                Genesis = Ledger.GenesisDigest.ToArray(), Beacon = beacon.ToArray(), JobId = id.ToArray(), Executor = Node.ToArray(), Round = 0,
                PolicyCids = [.. policies.Select(policy => (ReadOnlyMemory<byte>)policy.Bytes.ToArray())],
                HpkeKey = Enclave.Public.Bytes, ReceiptKey = receipt,
            }), CancellationToken.None);
        var bytes = evidence.Encode();
        var digest = Digest.Of(bytes);
        await DropBox.PutAsync(id, DropNames.Evidence(0, Node, digest), bytes, CancellationToken.None);
        var executor = new ExecutorView(
            Node, SeatStatus.Admitted, false, Amount.Zero, new EvidencePublish(id, 0, Cid.ForRaw(bytes), digest, Enclave.Public.Bytes, receipt, Digest.Zero),
            [new VoteView(Requester.Address, VoteVerdict.Accept, Digest.Zero, null)], Identifiers.Admission(id, 0, Node, digest), 1, [], false, Digest.Zero, null, null);
        var round = new RoundView(0, RoundKind.Primary, 0, 1, beacon, 2, 3, 4, 1_000_000, 1_000_001, 1, false, 1, [executor], []);
        var job = new JobView(id, Requester.Address, terms, 0, JobPhase.Running, 1_000_000, JobOutcome.Open, 0, Amount.Zero, null, null, false, false, [round]);
        Ledger.Jobs[id] = job;
        return job;
    }

    public async Task<ReleaseDecision> DecideAsync(KeeperContext keeper, JobView job, OfferView offer) =>
        await new ReleaseJudge(keeper).DecideAsync(job, job.Round.Executors[0], Ledger.Offers[offer.Id], CancellationToken.None);

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        _attester.Dispose();
        Enclave.Dispose();
        Owner.Dispose();
        Requester.Dispose();
    }

    /// <summary>The time that a test says it is.</summary>
    internal sealed class FixedClock : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + Shift;
    }

    /// <summary>A ledger that says what a test wants.</summary>
    internal sealed class FakeLedger(KeeperScene scene) : ILedger
    {
        public Dictionary<Digest, OfferView> Offers { get; } = [];

        public Dictionary<Digest, JobView> Jobs { get; } = [];

        public List<Transaction> Submitted { get; } = [];

        /// <summary>Called while a node's profile is asked for.</summary>
        public Action? Asked { get; set; }

        public LedgerGenesis Genesis { get; } = new() { Name = "test", Development = true, Issuer = default };

        public Digest GenesisDigest { get; } = Digest.Of("genesis"u8);

        public ValueTask<SubmitResult> SubmitAsync(SignedTransaction transaction, CancellationToken cancellation = default)
        {
            Submitted.Add(transaction.Body);
            return new(new SubmitResult(Refusal.None, default, 1));
        }

        public ValueTask<LedgerHead> HeadAsync(CancellationToken cancellation = default) =>
            new(new LedgerHead(GenesisDigest, 1, 1, default, default, 0, default, 0, default, Amount.Zero, Amount.Zero));

        public ValueTask<AccountView> AccountAsync(Address address, CancellationToken cancellation = default) =>
            new(new AccountView(address, Amount.Zero, Amount.Zero, Amount.Zero, Amount.Zero, Amount.Zero, 0));

        public ValueTask<NodeView?> NodeAsync(Address address, CancellationToken cancellation = default)
        {
            Asked?.Invoke();
            return new(new NodeView(
                address, new NodeProfile { VrfKey = new byte[33], Chip = ChipKey.Of(scene.Chip), Regions = scene.Regions }, 1, 0, Amount.Zero, Amount.Zero, new NodeRecord()));
        }

        public ValueTask<ImmutableArray<NodeView>> NodesAsync(Address after = default, int max = 1000, CancellationToken cancellation = default) => new([]);

        public ValueTask<OfferView?> OfferAsync(Digest id, CancellationToken cancellation = default) => new(Offers.GetValueOrDefault(id));

        public ValueTask<ImmutableArray<OfferView>> OffersAsync(OfferQuery query, CancellationToken cancellation = default) =>
            new([.. Offers.Values.Where(offer => (query.Owner is null || offer.Owner == query.Owner) && (query.Content is null || offer.Terms.Content == query.Content))]);

        public ValueTask<JobView?> JobAsync(Digest id, CancellationToken cancellation = default) => new(Jobs.GetValueOrDefault(id));

        public ValueTask<ImmutableArray<JobSummary>> JobsAsync(JobQuery query, CancellationToken cancellation = default) =>
            new([.. Jobs.Values.Select(job => new JobSummary(job.Id, job.Requester, job.Phase, job.Outcome, 1, Digest.Zero))]);

        public ValueTask<ImmutableArray<LedgerLine>> ExplainAsync(Address address, Digest? job = null, int max = 100, CancellationToken cancellation = default) => new([]);

        public ValueTask<PostQuote> QuoteAsync(JobTerms terms, CancellationToken cancellation = default) => new(new PostQuote(Refusal.None, null));

        public ValueTask<DrawInvitation> InvitationAsync(Digest job, DrawRole role, Address node, CancellationToken cancellation = default) => new(new DrawInvitation(Refusal.UnknownJob, 0, null, 0, 0, false));

        public async IAsyncEnumerable<PositionedEvent> EventsAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation = default)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            yield break;
        }
    }
}
