using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.State;

namespace Sojourn.Hosting.DropBox;

/// <summary>
/// Who may leave what in a gateway's drop box, and whose box makes room. An executor leaves what bears its name, a keeper of the job's offers leaves keys for executors, nobody leaves anything for a job that is
/// closed; each account has its own share of a job's box, so that none can keep the others out; and only a closed job's box is ever dropped, so that objects cost their sender an open, paid-for job.
/// </summary>
/// <param name="box">The drop box.</param>
/// <param name="ledger">Says who has which part, and which jobs are open.</param>
internal sealed class UploadRules(IDropBoxStore box, ILedger ledger)
{
    // A party that was found in a job stays one; that the job is closed may be noticed this much later.
    private const long FreshMilliseconds = 5_000;
    private const int KnownMax = 8_192;
    private const int LooksPerUpload = 64;

    private readonly Dictionary<Digest, Parties> _known = [];
    private readonly Dictionary<Digest, (Address Requester, Dictionary<Address, (int Objects, long Bytes)> Left)> _boxes = [];
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _room = new(1);
    private int _looked;

    private sealed record Parties(Address Requester, HashSet<Address> Executors, HashSet<Address> Seats, HashSet<Address> Keepers, long At);

    /// <summary>Leaves an object for an account.</summary>
    /// <param name="job">The job.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="account">Who leaves it; proved.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="DropBoxException">It is refused.</exception>
    public async Task PutAsync(Digest job, string name, ReadOnlyMemory<byte> content, Address account, CancellationToken cancel)
    {
        DropBoxRules.Check(name, content.Span);
        if (!DropNames.TryNode(name, out var node, out var isKey))
        {
            throw new DropBoxException(DropBoxFault.NotAuthenticated, $"'{name}' names nothing that a party of a job leaves");
        }

        var parties = await PartiesAsync(job, found => MayLeave(found, account, node, name, isKey), cancel).ConfigureAwait(false);
        if (await box.GetAsync(job, name, cancel).ConfigureAwait(false) is { } there)
        {
            if (there.Span.SequenceEqual(content.Span) || DropNames.IsSaid(name, out _))
            {
                return; // Left again, after a crash.
            }
        }

        if (!Take(job, account, parties.Requester, content.Length, out var tooMany))
        {
            // The requester's jobs may have been closed since.
            if (!tooMany || !await MakeRoomAsync(parties.Requester, cancel).ConfigureAwait(false) || !Take(job, account, parties.Requester, content.Length, out tooMany))
            {
                throw new DropBoxException(DropBoxFault.Full, tooMany ? $"{parties.Requester} has boxes of {DropBoxLimits.RequesterJobsMax} open jobs here" : $"{account} has left all that one account may leave for a job");
            }
        }

        try
        {
            try
            {
                await box.PutAsync(job, name, content, cancel).ConfigureAwait(false);
            }
            catch (DropBoxException e) when (e.Fault == DropBoxFault.Full)
            {
                if (!await MakeRoomAsync(null, cancel).ConfigureAwait(false))
                {
                    throw;
                }

                await box.PutAsync(job, name, content, cancel).ConfigureAwait(false);
            }
        }
        catch
        {
            GiveBack(job, account, content.Length);
            throw;
        }
    }

    private static bool MayLeave(Parties parties, Address account, Address node, string name, bool isKey) =>
        isKey ? parties.Keepers.Contains(account) && parties.Executors.Contains(node)
        : account == node && (DropNames.IsSaid(name, out _) ? parties.Seats : parties.Executors).Contains(account);

    // What is known is asked again where it is old, and where it says no: somebody may have been drawn since.
    private async Task<Parties> PartiesAsync(Digest job, Func<Parties, bool> may, CancellationToken cancel)
    {
        Parties? parties;
        lock (_lock)
        {
            _known.TryGetValue(job, out parties);
        }

        if (parties is not null && Environment.TickCount64 - parties.At < FreshMilliseconds && may(parties))
        {
            return parties;
        }

        if (await ledger.JobAsync(job, cancel).ConfigureAwait(false) is not { } view || view.Phase == JobPhase.Closed)
        {
            throw new DropBoxException(DropBoxFault.NotAuthenticated, $"the job {job} is not open: nothing is taken for it");
        }

        var keepers = parties?.Keepers ?? [];
        foreach (var id in parties is null ? view.Terms.Offers : [])
        {
            if (await ledger.OfferAsync(id, cancel).ConfigureAwait(false) is { } offer)
            {
                keepers.Add(offer.Terms.Keeper);
            }
        }

        HashSet<Address> executors = [.. view.Rounds.SelectMany(round => round.Executors).Select(seat => seat.Node)];
        parties = new Parties(view.Requester, executors, [.. executors, .. view.Rounds.SelectMany(round => round.Verifiers).Select(seat => seat.Node)], keepers, Environment.TickCount64);
        lock (_lock)
        {
            if (_known.Count >= KnownMax)
            {
                _known.Clear();
            }

            _known[job] = parties;
        }

        return may(parties) ? parties : throw new DropBoxException(DropBoxFault.NotAuthenticated, "the account has no part in the job by which it could leave this");
    }

    // Sets an object aside from the account's share of the job's box.
    private bool Take(Digest job, Address account, Address requester, int length, out bool tooMany)
    {
        lock (_lock)
        {
            tooMany = !_boxes.TryGetValue(job, out var boxed) && _boxes.Values.Count(other => other.Requester == requester) >= DropBoxLimits.RequesterJobsMax;
            if (tooMany)
            {
                return false;
            }

            var left = boxed.Left ?? [];
            _boxes[job] = (requester, left);
            var (objects, bytes) = left.GetValueOrDefault(account);
            if (objects >= DropBoxLimits.PartyObjectsMax || bytes + length > DropBoxLimits.PartyBytesMax)
            {
                return false;
            }

            left[account] = (objects + 1, bytes + length);
            return true;
        }
    }

    private void GiveBack(Digest job, Address account, int length)
    {
        lock (_lock)
        {
            if (_boxes.TryGetValue(job, out var boxed) && boxed.Left.TryGetValue(account, out var used))
            {
                boxed.Left[account] = (used.Objects - 1, used.Bytes - length);
            }
        }
    }

    // Drops the box of one closed job, the oldest first; looks at a few each time, and goes on where it stopped.
    private async Task<bool> MakeRoomAsync(Address? requester, CancellationToken cancel)
    {
        await _room.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            IReadOnlyList<Digest> jobs = box.Jobs();
            lock (_lock)
            {
                jobs = requester is null ? jobs : [.. _boxes.Where(other => other.Value.Requester == requester).Select(other => other.Key)];
            }

            for (var look = 0; look < Math.Min(jobs.Count, LooksPerUpload); look++)
            {
                _looked = (_looked + 1) % jobs.Count;
                var job = jobs[_looked];
                if (await ledger.JobAsync(job, cancel).ConfigureAwait(false) is { } view && view.Phase != JobPhase.Closed)
                {
                    continue;
                }

                // A closed job's box counts for nobody; it is dropped where the whole box has no room.
                lock (_lock)
                {
                    _boxes.Remove(job);
                    _known.Remove(job);
                }

                if (requester is null)
                {
                    box.Remove(job);
                }

                return true;
            }

            return false;
        }
        finally
        {
            _room.Release();
        }
    }
}
