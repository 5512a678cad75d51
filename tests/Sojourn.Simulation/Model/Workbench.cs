using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Simulation.Model;

/// <summary>One person or machine with an account.</summary>
public sealed class Party(string name, ISigner signer, IVrfProver vrf, IReceiptSigner receipt)
{
    public string Name => name;

    public ISigner Signer => signer;

    public IVrfProver Vrf => vrf;

    public IReceiptSigner Receipt => receipt;

    public Address Address => signer.Address;

    /// <summary>A party all of whose keys are drawn from its name.</summary>
    public static Party Of(ICryptography cryptography, string name) => new(name, cryptography.Signer(name), cryptography.VrfKey(name), cryptography.ReceiptKey(name));
}

/// <summary>A state machine with parties around it: short words for what tests do over and over.</summary>
public sealed class Workbench
{
    private readonly Dictionary<Address, Party> _parties = [];

    public Workbench(ulong seed = 1, LedgerRules? rules = null, bool onChallenge = false, int nodes = 0, ulong stake = 10_000, ICryptography? cryptography = null)
    {
        Cryptography = cryptography ?? new IdealCryptography(seed);
        Issuer = Party("issuer");
        Requester = Party("requester");
        Owner = Party("owner");
        var allocations = ImmutableArray.CreateBuilder<Allocation>();
        allocations.Add(new Allocation(Requester.Address, 1_000_000_000));
        allocations.Add(new Allocation(Owner.Address, 1_000));
        for (var i = 0; i < nodes; i++)
        {
            Nodes.Add(Party($"node{i}"));
            allocations.Add(new Allocation(Nodes[i].Address, (Amount)stake + 1_000));
        }

        State = new LedgerState(new LedgerGenesis
        {
            Name = "workbench",
            Development = true,
            Issuer = Issuer.Address,
            VrfOnChallenge = onChallenge,
            Allocations = allocations.ToImmutable(),
            Rules = rules ?? Rules,
        });
        Context = new ApplyContext(Cryptography, Cryptography);
        for (var i = 0; i < nodes; i++)
        {
            Must(Nodes[i], new NodeRegister(Profile(Nodes[i]), stake));
        }

        Go(1);
    }

    public static LedgerRules Rules { get; } = new() { AuditFloor = 0, ProfileDelay = 64 };

    public static JobWindows Windows { get; } = new(2, 3, 4, 4, 6, 3, 4);

    public ICryptography Cryptography { get; }

    public LedgerState State { get; set; }

    public ApplyContext Context { get; }

    public Party Issuer { get; }

    public Party Requester { get; }

    public Party Owner { get; }

    public List<Party> Nodes { get; } = [];

    public IEnumerable<LedgerEvent> Events => Context.Events;

    public Party Party(string name)
    {
        var party = Model.Party.Of(Cryptography, name);
        _parties[party.Address] = party;
        return party;
    }

    public Party this[Address address] => _parties[address];

    public static Digest Hash(string text) => Digest.Of(System.Text.Encoding.UTF8.GetBytes(text));

    public static Cid Content(string text) => Cid.ForRaw(System.Text.Encoding.UTF8.GetBytes(text));

    public static NodeProfile Profile(Party node, params Cid[] pins) => new()
    {
        VrfKey = node.Vrf.PublicKey,
        Chip = Hash("chip " + node.Name),
        Level = TrustLevel.Simulated,
        MemoryMebibytes = 1024,
        Pins = [.. pins.Select(ContentKey.Of).Order()],
    };

    public static JobTerms Terms(int executors = 1, int agreeing = 0, int verifiers = 4) => new()
    {
        Spec = Content("spec"),
        Code = Content("code"),
        Inputs = [Content("input")],
        Executors = (byte)executors,
        Agreeing = (byte)(agreeing == 0 ? (executors / 2) + 1 : agreeing),
        Verifiers = (byte)verifiers,
        LevelMin = TrustLevel.Simulated,
        ExecutorPay = 1000,
        VerifierPay = 20,
        Windows = Windows,
    };

