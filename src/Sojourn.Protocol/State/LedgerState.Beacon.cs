using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

public sealed partial class LedgerState
{
    private readonly SortedDictionary<ulong, BeaconSlot> _dueBeacons = [];
    private readonly Dictionary<(Address Node, ulong Epoch), Digest> _commitments = [];
    private readonly PriorityQueue<(Digest Job, ulong Deadline), ulong> _deadlines = new();

    private sealed record BeaconSlot(int Waiting, Digest? Value);

    /// <summary>The beacon of the present height.</summary>
    public Digest Beacon { get; private set; }

    /// <summary>All contributions shown so far, folded.</summary>
    public Digest Mix { get; private set; }

    /// <summary>The epoch of the beacon's contributions.</summary>
    public ulong BeaconEpoch => Height / Rules.BeaconEpoch;

    /// <summary>The next height whose beacon a job waits for: it must not be skipped. Null where none does.</summary>
    public ulong? NextDueHeight
    {
        get
        {
            foreach (var (height, slot) in _dueBeacons)
            {
                if (slot.Value is null)
                {
                    return height;
                }
            }

            return null;
        }
    }

    /// <summary>The beacon of a height that a job waits for.</summary>
    /// <param name="height">The height.</param>
    public Digest? BeaconAt(ulong height) => height == Height ? Beacon : _dueBeacons.TryGetValue(height, out var slot) ? slot.Value : null;

    /// <summary>Goes on to a height. Heights may be skipped, except those whose beacon a job waits for.</summary>
    /// <param name="height">The height; above the present one.</param>
    /// <param name="beacon">Its beacon, which the caller has checked.</param>
    public void BeginHeight(ulong height, Digest beacon)
    {
        if (height <= Height || NextDueHeight is { } due && height > due)
        {
            throw new ArgumentOutOfRangeException(nameof(height), height, $"The next height is above {Height} and at most {NextDueHeight}.");
        }

        Height = height;
        Beacon = beacon;
        if (_dueBeacons.TryGetValue(height, out var slot))
        {
            _dueBeacons[height] = slot with { Value = beacon };
        }
    }

    /// <summary>The earliest deadline of an open job; null where there is none.</summary>
    public ulong? NextDeadline
    {
        get
        {
            while (_deadlines.TryPeek(out var entry, out var deadline))
            {
                if (_jobs.TryGetValue(entry.Job, out var job) && job.Deadline == entry.Deadline)
                {
                    return deadline;
                }

                _deadlines.Dequeue();
            }

            return null;
        }
    }

    /// <summary>Open jobs whose deadline has passed, earliest first; each can be driven by anyone.</summary>
    /// <param name="max">At most so many.</param>
    public List<Digest> DueJobs(int max)
    {
        var due = new List<Digest>();
        var keep = new HashSet<(Digest, ulong)>();
        while (due.Count < max && _deadlines.TryPeek(out var entry, out var deadline) && deadline < Height)
        {
            _deadlines.Dequeue();
            if (_jobs.TryGetValue(entry.Job, out var job) && job.Deadline == entry.Deadline && !keep.Contains(entry))
            {
                due.Add(entry.Job);
                keep.Add(entry);
            }
        }

        foreach (var entry in keep)
        {
            _deadlines.Enqueue(entry, entry.Item2);
        }

        return due;
    }

    private void Schedule(JobState job) => _deadlines.Enqueue((job.Id, job.Deadline), job.Deadline);

    private void AwaitBeacon(ulong height)
    {
        var waiting = _dueBeacons.TryGetValue(height, out var slot) ? slot.Waiting : 0;
        _dueBeacons[height] = new BeaconSlot(waiting + 1, slot?.Value);
    }

    private void ForgetBeacon(ulong height)
    {
        if (_dueBeacons.TryGetValue(height, out var slot))
        {
            if (slot.Waiting <= 1)
            {
                _dueBeacons.Remove(height);
            }
            else
            {
                _dueBeacons[height] = slot with { Waiting = slot.Waiting - 1 };
            }
        }
    }

    private ApplyResult Do(SignedTransaction signed, BeaconCommit body)
    {
        if (!_nodes.ContainsKey(signed.Sender))
        {
            return Refusal.UnknownNode;
        }

        if (body.Epoch != BeaconEpoch + 1)
        {
            return Refusal.WrongEpoch;
        }

        if (!_commitments.TryAdd((signed.Sender, body.Epoch), body.Commitment))
        {
            return Refusal.Duplicate;
        }

        Emit(EventKind.Contribution, account: signed.Sender, number: body.Epoch, data: body.Commitment);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, BeaconReveal body)
    {
        if (body.Epoch != BeaconEpoch)
        {
            return Refusal.WrongEpoch;
        }

        if (!_commitments.TryGetValue((signed.Sender, body.Epoch), out var commitment))
        {
            return Refusal.NoCommitment;
        }

        if (Identifiers.BeaconContribution(signed.Sender, body.Epoch, body.Secret) != commitment)
        {
            return Refusal.BadReveal;
        }

        // Each node keeps at most two commitments alive: the one it shows now, and the next.
        _commitments.Remove((signed.Sender, body.Epoch));
        Mix = new ProtocolHash("sojourn/beacon-mix/1").Add(Mix).Add(body.Secret).Finish();
        if (_commitments.Count > 4 * _nodes.Count)
        {
            foreach (var stale in _commitments.Keys.Where(key => key.Epoch < body.Epoch).ToList())
            {
                _commitments.Remove(stale);
            }
        }

        Emit(EventKind.Contribution, account: signed.Sender, number: body.Epoch, data: body.Secret);
        return ApplyResult.Ok;
    }
}
