using Sojourn.Ledger.Embedded.Sequencing;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Ledger.Tests.Sequencing;

/// <summary>Who leads, under partitions, lag, skewed clocks and restarts: no term is led twice, nothing acknowledged is lost, and a majority that can talk goes on.</summary>
public sealed class ElectionModelTests(ITestOutputHelper output)
{
    // With room: the slowest of many thousand seeds take less than half of it.
    private const double PeriodsMax = 24;

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(2)]
    public void Seeds_keep_every_promise(int count)
    {
        var (slowest, caught, acknowledged, leaderships, readers) = (0.0, 0.0, 0L, 0L, 0L);
        for (ulong seed = 1; seed <= 600; seed++)
        {
            var (progress, whole, model) = One(seed, count);
            (slowest, caught) = (Math.Max(slowest, progress), Math.Max(caught, whole));
            acknowledged += model.Acknowledged;
            leaderships += model.Leaderships;
            readers += model.Answered;
        }

        output.WriteLine($"sequencers={count} acknowledged={acknowledged} leaderships={leaderships} slowest progress {slowest} patience periods, slowest replica {caught}, readers answered {readers}");
        Assert.True(acknowledged > 1000 && leaderships > 600 && readers > 1000);
    }

    // The model must be able to see what it is there to see.
    [Theory]
    [InlineData(ReadingRule.WhatItHolds, "A reader was told something older")]
    [InlineData(ReadingRule.RefusesAtOnce, "A transaction was refused out of a state older")]
    public void Rules_that_answer_with_the_past_are_found(ReadingRule rule, string what)
    {
        for (ulong seed = 1; seed <= 3000; seed++)
        {
            try
            {
                new ElectionModel(seed, 3, rule).Run();
            }
            catch (InvalidOperationException exception)
            {
                Assert.StartsWith(what, exception.Message, StringComparison.Ordinal);
                output.WriteLine($"seed {seed}: {exception.Message}");
                return;
            }
        }

        Assert.Fail("No seed finds it.");
    }

    // Whoever was restarted has forgotten whom it served a moment ago; the leader counts on what it promised then.
    [Fact]
    public void A_restarted_replica_holds_back_as_long_as_if_it_had_just_served()
    {
        var second = TimeSpan.FromSeconds(1);
        var restarted = new Election(1, 3, second, 3, _ => { }, TimeSpan.Zero);
        Assert.False(restarted.Consider(5, (9, 9), (0, 0), 0.9 * second));
        Assert.True(restarted.Consider(5, (9, 9), (0, 0), 1.1 * second));
        var fresh = new Election(1, 3, second, 0, _ => { }, TimeSpan.Zero);
        Assert.True(fresh.Consider(5, (0, 0), (0, 0), TimeSpan.Zero));
    }

    [Fact]
    public void A_leader_knows_the_present_for_half_a_patience_after_a_majority_served_it()
    {
        var second = TimeSpan.FromSeconds(1);
        var election = new Election(0, 5, second, 0, _ => { }, TimeSpan.Zero);
        Assert.True(election.Win(election.Stand((0, 0), second), 2, second));
        Assert.False(election.Led(second));
        election.Served(1, 2 * second);
        Assert.False(election.Led(2 * second));
        election.Served(2, 2.1 * second);
        Assert.True(election.Led(2.4 * second));
        Assert.False(election.Led(2.6 * second));
        // A later answer to a message that was sent before tells nothing new.
        election.Served(1, 1.5 * second);
        Assert.True(election.Led(2.4 * second));
        election.Resign(2.4 * second);
        Assert.False(election.Led(2.4 * second));
    }

    [Fact]
    [Trait("long", "election")]
    public void Campaign()
    {
        if (LongRun.Of("election") is not { } run)
        {
            return;
        }

        var (runs, slowest, caught, acknowledged) = (0L, 0.0, 0.0, 0L);
        for (var seed = run.Seed * 1_000_000; !run.Over; seed++)
        {
            var (progress, whole, model) = One(seed, 2 + (int)(seed % 6));
            (slowest, caught) = (Math.Max(slowest, progress), Math.Max(caught, whole));
            acknowledged += model.Acknowledged;
            runs++;
        }

        LongRun.Record(output, "election", $"seeds={runs} acknowledged={acknowledged} slowestProgress={slowest} slowestReplica={caught} failures=0");
    }

    private static (double Progress, double Caught, ElectionModel Model) One(ulong seed, int count)
    {
        try
        {
            var model = new ElectionModel(seed, count);
            var (progress, caught) = model.Run();
            Assert.True(progress <= PeriodsMax, $"{progress} patience periods until something was acknowledged.");
            return (progress, caught, model);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException($"seed {seed}, {count} sequencers: {exception.Message}", exception);
        }
    }

    [Fact]
    public void What_a_replica_held_for_an_earlier_leadership_confirms_nothing()
    {
        var confirmations = new Confirmations(3);
        confirmations.Begin(3, 5);
        Assert.False(confirmations.Confirm(3, 0, 10));
        confirmations.Begin(6, 8);
        // The answer to a message of term 3 comes late: the replica may have dropped those blocks for term 4.
        Assert.False(confirmations.Confirm(3, 1, 10));
        Assert.False(confirmations.Confirm(6, 0, 8));
        Assert.Equal(0UL, confirmations.Number);
        Assert.True(confirmations.Confirm(6, 1, 8));
        Assert.Equal(8UL, confirmations.Number);
    }

    [Fact]
    public void A_promise_is_kept_before_it_is_given_and_never_taken_back()
    {
        var kept = new List<ulong>();
        var election = new Election(1, 3, TimeSpan.FromSeconds(1), 4, kept.Add, TimeSpan.Zero);
        Assert.False(election.Consider(4, (9, 9), (0, 0), TimeSpan.FromSeconds(9)));
        Assert.True(election.Consider(6, (0, 0), (0, 0), TimeSpan.FromSeconds(9)));
        Assert.False(election.Consider(6, (9, 9), (0, 0), TimeSpan.FromSeconds(9)));
        Assert.False(election.Hear(5, TimeSpan.FromSeconds(9)));
        // A candidate that is behind gets nothing, but its term counts.
        Assert.False(election.Consider(9, (1, 1), (1, 2), TimeSpan.FromSeconds(20)));
        Assert.Equal([6UL, 9UL], kept);
        Assert.Equal(ElectionStep.Stand, election.Look((1, 2), TimeSpan.FromSeconds(20)));
        Assert.Equal(10UL, election.Stand((1, 2), TimeSpan.FromSeconds(20)));
        Assert.False(election.Win(10, 0, TimeSpan.FromSeconds(20)));
        Assert.True(election.Win(10, 1, TimeSpan.FromSeconds(20)));
        Assert.True(election.Leads);
    }
}
