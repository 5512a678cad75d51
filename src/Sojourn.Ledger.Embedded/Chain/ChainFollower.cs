using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Embedded.Chain;

/// <summary>Follows a chain block by block and checks everything in it: hashes, signatures, turns, heights, beacons, transactions, and what they did.</summary>
public sealed class ChainFollower
{
    private readonly ISignatureScheme _signatures;
    private readonly IVrf _vrf;

    /// <summary>Begins at genesis.</summary>
    /// <param name="genesis">The genesis.</param>
    /// <param name="signatures">Checks signatures.</param>
    /// <param name="vrf">Checks beacons and tickets.</param>
    public ChainFollower(LedgerGenesis genesis, ISignatureScheme signatures, IVrf vrf)
        : this(new LedgerState(genesis), signatures, vrf)
    {
        Hash = State.GenesisDigest;
        Time = genesis.StartsAt;
    }

    /// <summary>Begins at a state that is known to be right.</summary>
    /// <param name="state">The state after a block.</param>
    /// <param name="header">That block's header.</param>
    /// <param name="hash">That block's hash.</param>
    /// <param name="signatures">Checks signatures.</param>
    /// <param name="vrf">Checks beacons and tickets.</param>
    public ChainFollower(LedgerState state, BlockHeader header, Digest hash, ISignatureScheme signatures, IVrf vrf)
        : this(state, signatures, vrf)
    {
        ArgumentNullException.ThrowIfNull(header);
        Number = header.Number;
        Term = header.Term;
        Time = header.Time;
        Events = header.Events;
        Hash = hash;
    }

    private ChainFollower(LedgerState state, ISignatureScheme signatures, IVrf vrf)
    {
        State = state;
        _signatures = signatures;
        _vrf = vrf;
        Context = new ApplyContext(signatures, vrf);
    }

    /// <summary>The state after the last block.</summary>
    public LedgerState State { get; }

    /// <summary>The events and closed jobs of the last block.</summary>
    public ApplyContext Context { get; }

    /// <summary>The last block's number.</summary>
    public ulong Number { get; private set; }

    /// <summary>The present term.</summary>
    public ulong Term { get; private set; }

    /// <summary>The last block's time.</summary>
    public long Time { get; private set; }

    /// <summary>The last block's hash.</summary>
    public Digest Hash { get; private set; }

    /// <summary>The position after the last event.</summary>
    public ulong Events { get; private set; }

    /// <summary>The sequencer of a term.</summary>
    /// <param name="genesis">The genesis.</param>
    /// <param name="term">The term.</param>
    public static Sequencer? SequencerOf(LedgerGenesis genesis, ulong term)
    {
        ArgumentNullException.ThrowIfNull(genesis);
        return genesis.Sequencers.IsDefaultOrEmpty ? null : genesis.Sequencers[(int)(term % (ulong)genesis.Sequencers.Length)];
    }

    /// <summary>Checks a block and applies it.</summary>
    /// <param name="block">The block.</param>
    /// <param name="trusted">Whether this machine wrote the block itself and checked its transactions then; hashes and effects are compared all the same.</param>
    /// <returns>What is wrong with it, or null. After a fault the follower must not be used any more.</returns>
    public ChainFault? Follow(Block block, bool trusted = false)
    {
        ArgumentNullException.ThrowIfNull(block);
        // Whatever is wrong with a block that carries a sequencer's signature, that sequencer did.
        return CheckHeader(block) is { } fault ? fault : Follow(block, trusted, SequencerOf(State.Genesis, block.Header.Term)?.Address);
    }

    private ChainFault? Follow(Block block, bool trusted, Address? sequencer)
    {
        try
        {
            return FollowSigned(block, trusted) is { } fault ? fault with { Sequencer = sequencer } : null;
        }
        catch (InvalidDataException exception)
        {
            return new ChainFault(ChainFaultKind.ChangedTransactions, block.Header.Number, exception.Message) { Sequencer = sequencer };
        }
    }

