using Microsoft.AspNetCore.Http;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Content.Ipfs.Tests.Store;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Tests.Sources;

public class GatewaySourceTests
{
    private static readonly Block Block = Blocks.Raw(7, 700);

    [Fact]
    public async Task A_slow_gateway_is_raced_by_the_next()
    {
        await using var slow = await FakeGateway.StartAsync(Block);
        var gone = new TaskCompletionSource();
        slow.OnRequest = async (context, _) =>
        {
            // Never answers; ends when the loser of the race is cancelled.
            context.RequestAborted.Register(() => gone.TrySetResult());
            await gone.Task;
            return true;
        };
        await using var fast = await FakeGateway.StartAsync(Block);
        var options = new GatewaySourceOptions { HedgeAfterMin = TimeSpan.FromMilliseconds(5), HedgeAfterMax = TimeSpan.FromMilliseconds(5) };
        using var source = new GatewaySource([slow.Address, fast.Address], options);
        Assert.True(Blocks.Same(await source.GetAsync(Block.Cid), Block));
        await gone.Task;
        Assert.Equal(1, slow.Requests);
    }

    [Fact]
    public async Task No_more_than_the_allowed_number_race()
    {
        var waiting = new TaskCompletionSource();
        var gateways = new List<FakeGateway>();
        var atThree = new TaskCompletionSource();
        var arrived = 0;
        for (var i = 0; i < 5; i++)
        {
            var gateway = await FakeGateway.StartAsync(Block);
            gateway.OnRequest = async (_, _) =>
            {
                if (Interlocked.Increment(ref arrived) == 3)
                {
                    atThree.SetResult();
                }

                await waiting.Task;
                return false;
            };
            gateways.Add(gateway);
        }

        using var source = new GatewaySource(gateways.Select(g => g.Address), new GatewaySourceOptions { HedgeAfterMin = TimeSpan.FromMilliseconds(1), HedgeAfterMax = TimeSpan.FromMilliseconds(1), Racers = 3 });
        var fetch = source.GetAsync(Block.Cid).AsTask();
        await atThree.Task;
        waiting.SetResult();
        Assert.True(Blocks.Same(await fetch, Block));
        Assert.Equal(3, arrived);
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_passing_failure_is_tried_again()
    {
        await using var gateway = await FakeGateway.StartAsync(Block);
        gateway.OnRequest = (context, number) =>
        {
            context.Response.StatusCode = number switch { 1 => 500, 2 => 429, _ => 200 };
            context.Response.Headers.RetryAfter = number == 2 ? "0" : default;
            return Task.FromResult(number < 3);
        };
        using var source = new GatewaySource([gateway.Address], Quick.Options);
        Assert.True(Blocks.Same(await source.GetAsync(Block.Cid), Block));
        Assert.Equal(3, gateway.Requests);
        Assert.Equal(GatewayFault.RateLimited, source.Health[0].LastFailure!.Fault);
    }

    [Fact]
    public async Task A_gateway_that_lies_is_named_demoted_and_not_asked_again()
    {
        await using var liar = await FakeGateway.StartAsync(new Block(Block.Cid, new byte[700]));
        await using var honest = await FakeGateway.StartAsync(Block);
        using var source = new GatewaySource([liar.Address, honest.Address], Quick.Options);
        Assert.True(Blocks.Same(await source.GetAsync(Block.Cid), Block));
        var worst = source.Health[^1];
        Assert.Equal(liar.Address, worst.Gateway);
        Assert.Equal(GatewayFault.WrongBytes, worst.LastFailure!.Fault);
        Assert.NotNull(worst.DemotedUntil);
        Assert.Contains(liar.Address.ToString(), worst.LastFailure.ToString(), StringComparison.Ordinal);
        Assert.True(Blocks.Same(await source.GetAsync(Block.Cid), Block));
        Assert.Equal(1, liar.Requests);
    }

    [Fact]
    public async Task Where_one_cannot_say_absence_is_not_claimed()
    {
        await using var empty = await FakeGateway.StartAsync();
        using var source = new GatewaySource([empty.Address, new Uri("http://127.0.0.1:1")], Quick.Options);
        var e = await Assert.ThrowsAsync<GatewayException>(async () => await source.GetAsync(Block.Cid));
        var failure = Assert.Single(e.Failures);
        Assert.Equal(GatewayFault.Unreachable, failure.Fault);
        Assert.Contains("127.0.0.1:1", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/html", 200, GatewayFault.UnexpectedAnswer)]
    [InlineData("application/vnd.ipld.raw", 301, GatewayFault.UnexpectedAnswer)]
    [InlineData("application/vnd.ipld.raw", 403, GatewayFault.UnexpectedAnswer)]
    [InlineData("application/vnd.ipld.raw", 502, GatewayFault.ServerError)]
    public async Task Odd_answers_are_named(string type, int status, GatewayFault expected)
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.OnRequest = async (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            await context.Response.Body.WriteAsync(Block.Data);
            return true;
        };
        using var source = new GatewaySource([gateway.Address], Quick.Options);
        var e = await Assert.ThrowsAsync<GatewayException>(async () => await source.GetAsync(Block.Cid));
        Assert.Equal(expected, e.Failures[0].Fault);
    }

    [Fact]
    public async Task A_body_without_end_is_cut_at_the_block_limit()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.OnRequest = async (context, _) =>
        {
            context.Response.ContentType = "application/vnd.ipld.raw";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(new byte[64 << 10], context.RequestAborted);
            }

            return true;
        };
        using var source = new GatewaySource([gateway.Address], Quick.Options);
        var e = await Assert.ThrowsAsync<GatewayException>(async () => await source.GetAsync(Block.Cid));
        Assert.Equal(GatewayFault.TooLarge, e.Failures[0].Fault);
    }

    [Fact]
    public async Task A_hash_that_cannot_be_verified_is_refused_before_anything_is_asked()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var source = new GatewaySource([gateway.Address], Quick.Options);
        var sha1 = Cid.Create(Multicodec.Raw, Multihash.Wrap(MultihashCode.Sha1, new byte[20]));
        await Assert.ThrowsAsync<GatewayException>(async () => await source.GetAsync(sha1));
        Assert.Equal(0, gateway.Requests);
    }
}
