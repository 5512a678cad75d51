using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;

namespace Sojourn.Protocol.State;

public sealed partial class LedgerState
{
    internal sealed record Totals(ulong Height, Digest Beacon, Digest Mix, Amount TokensHeld, Amount Treasury, Amount Escrowed, Digest EventDigest, Digest ClosedDigest);

    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct DueBeacon(ulong Height, int Waiting, Digest? Value);

    internal IEnumerable<Digest> References => _references;

    internal IEnumerable<DueBeacon> DueBeacons => _dueBeacons.Select(pair => new DueBeacon(pair.Key, pair.Value.Waiting, pair.Value.Value));

    internal IEnumerable<(Address Node, ulong Epoch, Digest Commitment)> Commitments => _commitments.Select(pair => (pair.Key.Node, pair.Key.Epoch, pair.Value));

    /// <summary>A digest of the whole state; two ledgers with the same root behave alike for ever.</summary>
    /// <param name="history">Whether the running digests over events and closed jobs count too.</param>
    public Digest Root(bool history = true) => Digest.Of(StateCodec.Encode(this, history));

    /// <summary>Encodes a closed job, whole, for a ledger's archive.</summary>
    /// <param name="job">The job; see <see cref="ApplyContext.Closed"/>.</param>
    public static byte[] EncodeClosed(JobState job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return StateCodec.EncodeClosed(job);
    }

    /// <summary>Reads a job that <see cref="EncodeClosed"/> wrote.</summary>
    /// <param name="encoded">The encoding.</param>
    /// <exception cref="FormatException">The bytes are no such job.</exception>
    public static JobState DecodeClosed(ReadOnlySpan<byte> encoded) => StateCodec.DecodeClosed(encoded);

    /// <summary>Writes the state: lengths, the encoded state, the table of closed jobs as raw records of this machine, and SHA-256 over all of it.</summary>
    /// <param name="destination">Where to.</param>
    public void WriteSnapshot(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Put(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            destination.Write(bytes);
        }

        var encoded = StateCodec.Encode(this, history: true);
        Put(BitConverter.GetBytes(encoded.Length));
        Put(BitConverter.GetBytes(_closed.Count));
        Put(encoded);
        foreach (var chunk in _closed.Chunks())
        {
            Put(MemoryMarshal.AsBytes(chunk.Span));
        }

        destination.Write(hash.GetHashAndReset());
    }

    /// <summary>Reads a snapshot of this machine.</summary>
    /// <param name="genesis">The genesis.</param>
    /// <param name="source">Where from.</param>
    /// <returns>The state, or null where the snapshot is damaged.</returns>
    public static LedgerState? TryReadSnapshot(LedgerGenesis genesis, Stream source)
    {
        ArgumentNullException.ThrowIfNull(source);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            void Get(Span<byte> bytes)
            {
                source.ReadExactly(bytes);
                hash.AppendData(bytes);
            }

            Span<byte> lengths = stackalloc byte[8];
            Get(lengths);
            var length = BitConverter.ToInt32(lengths);
            var closed = BitConverter.ToInt32(lengths[4..]);
            if (length < 0 || closed < 0 || length > source.Length)
            {
                return null;
            }

            var encoded = new byte[length];
            Get(encoded);
            var state = new LedgerState(genesis);
            state._closed.Load(closed, chunk => Get(MemoryMarshal.AsBytes(chunk.Span)));
            Span<byte> stored = stackalloc byte[32];
            source.ReadExactly(stored);
            if (!hash.GetHashAndReset().AsSpan().SequenceEqual(stored))
            {
                return null;
            }

            StateCodec.Decode(encoded, state);
            return state;
        }
        catch (Exception exception) when (exception is EndOfStreamException or FormatException)
        {
            return null;
        }
    }

    internal void Restore(Totals totals, ulong receipts, List<Digest> peaks, List<AccountState> accounts, List<NodeState> nodes, List<OfferState> offers, List<JobState> jobs, List<BatchState> batches, List<Digest> references, List<DueBeacon> due, List<(Address Node, ulong Epoch, Digest Commitment)> commitments)
    {
        (Height, Beacon, Mix, TokensHeld, Treasury, Escrowed, EventDigest, ClosedDigest) = totals;
        Receipts.Load(receipts, peaks);
        _accounts.Clear();
        accounts.ForEach(account => _accounts.Add(account.Address, account));
        nodes.ForEach(node => _nodes.Add(node.Address, node));
        offers.ForEach(offer => _offers.Add(offer.Id, offer));
        batches.ForEach(batch => _batches.Add(batch.Id, batch));
        references.ForEach(reference => _references.Add(reference));
        due.ForEach(item => _dueBeacons.Add(item.Height, new BeaconSlot(item.Waiting, item.Value)));
        commitments.ForEach(item => _commitments.Add((item.Node, item.Epoch), item.Commitment));
        foreach (var job in jobs)
        {
            _jobs.Add(job.Id, job);
            Schedule(job);
        }
    }
}
