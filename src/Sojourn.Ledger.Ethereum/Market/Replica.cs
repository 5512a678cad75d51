using System.Collections.Immutable;
using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>What became of one message that was brought to the chain.</summary>
/// <param name="Transaction">In which transaction of the chain.</param>
/// <param name="Author">Whose message.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Refusal">Why it was refused; none where it was applied.</param>
/// <param name="Subject">What it created.</param>
internal sealed record MessageOutcome(Digest Transaction, Address Author, TransactionKind Kind, Refusal Refusal, Digest Subject);

/// <summary>The state machine, run again on what the contract was told: from logs and calls alone it gives every view, and it holds the contract to its rules.</summary>
/// <remarks>
/// The contract keeps digests; the full records are in the calls, which the blocks' headers prove. Each message that the contract took is applied here; the lines of money that the contract wrote
/// must be those that the state machine writes. Blocks can be undone: the state is copied every few blocks, and what lies between is run again.
/// </remarks>
internal sealed class Replica
{
    private const int CheckpointBlocks = 8;
    private readonly Address _contract;
    private readonly Address _treasury;
    private readonly AcceptedSignatures _signatures = new();
    private readonly ApplyContext _context;
    private readonly List<Checkpoint> _checkpoints = [];
    private readonly List<FollowedBlock> _recent = [];
    private readonly List<PositionedEvent> _events = [];
    private Dictionary<Digest, JobView> _closed = [];
    private Dictionary<(Digest Job, byte Round, Address Voter), List<Vote>> _cast = [];
    private Dictionary<(Digest Job, byte Round, DrawRole Role, Address Node), LedgerContract.Ticket> _tickets = [];
    private HashSet<(Digest Job, byte Round)> _captured = [];

    public Replica(LedgerGenesis genesis, in Address contract, ChainHeader start)
    {
        State = new LedgerState(genesis);
        _contract = contract;
        _treasury = genesis.Issuer;
        _context = new ApplyContext(_signatures, new EcVrf());
        Head = start;
        Begin(start);
        _checkpoints.Add(Keep());
    }

    /// <summary>The state after the last block.</summary>
    public LedgerState State { get; private set; }

    /// <summary>The last block.</summary>
    public ChainHeader Head { get; private set; }

    /// <summary>What happened, in order.</summary>
    public IReadOnlyList<PositionedEvent> Events => _events;

    /// <summary>Jobs that are closed, whole.</summary>
    public IReadOnlyDictionary<Digest, JobView> Closed => _closed;

    /// <summary>A voter's votes in the order in which they were cast.</summary>
    public IReadOnlyList<Vote> CastBy(in Digest job, byte round, in Address voter) => _cast.TryGetValue((job, round, voter), out var votes) ? votes : [];

    /// <summary>A ticket as its author signed it; null where it is not known.</summary>
    public LedgerContract.Ticket? TicketOf(in Digest job, byte round, DrawRole role, in Address node) => _tickets.GetValueOrDefault((job, round, role, node));

    /// <summary>Whether the contract keeps the beacon of a round (or of the audit: round 255).</summary>
    public bool IsCaptured(in Digest job, byte round) => _captured.Contains((job, round));

    /// <summary>The round number under which an audit's beacon is kept.</summary>
    public const byte AuditBeacon = 255;

    /// <summary>Applies a block.</summary>
    /// <returns>What became of its messages.</returns>
    /// <exception cref="LedgerDivergedException">The contract did something else than the rules say.</exception>
    public List<MessageOutcome> Apply(FollowedBlock block)
    {
        var outcomes = new List<MessageOutcome>();
        Run(block, outcomes);
        _recent.Add(block);
        if (block.Header.Number >= _checkpoints[^1].Head.Number + CheckpointBlocks)
        {
            _checkpoints.Add(Keep());
        }

        // What cannot be undone any more need not be kept.
        while (_checkpoints.Count > 1 && _checkpoints[1].Head.Number + ChainFollower.UndoWindow <= Head.Number)
        {
            _checkpoints.RemoveAt(0);
        }

        _recent.RemoveAll(old => old.Header.Number <= _checkpoints[0].Head.Number);
        return outcomes;
    }

