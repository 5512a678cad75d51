using System.Text;
using System.Text.Json;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Ledger.Ethereum;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Hosting.Ledgers;

/// <summary>A ledger by its address, whatever stands there: our own HTTP, or a chain's JSON-RPC with a contract on it.</summary>
/// <param name="ledger">The ledger.</param>
public sealed class LedgerConnection(ILedger ledger) : IAsyncDisposable
{
    private const int AnswerMax = 4096;

    /// <summary>The ledger.</summary>
    public ILedger Ledger => ledger;

    /// <summary>Opens a ledger for reading: asks what answers there. A chain's address carries the contract behind a hash: <c>http://127.0.0.1:8545/#0x…</c>.</summary>
    /// <param name="addresses">Where: several sequencers of one ledger, or several endpoints of one chain, of which any names the contract.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="EthereumException">It is a chain, and no contract is named or there.</exception>
    public static async Task<LedgerConnection> OpenAsync(IReadOnlyList<Uri> addresses, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        if (addresses[0].Scheme is not ("ws" or "wss") && !await IsChainAsync(addresses[0], cancellation).ConfigureAwait(false))
        {
            return new LedgerConnection(await HttpLedger.ConnectAsync([.. addresses], cancellation: cancellation).ConfigureAwait(false));
        }

        var address = addresses.FirstOrDefault(one => one.Fragment.Length > 1) ?? addresses[0];
        if (!Address.TryParse(address.Fragment.TrimStart('#'), out var contract))
        {
            throw new EthereumException($"A chain answers at {address.Host}:{address.Port}, and no contract is named. Give it behind a hash: {address.GetLeftPart(UriPartial.Path)}#0x…");
        }

        return new LedgerConnection(await EthereumLedger.ConnectAsync(new EthereumLedgerOptions { Endpoints = [.. addresses.Select(one => new UriBuilder(one) { Fragment = "" }.Uri)], Contract = contract }, cancellation).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (ledger is IAsyncDisposable chain)
        {
            await chain.DisposeAsync().ConfigureAwait(false);
        }
        else
        {
            (ledger as IDisposable)?.Dispose();
        }
    }

    // What is no JSON-RPC answers a question after the chain's number with something else.
    private static async Task<bool> IsChainAsync(Uri address, CancellationToken cancellation)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = AnswerMax };
        try
        {
            using var question = new StringContent("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[]}", Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync(address, question, cancellation).ConfigureAwait(false);
            using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("result", out var result) && result.ValueKind == JsonValueKind.String;
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            // Whoever connects then says what is wrong.
            return false;
        }
    }
}
