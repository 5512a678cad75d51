using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

/// <summary>The whole state of a ledger and the one function that changes it.</summary>
/// <remarks>
/// Pure: what happens depends on the state, the transaction and the context alone. A transaction is checked whole before anything changes, so a refused one
/// leaves no trace. All arithmetic is on integers and every loop is bounded by the rules, so that a contract can do the same. One writer; not safe for readers
/// beside it (adapters hold a lock).
/// </remarks>
public sealed partial class LedgerState
{
    private readonly Dictionary<Address, AccountState> _accounts;
    private readonly Dictionary<Address, NodeState> _nodes;
    private readonly Dictionary<Digest, OfferState> _offers;
    private readonly Dictionary<Digest, JobState> _jobs;
    private readonly Dictionary<Digest, BatchState> _batches;
    private readonly HashSet<Digest> _references;
    private readonly ClosedJobTable _closed;
    private ApplyContext _context = null!;

    /// <summary>The state at genesis.</summary>
    /// <param name="genesis">The genesis.</param>
    public LedgerState(LedgerGenesis genesis)
    {
        ArgumentNullException.ThrowIfNull(genesis);
        Genesis = genesis;
        Rules = genesis.Rules;
        GenesisDigest = GenesisCodec.DigestOf(genesis);
        _accounts = [];
        _nodes = [];
        _offers = [];
        _jobs = [];
        _batches = [];
        _references = [];
        _closed = new ClosedJobTable();
        Beacon = new ProtocolHash("sojourn/beacon/0").Add(GenesisDigest).Finish();
        foreach (var (to, amount) in genesis.Allocations)
        {
            Account(to).Free += amount;
            TokensHeld += amount;
        }
    }

    private LedgerState(LedgerState from)
    {
        Genesis = from.Genesis;
        Rules = from.Rules;
        GenesisDigest = from.GenesisDigest;
        _accounts = from._accounts.ToDictionary(pair => pair.Key, pair => pair.Value.Copy());
        _nodes = from._nodes.ToDictionary(pair => pair.Key, pair => pair.Value.Copy());
        _offers = from._offers.ToDictionary(pair => pair.Key, pair => pair.Value.Copy());
        _jobs = from._jobs.ToDictionary(pair => pair.Key, pair => pair.Value.Copy());
        _batches = from._batches.ToDictionary(pair => pair.Key, pair => pair.Value.Copy());
        _references = [.. from._references];
        _closed = from._closed.Copy();
        _dueBeacons = new SortedDictionary<ulong, BeaconSlot>(from._dueBeacons.ToDictionary(pair => pair.Key, pair => pair.Value with { }));
        _commitments = new Dictionary<(Address, ulong), Digest>(from._commitments);
        foreach (var job in _jobs.Values)
        {
            Schedule(job);
        }

        Height = from.Height;
        Beacon = from.Beacon;
        Mix = from.Mix;
        TokensHeld = from.TokensHeld;
        Treasury = from.Treasury;
        Escrowed = from.Escrowed;
        EventDigest = from.EventDigest;
        ClosedDigest = from.ClosedDigest;
        Receipts = from.Receipts.Copy();
    }

    private LedgerState(LedgerState from, JobState job)
    {
        HashSet<Address> touched = [job.Requester, .. job.Rounds.SelectMany(round => round.Executors.Select(seat => seat.Node).Concat(round.Verifiers.Select(seat => seat.Node)))];
        Genesis = from.Genesis;
        Rules = from.Rules;
        GenesisDigest = from.GenesisDigest;
        _accounts = from._accounts.Where(pair => touched.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value.Copy());
        _nodes = from._nodes.Where(pair => touched.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value.Copy());
        _offers = job.Terms.Offers.ToDictionary(id => id, id => from._offers[id].Copy());
        _jobs = new Dictionary<Digest, JobState> { [job.Id] = job.Copy() };
        _batches = [];
        _references = [];
        _closed = new ClosedJobTable();
        _dueBeacons = new SortedDictionary<ulong, BeaconSlot>(from._dueBeacons.ToDictionary(pair => pair.Key, pair => pair.Value with { }));
        Height = from.Height;
        Beacon = from.Beacon;
        Mix = from.Mix;
        TokensHeld = from.TokensHeld;
        Treasury = from.Treasury;
        Escrowed = from.Escrowed;
    }