    public SignedTransaction Sign(Party party, Transaction body) =>
        SignedTransaction.Create(body, body.IsNonced && State.Accounts.TryGetValue(party.Address, out var account) ? account.Nonce : 0, State.GenesisDigest, party.Signer);

    public ApplyResult Try(Party party, Transaction body) => State.Apply(Sign(party, body), Context);

    public ApplyResult Try(Transaction body) => State.Apply(SignedTransaction.Unsigned(body), Context);

    public Digest Must(Party party, Transaction body)
    {
        var result = Try(party, body);
        return result.Applied ? result.Subject : throw new InvalidOperationException($"{party.Name}: {body.Kind} was refused: {result.Refusal}");
    }

    public void Must(Transaction body)
    {
        var result = Try(body);
        if (!result.Applied)
        {
            throw new InvalidOperationException($"{body.Kind} was refused: {result.Refusal}");
        }
    }

    /// <summary>Goes on by heights, one at a time, with a beacon that follows from the seed; drives nothing.</summary>
    public void Go(ulong heights)
    {
        for (ulong i = 0; i < heights; i++)
        {
            State.BeginHeight(State.Height + 1, new ProtocolHash("test beacon").Add(State.Beacon).Add(State.Height + 1).Finish());
        }
    }

    /// <summary>Goes on to a height and drives whatever is due on the way.</summary>
    public void Reach(ulong height)
    {
        while (State.Height < height)
        {
            Go(1);
            foreach (var due in State.DueJobs(1000))
            {
                Must(new Drive(due));
            }
        }
    }

    public JobState Job(Digest id) => State.OpenJobs.TryGetValue(id, out var job) ? job : Context.Closed.Single(closed => closed.Id == id);

    public ClosedJob Closed(Digest id) => State.ClosedJobs.TryGet(id, out var job) ? job : throw new InvalidOperationException("The job is open.");

    public Digest Post(JobTerms terms) => Must(Requester, new JobPost(terms));

    public Ticket? TicketOf(Party node, Digest id, DrawRole role, bool local = false)
    {
        var job = Job(id);
        if (State.TicketAlpha(job, role) is not { } alpha || State.Eligibility(job, role, node.Address, out var units) != Refusal.None)
        {
            return null;
        }

        var proof = node.Vrf.Prove(alpha, out var output);
        var best = UnitDraw.Best(output, units, role == DrawRole.Executor ? 1 : job.Terms.Verifiers);
        return new Ticket(id, job.Round.Index, role, output, proof, [.. best], local ? Identifiers.Possession(node.Address, Possession(node)) : Digest.Zero);
    }

    public static Digest Possession(Party node) => Hash("possession of " + node.Name);

    /// <summary>All nodes enter both draws of the present round, and the window passes.</summary>
    public void Draw(Digest id, Func<Party, DrawRole, bool>? enters = null, Func<Party, bool>? local = null)
    {
        Reach(Job(id).Round.BeaconHeight);
        foreach (var node in Nodes)
        {
            foreach (var role in (ReadOnlySpan<DrawRole>)[DrawRole.Executor, DrawRole.Verifier])
            {
                if ((enters is null || enters(node, role)) && TicketOf(node, id, role, role == DrawRole.Executor && local?.Invoke(node) == true) is { } ticket)
                {
                    _ = Try(node, ticket);
                }
            }
        }

        Reach(Job(id).Round.TicketClose + 1);
    }

    public EvidencePublish EvidenceOf(Party node, Digest id, string what = "evidence")
    {
        var job = Job(id);
        var bytes = System.Text.Encoding.UTF8.GetBytes($"{what} of {node.Name} for {id} round {job.Round.Index}");
        var seat = job.Round.Executor(node.Address);
        return new EvidencePublish(id, job.Round.Index, Cid.ForRaw(bytes), Digest.Of(bytes), Enumerable.Repeat((byte)7, 65).ToArray(), node.Receipt.PublicKey, seat is { Local: true } ? Possession(node) : Digest.Zero);
    }

