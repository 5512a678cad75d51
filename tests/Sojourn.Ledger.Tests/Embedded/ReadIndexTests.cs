using Sojourn.Ledger.Embedded;
using Sojourn.Primitives;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Embedded;

/// <summary>What readers are given by index is what a search of everything would have found, whatever happened in whatever order.</summary>
public sealed class ReadIndexTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void An_index_that_was_kept_finds_what_a_search_finds(int seed)
    {
        var random = new Random(seed);
        var bench = new Workbench(nodes: 5);
        var kept = new ReadIndex();
        kept.Begin(bench.State);
        Party[] parties = [bench.Requester, bench.Owner, .. bench.Nodes.Take(2)];
        List<Digest> offers = [];
        List<Digest> jobs = [];
        var (openMost, offersOpenMost) = (0, 0);
        for (var block = 0; block < 120; block++)
        {
            bench.Context.Events.Clear();
            bench.Context.Closed.Clear();
            for (var i = random.Next(5); i > 0; i--)
            {
                var party = parties[random.Next(parties.Length)];
                switch (random.Next(6))
                {
                    case 0:
                        var expires = random.Next(2) == 0 ? 0 : bench.State.Height + (ulong)random.Next(1, 20);
                        if (bench.Try(party, Offer($"content {random.Next(4)}", parties[0], expires)) is { Applied: true } published)
                        {
                            offers.Add(published.Subject);
                        }

                        break;
                    case 1 when offers.Count > 0:
                        _ = bench.Try(party, new OfferWithdraw(offers[random.Next(offers.Count)]));
                        break;
                    case 2 when jobs.Count > 0:
                        _ = bench.Try(party, new JobCancel(jobs[random.Next(jobs.Count)]));
                        break;
                    case 3:
                        _ = bench.Try(bench.Party($"node {block} {i}"), new NodeRegister(Workbench.Profile(bench.Party($"node {block} {i}")), 1));
                        break;
                    default:
                        if (bench.Try(party, new JobPost(Workbench.Terms(1))) is { Applied: true } posted)
                        {
                            jobs.Add(posted.Subject);
                        }

                        break;
                }
            }

            bench.Go((ulong)random.Next(2));
            foreach (var due in bench.State.DueJobs(100))
            {
                bench.Must(new Drive(due));
            }

            kept.Note(bench.State, bench.Context.Events, bench.Context.Closed);
            openMost = Math.Max(openMost, bench.State.OpenJobs.Count);
            offersOpenMost = Math.Max(offersOpenMost, kept.Offers(new OfferQuery()).Count());
            var made = new ReadIndex();
            made.Begin(bench.State);
            foreach (var index in new[] { kept, made })
            {
                Compare(bench.State, index, parties, random);
            }
        }

        // There was something to find, and not everything stayed as it was.
        Assert.True(openMost > 2 && bench.State.ClosedJobs.Count > 2, $"{openMost} jobs open at once, {bench.State.ClosedJobs.Count} closed");
        Assert.True(offersOpenMost > 2 && bench.State.Offers.Count > offersOpenMost, $"{offersOpenMost} offers open at once of {bench.State.Offers.Count}");
    }

    private static OfferPublish Offer(string content, Party keeper, ulong expires) =>
        new(new OfferTerms { Kind = OfferKind.Data, Content = Workbench.Content(content), Policy = Workbench.Content("policy"), Keeper = keeper.Address, LevelMin = Attestation.TrustLevel.Simulated, Expires = expires });

    private static void Compare(LedgerState state, ReadIndex index, Party[] parties, Random random)
    {
        var after = state.Nodes.Keys.OrderBy(node => node).ElementAt(random.Next(state.Nodes.Count));
        Assert.Equal(state.Nodes.Keys.Order(), index.Nodes(default));
        Assert.Equal(state.Nodes.Keys.Where(node => node > after).Order(), index.Nodes(after));
        foreach (var of in parties.Select(party => (Address?)party.Address).Append(null))
        {
            foreach (var content in new[] { null, Workbench.Content("content 1") })
            {
                foreach (var open in new[] { true, false })
                {
                    var query = new OfferQuery(of, content, open);
                    var found = state.Offers.Values.Where(offer => (of is null || offer.Owner == of) && (content is null || offer.ContentKey == ContentKey.Of(content))
                        && (!open || (!offer.Withdrawn && (offer.Terms.Expires == 0 || offer.Terms.Expires >= state.Height)))).Select(offer => offer.Id).Order().ToList();
                    Assert.Equal(found, index.Offers(query));
                    if (found.Count > 0)
                    {
                        var at = random.Next(found.Count);
                        Assert.Equal(found.Skip(at + 1), index.Offers(query with { After = found[at] }));
                    }
                }
            }

            var jobs = new JobQuery(of);
            var openJobs = state.OpenJobs.Values.Where(job => of is null || job.Requester == of).OrderByDescending(job => job.PostedAt).ThenBy(job => job.Id).Select(job => job.Id).ToList();
            var closedJobs = Enumerable.Range(0, state.ClosedJobs.Count).Where(at => of is null || state.ClosedJobs[at].Requester == of).Reverse().ToList();
            Assert.Equal(openJobs, index.OpenJobs(state, jobs));
            Assert.Equal(closedJobs, index.ClosedJobs(state, jobs));
            if (openJobs.Count > 0)
            {
                var at = random.Next(openJobs.Count);
                Assert.Equal(openJobs.Skip(at + 1), index.OpenJobs(state, jobs with { After = openJobs[at] }));
                Assert.Equal(closedJobs, index.ClosedJobs(state, jobs with { After = openJobs[at] }));
            }

            if (closedJobs.Count > 0)
            {
                var at = random.Next(closedJobs.Count);
                Assert.Empty(index.OpenJobs(state, jobs with { After = state.ClosedJobs[closedJobs[at]].Id }));
                Assert.Equal(closedJobs.Skip(at + 1), index.ClosedJobs(state, jobs with { After = state.ClosedJobs[closedJobs[at]].Id }));
            }
        }
    }
}
