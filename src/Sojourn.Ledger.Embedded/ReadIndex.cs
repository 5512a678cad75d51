using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Embedded;

/// <summary>Orders in which readers ask for nodes, offers and jobs, so that a page costs what it holds, however much there is. Made from the state, and kept beside it under its lock.</summary>
internal sealed class ReadIndex
{
    private static readonly Comparer<(ulong PostedAt, Digest Id)> NewestFirst =
        Comparer<(ulong PostedAt, Digest Id)>.Create(static (a, b) => b.PostedAt.CompareTo(a.PostedAt) is var order && order != 0 ? order : a.Id.CompareTo(b.Id));

    private readonly SortedSet<Address> _nodes = [];
    private readonly Dictionary<(Address Owner, Digest Content), SortedSet<Digest>> _offers = [];
    private readonly Dictionary<(Address Owner, Digest Content), SortedSet<Digest>> _openOffers = [];
    private readonly SortedSet<(ulong Expires, Digest Id)> _expiring = [];
    private readonly Dictionary<Address, SortedSet<(ulong PostedAt, Digest Id)>> _open = [];
    private readonly Dictionary<Address, List<int>> _closedOf = [];
    private int _closed;

    /// <summary>Begins with what there is.</summary>
    public void Begin(LedgerState state)
    {
        _nodes.Clear();
        _offers.Clear();
        _openOffers.Clear();
        _expiring.Clear();
        _open.Clear();
        _closedOf.Clear();
        _closed = 0;
        foreach (var node in state.Nodes.Keys)
        {
            _nodes.Add(node);
        }

        foreach (var offer in state.Offers.Values)
        {
            Note(offer);
        }

        foreach (var job in state.OpenJobs.Values)
        {
            Open(job);
        }

        Pass(state);
    }

    /// <summary>Goes on with what a block changed.</summary>
    public void Note(LedgerState state, List<LedgerEvent> events, List<JobState> closed)
    {
        foreach (ref readonly var item in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(events))
        {
            switch (item.Kind)
            {
                case EventKind.NodeChanged:
                    _nodes.Add(item.Account);
                    break;
                case EventKind.OfferChanged when state.Offers.TryGetValue(item.Job, out var offer):
                    Note(offer);
                    break;
                case EventKind.JobPosted when state.OpenJobs.TryGetValue(item.Job, out var job):
                    Open(job);
                    break;
                default:
                    break;
            }
        }

        foreach (var job in closed)
        {
            foreach (var of in (ReadOnlySpan<Address>)[Address.Zero, job.Requester])
            {
                if (_open.TryGetValue(of, out var jobs) && jobs.Remove((job.PostedAt, job.Id)) && jobs.Count == 0)
                {
                    _open.Remove(of);
                }
            }
        }

        Pass(state);
    }

    /// <summary>Nodes in the order of their addresses.</summary>
    public IEnumerable<Address> Nodes(Address after) => From(_nodes, after);

    /// <summary>Offers in the order of their ids.</summary>
    public IEnumerable<Digest> Offers(OfferQuery query) =>
        (query.Open ? _openOffers : _offers).TryGetValue((query.Owner ?? Address.Zero, query.Content is { } content ? ContentKey.Of(content) : Digest.Zero), out var offers)
            ? query.After is { } after ? From(offers, after) : offers
            : [];

    /// <summary>Open jobs, newest first.</summary>
    public IEnumerable<Digest> OpenJobs(LedgerState state, JobQuery query)
    {
        if (!_open.TryGetValue(query.Requester ?? Address.Zero, out var jobs))
        {
            return [];
        }

        return (query.After is { } after ? state.OpenJobs.TryGetValue(after, out var last) ? From(jobs, (last.PostedAt, last.Id)) : [] : jobs).Select(static entry => entry.Id);
    }

    /// <summary>Positions of closed jobs, newest first.</summary>
    public IEnumerable<int> ClosedJobs(LedgerState state, JobQuery query)
    {
        var before = query.After is { } after && state.ClosedJobs.PositionOf(after) is var position and >= 0 ? position : state.ClosedJobs.Count;
        if (query.Requester is not { } requester)
        {
            for (var i = before - 1; i >= 0; i--)
            {
                yield return i;
            }

            yield break;
        }

        if (!_closedOf.TryGetValue(requester, out var jobs))
        {
            yield break;
        }

        var at = jobs.BinarySearch(before);
        for (var i = (at < 0 ? ~at : at) - 1; i >= 0; i--)
        {
            yield return jobs[i];
        }
    }

    private static IEnumerable<T> From<T>(SortedSet<T> set, T after)
    {
        // Comparers decide what lies behind: a view begins at the entry itself where it is still there.
        if (set.Count == 0 || set.Comparer.Compare(after, set.Max) >= 0)
        {
            yield break;
        }

        foreach (var item in set.GetViewBetween(after, set.Max!))
        {
            if (set.Comparer.Compare(item, after) != 0)
            {
                yield return item;
            }
        }
    }

    private void Open(JobState job)
    {
        foreach (var of in (ReadOnlySpan<Address>)[Address.Zero, job.Requester])
        {
            if (!_open.TryGetValue(of, out var jobs))
            {
                _open.Add(of, jobs = new SortedSet<(ulong PostedAt, Digest Id)>(NewestFirst));
            }

            jobs.Add((job.PostedAt, job.Id));
        }
    }

    private void Note(OfferState offer)
    {
        Put(_offers, offer, present: true);
        Put(_openOffers, offer, present: !offer.Withdrawn);
        if (offer.Terms.Expires != 0 && !offer.Withdrawn)
        {
            _expiring.Add((offer.Terms.Expires, offer.Id));
        }
    }

    private static void Put(Dictionary<(Address Owner, Digest Content), SortedSet<Digest>> lists, OfferState offer, bool present)
    {
        foreach (var key in (ReadOnlySpan<(Address, Digest)>)[(Address.Zero, Digest.Zero), (offer.Owner, Digest.Zero), (Address.Zero, offer.ContentKey), (offer.Owner, offer.ContentKey)])
        {
            if (!lists.TryGetValue(key, out var list))
            {
                if (!present)
                {
                    continue;
                }

                lists.Add(key, list = []);
            }

            if (present)
            {
                list.Add(offer.Id);
            }
            else
            {
                list.Remove(offer.Id);
            }
        }
    }

    // What time alone changes: offers expire, jobs have closed.
    private void Pass(LedgerState state)
    {
        while (_expiring.Count > 0 && _expiring.Min is var next && next.Expires < state.Height)
        {
            _expiring.Remove(next);
            // One that was published again may expire later, or never.
            if (state.Offers.TryGetValue(next.Id, out var offer) && offer.Terms.Expires != 0 && offer.Terms.Expires < state.Height)
            {
                Put(_openOffers, offer, present: false);
            }
        }

        for (; _closed < state.ClosedJobs.Count; _closed++)
        {
            var requester = state.ClosedJobs[_closed].Requester;
            if (!_closedOf.TryGetValue(requester, out var jobs))
            {
                _closedOf.Add(requester, jobs = []);
            }

            jobs.Add(_closed);
        }
    }
}