    private ChainFault? FollowSigned(Block block, bool trusted)
    {
        var h = block.Header;
        if (h.Height < State.Height || h.Time < Time)
        {
            return new ChainFault(ChainFaultKind.WrongHeight, h.Number, "Height or time goes backwards.");
        }

        ChainFault? fault;
        Context.Events.Clear();
        Context.Closed.Clear();
        if (h.Height > State.Height)
        {
            if (State.NextDueHeight is { } due && h.Height > due)
            {
                return new ChainFault(ChainFaultKind.WrongHeight, h.Number, $"Height {due} was skipped although a job waits for its beacon.");
            }

            fault = CheckBeacon(h, trusted);
            if (fault is not null)
            {
                return fault;
            }

            State.BeginHeight(h.Height, h.Beacon);
        }
        else if (h.Beacon != State.Beacon)
        {
            return new ChainFault(ChainFaultKind.ForgedBeacon, h.Number, $"The beacon of height {h.Height} changed.");
        }

        uint count = 0;
        foreach (var encoded in block.Transactions())
        {
            fault = Apply(encoded, h.Number, count++, trusted);
            if (fault is not null)
            {
                return fault;
            }
        }

        Events += (ulong)Context.Events.Count;
        if (count != h.Count)
        {
            return new ChainFault(ChainFaultKind.ChangedTransactions, h.Number, $"It names {h.Count} transactions and holds {count}.");
        }

        if (h.Events != Events || h.EventDigest != State.EventDigest)
        {
            return new ChainFault(ChainFaultKind.WrongEvents, h.Number, "Its transactions have other effects than its header says.");
        }

        if (h.Receipts != State.Receipts.Count || h.ReceiptRoot != State.Receipts.Root)
        {
            return new ChainFault(ChainFaultKind.WrongReceipts, h.Number, "Its receipts give another root than its header says.");
        }

        (Number, Term, Time, Hash) = (h.Number, h.Term, h.Time, block.Hash);
        return null;
    }

    // The writer has applied the block's transactions itself; only the chain's end moves.
    internal void Advance(BlockHeader h, ReadOnlySpan<byte> encoded) => (Number, Term, Time, Hash, Events) = (h.Number, h.Term, h.Time, Digest.Of(encoded), h.Events);

    private ChainFault? CheckHeader(Block block)
    {
        var h = block.Header;
        if (h.Number != Number + 1)
        {
            return new ChainFault(ChainFaultKind.MissingBlock, h.Number, $"Block {Number + 1} is expected.");
        }

        if (h.Previous != Hash)
        {
            return new ChainFault(ChainFaultKind.BrokenChain, h.Number, $"It follows {h.Previous}, not {Hash}.");
        }

        if (Block.BodyDigest(block.Body.Span) != h.Transactions)
        {
            return new ChainFault(ChainFaultKind.ChangedTransactions, h.Number, "Its transactions are not those its header names.");
        }

        if (h.Term < Term)
        {
            return new ChainFault(ChainFaultKind.WrongSequencer, h.Number, $"Term {h.Term} was over.");
        }

        if (SequencerOf(State.Genesis, h.Term) is { } sequencer && !_signatures.Verify(sequencer.Address, Block.SigningDigest(State.GenesisDigest, block.Hash), block.Signature.Span))
        {
            return new ChainFault(ChainFaultKind.BadBlockSignature, h.Number, $"{sequencer.Address} did not sign it.");
        }

        return null;
    }

    private ChainFault? CheckBeacon(BlockHeader h, bool trusted)
    {
        if (State.NextDueHeight != h.Height)
        {
            return h.Beacon == State.Beacon && h.BeaconProof.IsEmpty ? null : new ChainFault(ChainFaultKind.ForgedBeacon, h.Number, $"Height {h.Height} has a beacon that nobody waits for.");
        }

        if (SequencerOf(State.Genesis, h.Term) is not { } sequencer)
        {
            return new ChainFault(ChainFaultKind.WrongSequencer, h.Number, "The genesis names no sequencer.");
        }

        if (trusted)
        {
            return null;
        }

        var alpha = Identifiers.BeaconAlpha(State.GenesisDigest, h.Height, State.Beacon, State.Mix);
        return _vrf.Verify(sequencer.VrfKey.Span, alpha, h.BeaconProof.Span, out var output) && Identifiers.Beacon(output, State.Mix) == h.Beacon
            ? null
            : new ChainFault(ChainFaultKind.ForgedBeacon, h.Number, $"The beacon of height {h.Height} is not the value of the sequencer's function.");
    }

    private ChainFault? Apply(ReadOnlyMemory<byte> encoded, ulong number, uint index, bool trusted)
    {
        var refusal = SignedTransaction.TryDecode(encoded.Span, out var signed);
        if (refusal != Refusal.None)
        {
            return new ChainFault(ChainFaultKind.ChangedTransactions, number, $"Transaction {index} cannot be read ({refusal}).");
        }

        VerifiedTransaction? verified;
        if (trusted)
        {
            verified = VerifiedTransaction.AcceptAlreadyVerified(signed!);
        }
        else if (VerifiedTransaction.TryVerify(signed!, State.GenesisDigest, _signatures, out verified) is var bad && bad != Refusal.None)
        {
            return new ChainFault(ChainFaultKind.BadTransactionSignature, number, $"Transaction {index} ({signed!.Body.Kind} of {signed.Sender}): {bad}.");
        }

        var result = State.Apply(verified!, Context);
        return result.Applied ? null : new ChainFault(ChainFaultKind.RefusedTransaction, number, $"Transaction {index} ({signed!.Body.Kind} of {signed.Sender}): {result.Refusal}.");
    }
}
