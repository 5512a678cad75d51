using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Ledger.Embedded.Sequencing;
using Sojourn.Ledger.Embedded.Storage;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Embedded;

/// <summary>A sequencer that was caught: what it did, and the signed blocks that show it.</summary>
/// <param name="Sequencer">Who.</param>
/// <param name="Fault">What.</param>
/// <param name="Evidence">The block, or both where two contradict each other, as <see cref="Block.WriteTo"/> writes them.</param>
public sealed record Accusation(Address Sequencer, ChainFault Fault, IReadOnlyList<ReadOnlyMemory<byte>> Evidence);

/// <summary>The end of a chain.</summary>
/// <param name="Term">The term of the last block.</param>
/// <param name="Number">Its number.</param>
/// <param name="Hash">Its hash.</param>
internal sealed record ChainTip(ulong Term, ulong Number, Digest Hash);

public sealed partial class EmbeddedLedger
{
    private const int AccusationsMax = 64;
    private readonly List<Accusation> _accusations = [];

    /// <summary>Sequencers that were caught, oldest first.</summary>
    public IReadOnlyList<Accusation> Accusations
    {
        get
        {
            lock (_accusations)
            {
                return [.. _accusations];
            }
        }
    }

    /// <summary>Whether this process orders transactions at the moment.</summary>
    public bool Leads => _writer is not null && _failure is null && (_cluster?.Leads ?? true);

    /// <summary>Ends with the reason once this ledger has stopped because its disk failed; closing it does not end it.</summary>
    public Task<LedgerStoppedException> Stopped => _stopped.Task;

    /// <summary>Who leads, as its place in the genesis's list; null where none is known.</summary>
    public int? LeaderIndex => _cluster is null ? 0 : _cluster.LeaderIndex;

    internal Cluster? Sequencers => _cluster;

    internal ulong SettledNumber => _settled.Number;

    // The end of the chain on this disk, settled or not: what is still being written does not count.
    internal ChainTip Tip => Volatile.Read(ref _tip);

    private void MarkTip() => Volatile.Write(ref _tip, new ChainTip(_chain.Term, _chain.Number, _chain.Hash));

    internal void KeepMeta(string key, byte[] value)
    {
        lock (_core)
        {
            try
            {
                _database.PutMeta(key, value);
            }
            catch (Exception exception) when (exception is Microsoft.Data.Sqlite.SqliteException or IOException)
            {
                Stop(exception);
                throw;
            }
        }
    }

    // Blocks from a number on as one message, the hash of the one before, and the number of the last.
    internal (Digest Previous, byte[] Blocks, ulong Last) Since(ulong from, int bytesMax)
    {
        using var database = _reader();
        var previous = from == 1 ? GenesisDigest : HashOf(database, from - 1) ?? throw new InvalidOperationException($"Block {from - 1} is missing.");
        using var stream = new MemoryStream();
        var last = from - 1;
        foreach (var stored in database.ReadBlocks(from))
        {
            Whole(stored).WriteTo(stream);
            last = stored.Number;
            if (stream.Length >= bytesMax)
            {
                break;
            }
        }

        return (previous, stream.ToArray(), last);
    }

    /// <summary>Takes a leader's blocks: checks everything in them, keeps them, and drops what no majority ever confirmed where they contradict it.</summary>
    /// <returns>Whether they are on disk, and the last block then; else the last block from which the leader should try again.</returns>
    internal (bool Kept, ulong Number) Replicate(ulong term, ulong previousNumber, Digest previousHash, IReadOnlyList<Block> blocks, Func<bool> still)
    {
        lock (_core)
        {
            if (!still() || _failure is not null)
            {
                return (false, 0);
            }

            if (previousNumber > _chain.Number)
            {
                return (false, _chain.Number);
            }

            if ((previousNumber == 0 ? GenesisDigest : previousNumber == _chain.Number ? _chain.Hash : HashOf(_database, previousNumber)) != previousHash)
            {
                return (false, previousNumber == 0 ? 0 : previousNumber - 1);
            }

            try
            {
                foreach (var block in blocks)
                {
                    if (block.Header.Number <= _chain.Number)
                    {
                        if (HashOf(_database, block.Header.Number) == block.Hash)
                        {
                            continue;
                        }

                        if (!MayReplace(block, term))
                        {
                            return (false, 0);
                        }

                        Drop(block.Header.Number - 1);
                    }

                    if (!Follow(block))
                    {
                        return (false, 0);
                    }
                }

                _database.Commit();
                MarkTip();
                return (true, blocks.Count == 0 ? previousNumber : blocks[^1].Header.Number);
            }
            catch (Exception exception) when (exception is Microsoft.Data.Sqlite.SqliteException or IOException or LedgerCorruptException)
            {
                Stop(exception);
                return (false, 0);
            }
        }
    }