    /// <summary>Takes blocks back.</summary>
    /// <param name="to">The last block that stays.</param>
    /// <returns>The first position of the events that are no more.</returns>
    public ulong Undo(ulong to)
    {
        var at = _checkpoints.FindLastIndex(checkpoint => checkpoint.Head.Number <= to);
        if (at < 0)
        {
            throw new ReorganisationTooDeepException(Head.Number - to);
        }

        _checkpoints.RemoveRange(at + 1, _checkpoints.Count - at - 1);
        var checkpoint = _checkpoints[at];
        State = checkpoint.State.Copy();
        Head = checkpoint.Head;
        _closed = new(checkpoint.Closed);
        _cast = checkpoint.Cast.ToDictionary(pair => pair.Key, pair => pair.Value.ToList());
        _tickets = new(checkpoint.Tickets);
        _captured = [.. checkpoint.Captured];
        var kept = _events.FindIndex(item => item.Height > to) is var first && first >= 0 ? first : _events.Count;
        _events.RemoveRange(checkpoint.Events, _events.Count - checkpoint.Events);
        _recent.RemoveAll(block => block.Header.Number > to);
        foreach (var block in _recent.Where(block => block.Header.Number > checkpoint.Head.Number).ToList())
        {
            Run(block, []);
        }

        return (ulong)kept;
    }

    private void Run(FollowedBlock block, List<MessageOutcome> outcomes)
    {
        Begin(block.Header);
        Head = block.Header;
        for (var i = 0; i < block.Logs.Length;)
        {
            var end = i;
            while (end < block.Logs.Length && block.Logs[end].Transaction == block.Logs[i].Transaction)
            {
                end++;
            }

            Run(block, block.Logs[i].Transaction, block.Logs.AsSpan()[i..end], outcomes);
            i = end;
        }
    }

    private void Begin(ChainHeader header)
    {
        if (header.Number > State.Height)
        {
            State.BeginHeight(header.Number, header.Randomness);
        }
    }

    private void Run(FollowedBlock block, Digest hash, ReadOnlySpan<ChainLog> logs, List<MessageOutcome> outcomes)
    {
        var items = new List<ContractItem>();
        var calls = new List<MarketCall>();
        var transaction = block.Transactions.FirstOrDefault(one => one.Hash == hash) ?? throw new LyingEndpointException($"transaction {hash} is not in its block");
        var isTold = false;
        foreach (var log in logs)
        {
            if (Happened.Read(log) is { } found)
            {
                items.AddRange(found);
            }
            else if (LedgerContract.RelayedEvent.TryRead(log, out var relay) == Abi.AbiFault.None)
            {
                calls.Add(CallReader.Read(relay!.Input.Span, relay.Sender));
                isTold |= transaction.To == _contract && relay.Sender == transaction.Sender && relay.Input.Span.SequenceEqual(transaction.Input.Span);
            }
        }

        if (transaction.To == _contract && !isTold)
        {
            calls.Add(CallReader.Read(transaction.Input.Span, transaction.Sender));
        }

        _context.Events.Clear();
        _context.Closed.Clear();
        var refusals = new Queue<ContractItem>(items.Where(item => item.IsRefusal && !(item.Subject.IsZero && item.Account.IsZero)));
        var refusedParts = items.Where(item => item.IsRefusal && item.Subject.IsZero && item.Account.IsZero).ToLookup(item => item.Number);
        foreach (var call in calls)
        {
            for (var part = 0; part < call.Parts.Count; part++)
            {
                if (call.IsBatch && refusedParts.Contains((ulong)part))
                {
                    var why = refusedParts[(ulong)part].First().Refusal;
                    outcomes.AddRange((call.Parts[part] ?? []).Select(message => new MessageOutcome(hash, message.Author, KindOf(message), why, default)));
                    continue;
                }

                var messages = call.Parts[part] ?? throw new LedgerDivergedException($"a call in {hash} was taken and cannot be read");
                for (var i = 0; i < messages.Count; i++)
                {
                    Take(messages, i, hash, refusals, outcomes);
                }
            }
        }

        if (refusals.Count > 0)
        {
            throw new LedgerDivergedException($"{hash}: the contract refused something of {refusals.Peek().Account} as {refusals.Peek().Refusal} that was not said");
        }

        Compare(hash, items);
        foreach (var job in _context.Closed)
        {
            _closed[job.Id] = ViewFactory.Job(State, job);
            Forget(job.Id);
        }

        foreach (var happened in _context.Events)
        {
            _events.Add(new PositionedEvent((ulong)_events.Count, State.Height, happened));
        }
    }

    private void Take(IReadOnlyList<MarketMessage> messages, int index, Digest hash, Queue<ContractItem> refusals, List<MessageOutcome> outcomes)
    {
        var message = messages[index];
        var author = message.Author;
        if (refusals.TryPeek(out var refused) && refused.Account == author)
        {
            // Where the same author says more in the same call, the rules tell which of it was refused.
            var more = messages.Skip(index + 1).Any(other => other.Author == author);
            if (!more || Apply(message, out _) is var why && why != Refusal.None)
            {
                refusals.Dequeue();
                outcomes.Add(new MessageOutcome(hash, author, KindOf(message), refused.Refusal, default));
                return;
            }

            outcomes.Add(new MessageOutcome(hash, author, KindOf(message), Refusal.None, _subject));
            return;
        }

        var refusal = Apply(message, out var subject);
        if (refusal != Refusal.None)
        {
            throw new LedgerDivergedException($"{hash}: the contract took {KindOf(message)} of {author}, which the rules refuse as {refusal}");
        }

        outcomes.Add(new MessageOutcome(hash, author, KindOf(message), Refusal.None, subject));
        outcomes.AddRange(_concluded.Select(part => new MessageOutcome(hash, part.Author, part.Body.Kind, Refusal.None, default)));
        _concluded = [];
    }