    /// <summary>The genesis.</summary>
    public LedgerGenesis Genesis { get; }

    /// <summary>The rules.</summary>
    public LedgerRules Rules { get; }

    /// <summary>The ledger's identity.</summary>
    public Digest GenesisDigest { get; }

    /// <summary>The present height.</summary>
    public ulong Height { get; private set; }

    /// <summary>Tokens that exist here.</summary>
    public Amount TokensHeld { get; private set; }

    /// <summary>The treasury.</summary>
    public Amount Treasury { get; private set; }

    /// <summary>Set aside for open jobs and batches.</summary>
    public Amount Escrowed { get; private set; }

    /// <summary>A running digest over every event: two replays that agree on it agree on everything that happened.</summary>
    public Digest EventDigest { get; private set; }

    /// <summary>A running digest over closed jobs.</summary>
    public Digest ClosedDigest { get; private set; }

    /// <summary>The log of receipts.</summary>
    public Receipts.ReceiptAccumulator Receipts { get; } = new();

    /// <summary>All accounts.</summary>
    public IReadOnlyDictionary<Address, AccountState> Accounts => _accounts;

    /// <summary>All nodes.</summary>
    public IReadOnlyDictionary<Address, NodeState> Nodes => _nodes;

    /// <summary>All offers.</summary>
    public IReadOnlyDictionary<Digest, OfferState> Offers => _offers;

    /// <summary>Open jobs.</summary>
    public IReadOnlyDictionary<Digest, JobState> OpenJobs => _jobs;

    /// <summary>Closed jobs.</summary>
    public ClosedJobTable ClosedJobs => _closed;

    /// <summary>Open batches.</summary>
    public IReadOnlyDictionary<Digest, BatchState> Batches => _batches;

    /// <summary>A deep copy, for exploring what could happen.</summary>
    public LedgerState Copy() => new(this);

    /// <summary>A copy of one open job and of those who have a part in it, for exploring how it could go on: cheap, whatever else the ledger holds.</summary>
    /// <param name="job">The job.</param>
    /// <returns>The copy; null where there is no such open job.</returns>
    public LedgerState? CopyFor(in Digest job) => _jobs.TryGetValue(job, out var open) ? new LedgerState(this, open) : null;

    /// <summary>Applies one transaction whose signature has been checked.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="context">Ports, and where events go.</param>
    /// <returns>What became of it; when it was refused nothing has changed.</returns>
    public ApplyResult Apply(VerifiedTransaction transaction, ApplyContext context)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(context);
        _context = context;
        var before = context.Events.Count;
        var signed = transaction.Signed;
        var nonceFault = CheckNonce(signed);
        if (nonceFault != Refusal.None)
        {
            return nonceFault;
        }

        var result = Dispatch(transaction);
        if (result.Applied)
        {
            if (signed.Body.IsNonced)
            {
                Account(signed.Sender).Nonce++;
            }

            FoldEvents(before);
        }
        else if (context.Events.Count != before)
        {
            throw new InvalidOperationException($"A refused {signed.Body.Kind} ({result.Refusal}) left events behind.");
        }