    /// <summary>Compares another replica's signed head with what is known here; a contradiction accuses whoever signed twice.</summary>
    /// <param name="other">A block's header and signature.</param>
    /// <returns>The fault, or null.</returns>
    public ChainFault? Compare(Block other)
    {
        ArgumentNullException.ThrowIfNull(other);
        using var database = _reader();
        if (other.Header.Number == 0 || other.Header.Number > _settled.Number || database.ReadBlocks(other.Header.Number, 1).FirstOrDefault() is not { Block: { } own } || own.Hash == other.Hash)
        {
            return null;
        }

        if (SequencerFraud.Show(Genesis, own, other, _signatures) is { } fraud)
        {
            Accuse(fraud);
            return fraud.Fault;
        }

        return null;
    }

    private static Digest? HashOf(LedgerDatabase database, ulong number) => database.ReadBlocks(number, 1).FirstOrDefault()?.Block?.Hash;

    // What a leader of a later term holds may take the place of a block that was never settled, though the block it holds there may itself be of an earlier term than the one it replaces
    // (Raft, section 5.3). Anything else is a fraud, and whoever signed it is named.
    private bool MayReplace(Block block, ulong term)
    {
        var own = Whole(_database.ReadBlocks(block.Header.Number, 1).First());
        if (SequencerFraud.Show(Genesis, own, block, _signatures) is { } fraud)
        {
            Accuse(fraud);
            return false;
        }

        if (block.Header.Number <= _settled.Number)
        {
            if (ChainFollower.SequencerOf(Genesis, block.Header.Term) is { } sequencer && _signatures.Verify(sequencer.Address, Block.SigningDigest(GenesisDigest, block.Hash), block.Signature.Span))
            {
                var fault = new ChainFault(ChainFaultKind.Fork, block.Header.Number, "It contradicts a block that a majority confirmed.") { Sequencer = sequencer.Address };
                Accuse(new Accusation(sequencer.Address, fault, [SequencerFraud.Encode(own), SequencerFraud.Encode(block)]));
            }

            return false;
        }

        return term > own.Header.Term;
    }

    private void Drop(ulong after)
    {
        _database.Commit();
        var receipts = after == 0 ? 0 : Whole(_database.ReadBlocks(after, 1).First()).Header.Receipts;
        _database.Truncate(after, receipts);
        Reload();
        lock (_unpublished)
        {
            var kept = _unpublished.Where(item => item.Number <= after).ToList();
            // What lay on disk at the start was one entry: what is left of it is one again.
            var rest = _unpublished.TryPeek(out var first) && first.Events.IsDefault && first.Number > after;
            _unpublished.Clear();
            if (rest)
            {
                _unpublished.Enqueue((after, _chain.Events, default));
            }

            kept.ForEach(_unpublished.Enqueue);
        }
    }

    private void Reload()
    {
        var chain = ChainLoader.Load(_database, Snapshots.PathOf(_options.Path), _signatures, _vrf);
        _gate.EnterWriteLock();
        try
        {
            _chain = chain;
            Interlocked.Increment(ref _rewinds);
            _sweep.Begin(chain.State);
            _index.Begin(chain.State);
        }
        finally
        {
            _gate.ExitWriteLock();
        }

        MarkTip();
    }

    private bool Follow(Block block)
    {
        ChainFault? fault;
        var first = _chain.Events;
        _gate.EnterWriteLock();
        try
        {
            fault = _chain.Follow(block);
            if (fault is null)
            {
                _index.Note(_chain.State, _chain.Context.Events, _chain.Context.Closed);
            }
        }
        finally
        {
            _gate.ExitWriteLock();
        }

        if (fault is null)
        {
            _database.Append(block, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_chain.Context.Events), first, _chain.Context.Closed);
            Remember(block, first);
            _sweep.Note(_chain.Context.Events);
            return true;
        }

        if (fault.Sequencer is { } sequencer)
        {
            Accuse(new Accusation(sequencer, fault, [SequencerFraud.Encode(block)]));
        }

        // What was applied before the fault showed must go: the state is made again from what is on disk.
        _database.Commit();
        Reload();
        return false;
    }

    private void Accuse(Accusation accusation)
    {
        lock (_accusations)
        {
            if (_accusations.Count < AccusationsMax && !_accusations.Exists(known => known.Sequencer == accusation.Sequencer && known.Fault == accusation.Fault))
            {
                _accusations.Add(accusation);
            }
        }
    }
}