    public static Digest AppraisalOf(Address executor, string what = "fine") => Hash($"appraisal {what} {executor}");

    public static Digest SaltOf(Party voter) => Hash("salt of " + voter.Name);

    public VoteCast VotesOf(Party voter, Digest id, Func<ExecutorSeat, VoteVerdict>? verdict = null, string appraisal = "fine", int? index = null)
    {
        var round = index is { } at ? Job(id).Rounds[at] : Job(id).Round;
        var votes = round.Executors.Where(seat => seat.Evidence is not null).OrderBy(seat => seat.Node)
            .Select(seat => new Vote(seat.Node, verdict?.Invoke(seat) ?? VoteVerdict.Accept, Identifiers.Appraisal(id, round.Index, seat.Node, voter.Address, AppraisalOf(seat.Node, appraisal), SaltOf(voter))));
        return new VoteCast(id, round.Index, [.. votes]);
    }

    public AppraisalOpen OpeningsOf(Party voter, Digest id, byte index, string appraisal = "fine")
    {
        var round = Job(id).Rounds[index];
        var at = round.Verifiers.FindIndex(seat => seat.Node == voter.Address);
        return new AppraisalOpen(id, index, [.. round.Executors.Where(seat => seat.Votes[at] is { Opened: null }).OrderBy(seat => seat.Node).Select(seat => new Opening(seat.Node, AppraisalOf(seat.Node, appraisal), SaltOf(voter)))]);
    }

    /// <summary>All drawn executors publish evidence and all verifiers accept it and open.</summary>
    public void Attest(Digest id, Func<Party, bool>? votes = null)
    {
        var round = Job(id).Round;
        foreach (var seat in round.Executors.ToList())
        {
            Must(this[seat.Node], EvidenceOf(this[seat.Node], id));
        }

        foreach (var seat in round.Verifiers)
        {
            if (votes?.Invoke(this[seat.Node]) ?? true)
            {
                Must(this[seat.Node], VotesOf(this[seat.Node], id));
            }
        }
    }

    public void Open(Digest id, byte index)
    {
        foreach (var seat in Job(id).Rounds[index].Verifiers.ToList())
        {
            if (State.OpenJobs.ContainsKey(id))
            {
                Must(this[seat.Node], OpeningsOf(this[seat.Node], id, index));
            }
        }
    }

    public static ResultStatement ResultOf(string output) => new(Hash("tag " + output), 0, 1000, ContentKey.Of(Content(output)), Hash("receipt " + output));

    public static Digest NonceOf(Party node) => Hash("nonce of " + node.Name);

    public ResultCommit CommitOf(Party node, Digest id, string output) =>
        new(id, Job(id).Round.Index, Identifiers.Commitment(id, Job(id).Round.Index, node.Address, ResultOf(output), NonceOf(node)));

    public ResultReveal RevealOf(Party node, Digest id, string output)
    {
        var round = Job(id).Round;
        var statement = ResultOf(output);
        return new ResultReveal(id, round.Index, statement, round.Commits ? NonceOf(node) : Digest.Zero, node.Receipt.Sign(Identifiers.Statement(id, round.Index, node.Address, statement)), Content("receipt " + output));
    }

    /// <summary>All admitted executors run, commit and reveal.</summary>
    public void Run(Digest id, Func<Party, string>? output = null)
    {
        var round = Job(id).Round;
        var admitted = round.Executors.Where(seat => seat.Status == SeatStatus.Admitted).Select(seat => this[seat.Node]).ToList();
        if (round.Commits)
        {
            foreach (var node in admitted)
            {
                Must(node, CommitOf(node, id, output?.Invoke(node) ?? "42"));
            }
        }

        foreach (var node in admitted)
        {
            Must(node, RevealOf(node, id, output?.Invoke(node) ?? "42"));
        }
    }
}