        return result;
    }

    /// <summary>Checks the signature of a transaction and applies it.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="context">Ports, and where events go.</param>
    public ApplyResult Apply(SignedTransaction transaction, ApplyContext context)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(context);
        var refusal = VerifiedTransaction.TryVerify(transaction, GenesisDigest, context.Signatures, out var verified);
        return verified is null ? refusal : Apply(verified, context);
    }

    private Refusal CheckNonce(SignedTransaction signed)
    {
        if (!signed.Body.IsNonced)
        {
            return signed.Nonce == 0 ? Refusal.None : Refusal.NonceUnexpected;
        }

        var next = _accounts.TryGetValue(signed.Sender, out var account) ? account.Nonce : 0;
        return signed.Nonce == next ? Refusal.None : signed.Nonce < next ? Refusal.NonceUsed : Refusal.NonceAhead;
    }

    private ApplyResult Dispatch(VerifiedTransaction transaction)
    {
        var signed = transaction.Signed;
        return signed.Body switch
        {
            Transfer body => Do(signed, body),
            Deposit body => Do(signed, body),
            Withdraw body => Do(signed, body),
            NodeRegister body => Do(signed, body),
            StakeAdd body => Do(signed, body),
            StakeUnbond body => Do(signed, body),
            StakeClaim body => Do(body),
            OfferPublish body => Do(signed, body),
            OfferWithdraw body => Do(signed, body),
            JobPost body => Do(signed, body),
            JobCancel body => Do(signed, body),
            Ticket body => Do(transaction, body),
            EvidencePublish body => Do(signed, body),
            VoteCast body => Do(signed, body),
            AppraisalOpen body => Do(signed, body),
            ReleaseRecord body => Do(signed, body),
            ReleaseDeny body => Do(signed, body),
            ResultCommit body => Do(signed, body),
            ResultReveal body => Do(transaction, body),
            ResultFail body => Do(signed, body),
            Judge body => Do(signed, body),
            Review body => Do(signed, body),
            KnownAnswerOpen body => Do(signed, body),
            PlantOpen body => Do(signed, body),
            TicketChallenge body => Do(signed, body),
            EquivocationProof body => Do(signed, body),
            BatchPost body => Do(signed, body),
            BatchClaim body => Do(body),
            BatchClose body => Do(body),
            Payout body => Do(body),
            Drive body => Do(body),
            BeaconCommit body => Do(signed, body),
            BeaconReveal body => Do(signed, body),
            _ => Refusal.UnknownKind,
        };
    }

    private AccountState Account(in Address address)
    {
        if (!_accounts.TryGetValue(address, out var account))
        {
            _accounts.Add(address, account = new AccountState(address));
        }

        return account;
    }

    private Amount FreeOf(in Address address) => _accounts.TryGetValue(address, out var account) ? account.Free : Amount.Zero;

    private void Emit(EventKind kind, in Digest job = default, byte round = 0, in Address account = default, ulong number = 0, in Digest data = default) =>
        _context.Events.Add(new LedgerEvent(kind, LineReason.None, job, round, account, Amount.Zero, number, data));

    private void Line(LineReason reason, in Address account, Amount amount, in Digest job = default, byte round = 0) =>
        _context.Events.Add(new LedgerEvent(EventKind.Line, reason, job, round, account, amount, 0, default));

    private void FoldEvents(int from)
    {
        var events = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_context.Events)[from..];
        if (events.Length == 0)
        {
            return;
        }

        // One call over one buffer: most transactions cause a handful of events.
        var length = Digest.Length + (events.Length * EventCodec.Length);
        var rented = length > 2048 ? System.Buffers.ArrayPool<byte>.Shared.Rent(length) : null;
        var bytes = rented is null ? stackalloc byte[2048] : rented;
        EventDigest.CopyTo(bytes);
        for (var i = 0; i < events.Length; i++)
        {
            EventCodec.Write(events[i], bytes.Slice(Digest.Length + (i * EventCodec.Length), EventCodec.Length));
        }

        Span<byte> digest = stackalloc byte[32];
        System.Security.Cryptography.SHA256.HashData(bytes[..length], digest);
        if (rented is not null)
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        }

        EventDigest = new Digest(digest);
    }
}
