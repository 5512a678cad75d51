using System.Net;
using Sojourn.Ledger.Embedded.Http;

namespace Sojourn.Ledger.Tests.Http;

/// <summary>A client asks several sequencers: it never takes an answer that is older than what it was shown, and says so where nobody gives a newer one.</summary>
public sealed class FailoverTests
{
    private static readonly Uri[] Addresses = [new("http://127.0.0.1:1"), new("http://127.0.0.1:2")];

    private sealed class Script(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }

    private static HttpResponseMessage At(ulong block)
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK);
        response.Headers.Add(LedgerEndpoints.BlockHeader, block.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return response;
    }

    private static HttpResponseMessage Elsewhere(string leader)
    {
        var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        response.Headers.Add(LedgerEndpoints.LeaderHeader, leader);
        return response;
    }

    private static ulong BlockOf(HttpResponseMessage response) => ulong.Parse(response.Headers.GetValues(LedgerEndpoints.BlockHeader).Single(), System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public async Task An_older_answer_is_none()
    {
        var asked = new List<(int Port, string? Seen)>();
        using var client = new HttpClient(new FailoverHandler(Addresses, new Script(request =>
        {
            asked.Add((request.RequestUri!.Port, request.Headers.TryGetValues(LedgerEndpoints.SeenHeader, out var seen) ? seen.Single() : null));
            return asked.Count switch
            {
                1 => At(10),
                2 => throw new HttpRequestException("It is away."),
                3 => At(5),
                4 => At(9),
                _ => At(11),
            };
        })));
        var target = new Uri("http://ledger/accounts");
        using var first = await client.GetAsync(target);
        using var second = await client.GetAsync(target);
        Assert.Equal((10UL, 11UL), (BlockOf(first), BlockOf(second)));
        Assert.Equal([(1, null), (1, "10"), (2, "10"), (1, "10"), (2, "10")], asked);
    }

    [Fact]
    public async Task Who_does_not_know_the_present_is_passed_over_and_the_named_leader_is_asked()
    {
        var asked = new List<int>();
        using var client = new HttpClient(new FailoverHandler(Addresses, new Script(request =>
        {
            asked.Add(request.RequestUri!.Port);
            return asked.Count switch { 1 => Elsewhere("none"), 2 => Elsewhere("0"), _ => At(3) };
        })));
        using var answer = await client.GetAsync(new Uri("http://ledger/head"));
        Assert.Equal(3UL, BlockOf(answer));
        Assert.Equal([1, 2, 1], asked);
    }

    [Fact]
    public async Task One_address_alone_passes_a_transaction_for_another_leader_back_at_once()
    {
        using var client = new HttpClient(new FailoverHandler([Addresses[0]], new Script(_ => Elsewhere("2"))));
        using var answer = await client.PostAsync(new Uri("http://ledger/transactions"), null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }
}