    private Digest _subject;
    private IReadOnlyList<ProtocolMessage> _concluded = [];

    private static TransactionKind KindOf(MarketMessage message) => message switch
    {
        ProtocolMessage protocol => protocol.Body.Kind,
        DepositMessage => TransactionKind.Deposit,
        EquivocationMessage => TransactionKind.EquivocationProof,
        ChallengeMessage => TransactionKind.TicketChallenge,
        ClaimAllMessage => TransactionKind.BatchClaim,
        _ => 0,
    };

    private Refusal Apply(MarketMessage message, out Digest subject)
    {
        subject = default;
        switch (message)
        {
            case ProtocolMessage protocol:
            {
                var result = Apply(protocol.Author, protocol.Body);
                subject = _subject = result.Subject;
                if (result.Applied)
                {
                    Remember(protocol);
                }

                return result.Refusal;
            }

            case DepositMessage deposit:
                return State.PayIn(deposit.To, deposit.Amount, deposit.Reference, _context);
            case SweepMessage:
                return State.Sweep(_treasury, _context);
            case CaptureMessage capture:
                if (State.OpenJobs.TryGetValue(capture.Job, out var job))
                {
                    _captured.Add((job.Id, job.Phase == JobPhase.AuditDraw ? AuditBeacon : job.Round.Index));
                }

                return Refusal.None;
            case ClaimAllMessage all:
                return ClaimAll(all);
            case ChallengeMessage challenge:
                return Challenge(challenge);
            case ConcludeMessage conclusion:
                return Conclude(conclusion);
            case EquivocationMessage proof:
                return Equivocation(proof);
            default:
                return Refusal.None;
        }
    }

    private ApplyResult Apply(in Address author, Transaction body)
    {
        // What follows from the state alone has no sender in the protocol, whoever pays the gas for it.
        var signed = body.MayBeUnsigned
            ? SignedTransaction.Unsigned(body)
            : SignedTransaction.WithoutSignature(author, body.IsNonced && State.Accounts.TryGetValue(author, out var account) ? account.Nonce : 0, body);
        return State.Apply(VerifiedTransaction.AcceptAlreadyVerified(signed), _context);
    }

    private void Remember(ProtocolMessage message)
    {
        switch (message.Body)
        {
            case VoteCast cast:
            {
                if (!_cast.TryGetValue((cast.Job, cast.Round, message.Author), out var votes))
                {
                    _cast.Add((cast.Job, cast.Round, message.Author), votes = []);
                }

                votes.AddRange(cast.Votes);
                break;
            }

            case Ticket ticket when message.Ticket is { } item:
                _tickets[(ticket.Job, ticket.Round, ticket.Role, message.Author)] = item;
                break;
            default:
                break;
        }
    }

    private void Forget(Digest job)
    {
        foreach (var key in _cast.Keys.Where(key => key.Job == job).ToList())
        {
            _cast.Remove(key);
        }

        foreach (var key in _tickets.Keys.Where(key => key.Job == job).ToList())
        {
            _tickets.Remove(key);
        }

        _captured.RemoveWhere(key => key.Job == job);
    }

    private Refusal ClaimAll(ClaimAllMessage message)
    {
        var call = message.Call;
        if (!State.Batches.TryGetValue(call.Batch, out var batch))
        {
            return Refusal.UnknownBatch;
        }

        var payments = new PaymentBatch(batch.Poster, [.. call.To.Select((to, i) => new BatchPayment(to, call.Amounts[i], call.Details[i]))]);
        var any = false;
        for (uint i = 0; i < call.To.Length; i++)
        {
            if (!batch.IsClaimed(i))
            {
                any |= Apply(message.Author, new BatchClaim(batch.Id, i, call.To[(int)i], call.Amounts[(int)i], call.Details[(int)i], payments.PathOf((int)i))).Applied;
            }
        }

        return any ? Refusal.None : Refusal.AlreadyClaimed;
    }

    // The contract judges the ticket that it is shown, if its node signed it; so do the rules here.
    private Refusal Challenge(ChallengeMessage message)
    {
        var (job, round, ticket) = (message.Call.Job, message.Call.Round, message.Call.Item);
        byte[] proof = [.. ticket.Proof.SelectMany(word => word.ToArray())];
        State.ShowTicket(job, round, ticket.Node, (DrawRole)ticket.Role, ticket.Output, proof.AsMemory(0, TypedMessages.ProofLength));
        return Apply(message.Author, new TicketChallenge(job, round, (DrawRole)ticket.Role, ticket.Node)).Refusal;
    }

    private Refusal Conclude(ConcludeMessage message)
    {
        if (!State.OpenJobs.TryGetValue(message.Call.Job, out var job))
        {
            return Refusal.UnknownJob;
        }

        if (job.Round.Index != message.Call.Round)
        {
            return Refusal.WrongRound;
        }

        if (CallReader.Expand(message.Call, job.Round) is not { } parts)
        {
            return Refusal.BadList;
        }

        foreach (var part in parts)
        {
            var result = Apply(part.Author, part.Body);
            if (!result.Applied)
            {
                return result.Refusal;
            }

            Remember(part);
        }

        _concluded = parts;
        return Refusal.None;
    }

    private Refusal Equivocation(EquivocationMessage message)
    {
        var call = message.Call;
        if (CallReader.ReadEquivocation(call.Job, call.Round, call.Kind, call.First.Span) is not { } first || CallReader.ReadEquivocation(call.Job, call.Round, call.Kind, call.Second.Span) is not { } second)
        {
            return Refusal.Malformed;
        }

        // The contract has checked both signatures; the state machine asks for them in the protocol's own form.
        var one = Accept(first);
        var other = Accept(second);
        var result = Apply(message.Author, new EquivocationProof(one.Encoded, other.Encoded));
        _signatures.Clear();
        return result.Refusal;
    }

    private SignedTransaction Accept((Address Author, Transaction Body) message)
    {
        var signed = SignedTransaction.WithoutSignature(message.Author, 0, message.Body);
        _signatures.Accept(message.Author, SignedTransaction.SigningDigest(State.GenesisDigest, message.Author, 0, signed.BodyDigest));
        return signed;
    }

    // Money is what must agree: every line that one wrote the other wrote, whatever their order within a transaction.
    private void Compare(Digest hash, List<ContractItem> items)
    {
        var theirs = items.Where(item => item.Kind == (byte)EventKind.Line && item.Amount != 0).Select(item => (item.Line, item.Account, item.Amount)).Order(LineOrder.Instance).ToList();
        var mine = _context.Events.Where(item => item.Kind == EventKind.Line && !item.Amount.IsZero).Select(item => (Line: (byte)item.Line, item.Account, Amount: (ulong)item.Amount.Units)).Order(LineOrder.Instance).ToList();
        if (theirs.SequenceEqual(mine))
        {
            return;
        }

        var extra = theirs.Except(mine).Select(line => $"the contract says {(LineReason)line.Line} {line.Amount} to {line.Account}");
        var missing = mine.Except(theirs).Select(line => $"the rules say {(LineReason)line.Line} {line.Amount} to {line.Account}");
        throw new LedgerDivergedException($"{hash}: {string.Join("; ", extra.Concat(missing).Take(6))}");
    }

    private Checkpoint Keep() => new(
        State.Copy(), Head, _events.Count, _closed.ToImmutableDictionary(), _cast.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.ToImmutableArray()), _tickets.ToImmutableDictionary(), [.. _captured]);

    private sealed record Checkpoint(
        LedgerState State,
        ChainHeader Head,
        int Events,
        ImmutableDictionary<Digest, JobView> Closed,
        ImmutableDictionary<(Digest Job, byte Round, Address Voter), ImmutableArray<Vote>> Cast,
        ImmutableDictionary<(Digest Job, byte Round, DrawRole Role, Address Node), LedgerContract.Ticket> Tickets,
        ImmutableHashSet<(Digest Job, byte Round)> Captured);

    private sealed class LineOrder : IComparer<(byte Line, Address Account, ulong Amount)>
    {
        public static LineOrder Instance { get; } = new();

        public int Compare((byte Line, Address Account, ulong Amount) x, (byte Line, Address Account, ulong Amount) y)
        {
            var byLine = x.Line.CompareTo(y.Line);
            if (byLine != 0)
            {
                return byLine;
            }

            var byAccount = x.Account.CompareTo(y.Account);
            return byAccount != 0 ? byAccount : x.Amount.CompareTo(y.Amount);
        }
    }

    /// <summary>Signatures that the contract has checked already.</summary>
    private sealed class AcceptedSignatures : ISignatureScheme
    {
        private readonly HashSet<(Address, Digest)> _accepted = [];

        public void Accept(in Address sender, in Digest digest) => _accepted.Add((sender, digest));

        public void Clear() => _accepted.Clear();

        public bool Verify(Address sender, Digest digest, ReadOnlySpan<byte> signature) => _accepted.Contains((sender, digest));

        public bool VerifyEnclave(ReadOnlySpan<byte> publicKey, Digest digest, ReadOnlySpan<byte> signature) => true;
    }
}
