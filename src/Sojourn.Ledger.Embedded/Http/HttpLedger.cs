using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Embedded.Http;

/// <summary>The ledger cannot be reached, or it is not the one that was expected.</summary>
/// <param name="message">What happened, with which ledger, and what to do.</param>
/// <param name="inner">The cause.</param>
public sealed class LedgerUnreachableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A ledger at the other end of HTTP. Its head is checked: signed by a sequencer of the genesis, never going back, never forking from what was seen.</summary>
public sealed class HttpLedger : ILedger, IDisposable
{
    private static readonly TimeSpan RetryFirst = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(10);
    // A page of blocks is the longest answer; a ledger that sends more is not listened to.
    private const long ResponseMax = 2L * Block.BodyMax;
    private readonly HttpClient _client;
    private readonly ISignatureScheme _signatures;
    private readonly Lock _gate = new();
    private (ulong Number, Digest Hash) _seen;

    private HttpLedger(HttpClient client, LedgerGenesis genesis, ISignatureScheme signatures)
    {
        _client = client;
        Genesis = genesis;
        GenesisDigest = GenesisCodec.DigestOf(genesis);
        _signatures = signatures;
    }

    /// <inheritdoc/>
    public LedgerGenesis Genesis { get; }

    /// <inheritdoc/>
    public Digest GenesisDigest { get; }

    /// <summary>Connects to a ledger and checks which one it is.</summary>
    /// <param name="address">Its address, such as <c>http://127.0.0.1:7070</c>.</param>
    /// <param name="expected">The genesis digest expected; null takes whatever is there.</param>
    /// <param name="signatures">Checks the sequencer's signatures; the real schemes where null.</param>
    /// <param name="cancellation">Stops trying.</param>
    public static Task<HttpLedger> ConnectAsync(Uri address, Digest? expected = null, ISignatureScheme? signatures = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        return ConnectAsync([address], expected, signatures, cancellation);
    }

    /// <summary>Connects to a ledger that several sequencers serve: where one is away or does not lead, the others are asked.</summary>
    /// <param name="addresses">Their addresses, in the order of the genesis.</param>
    /// <param name="expected">The genesis digest expected; null takes whatever is there.</param>
    /// <param name="signatures">Checks the sequencers' signatures; the real schemes where null.</param>
    /// <param name="cancellation">Stops trying.</param>
    /// <remarks>A transaction that was on its way when its sequencer went away is sent again; where it had been kept the other one refuses it as a replay.</remarks>
    public static async Task<HttpLedger> ConnectAsync(IReadOnlyList<Uri> addresses, Digest? expected = null, ISignatureScheme? signatures = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        ArgumentOutOfRangeException.ThrowIfZero(addresses.Count);
        var address = addresses[0];
        HttpMessageHandler handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30), ConnectTimeout = TimeSpan.FromSeconds(5), MaxConnectionsPerServer = 64 };
        var client = new HttpClient(new FailoverHandler(addresses, handler))
        {
            BaseAddress = new Uri(address, LedgerEndpoints.Root.TrimStart('/') + "/"),
            Timeout = TimeSpan.FromSeconds(60),
            MaxResponseContentBufferSize = ResponseMax,
        };
        try
        {
            var bytes = await client.GetByteArrayAsync(new Uri("genesis", UriKind.Relative), cancellation).ConfigureAwait(false);
            if (!GenesisCodec.TryDecode(bytes, out var genesis))
            {
                throw new LedgerUnreachableException($"{address} answers, but not with a ledger's genesis. Check the address.");
            }

            var ledger = new HttpLedger(client, genesis!, signatures ?? new AccountSignatures());
            return expected is null || ledger.GenesisDigest == expected
                ? ledger
                : throw new LedgerUnreachableException($"{address} serves the ledger {ledger.GenesisDigest}; {expected} was expected.");
        }
        catch (HttpRequestException exception)
        {
            client.Dispose();
            throw new LedgerUnreachableException($"The ledger at {address} cannot be reached: {exception.Message}", exception);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SubmitResult> SubmitAsync(SignedTransaction transaction, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        using var content = new ReadOnlyMemoryContent(transaction.Encoded);
        content.Headers.ContentType = new("application/cbor");
        using var response = await SendAsync(() => _client.PostAsync(new Uri("transactions", UriKind.Relative), content, cancellation)).ConfigureAwait(false);
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json" || (int)response.StatusCode >= 500 && response.StatusCode != HttpStatusCode.ServiceUnavailable)
        {
            throw new LedgerUnreachableException($"The ledger at {_client.BaseAddress} takes no transactions at the moment ({(int)response.StatusCode}). One that was on its way may still be applied: look before sending another.");
        }

        return await response.Content.ReadFromJsonAsync<SubmitResult>(LedgerJson.Options, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<LedgerHead> HeadAsync(CancellationToken cancellation = default)
    {
        var head = await GetAsync<LedgerHead>("head", cancellation).ConfigureAwait(false);
        return head?.Genesis == GenesisDigest ? head : throw new LedgerUnreachableException("The head is another ledger's.");
    }

    /// <summary>The head with proof: the last block's header, signed by its sequencer; a ledger that shows an older or a contradicting one is refused.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<BlockHeader?> ProvenHeadAsync(CancellationToken cancellation = default) => (await SignedHeadAsync(cancellation).ConfigureAwait(false))?.Header;

    /// <summary>The head with proof, and as it is kept to be compared with later.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>The header and the encoding of <see cref="SignedHead"/>; null before the first block.</returns>
    public async Task<(BlockHeader Header, byte[] Encoded)?> SignedHeadAsync(CancellationToken cancellation = default)
    {
        (ulong Number, Digest Hash) before;
        lock (_gate)
        {
            before = _seen;
        }

        using var response = await SendAsync(() => _client.GetAsync(new Uri("head/proof", UriKind.Relative), cancellation)).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        var bytes = await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        var block = SignedHead.TryRead(bytes, Genesis, _signatures)?.Block ?? throw new LedgerUnreachableException("The head that the ledger shows is not signed by its sequencer.");
        lock (_gate)
        {
            // Two questions at once may be answered in the other order: what counts is what had been seen when this one was asked.
            if (block.Header.Number < before.Number || (block.Header.Number == _seen.Number && block.Hash != _seen.Hash))
            {
                throw new LedgerUnreachableException($"The ledger went back or forked: block {before.Number} was seen, block {block.Header.Number} is shown.");
            }

            if (block.Header.Number == _seen.Number + 1 && _seen.Number != 0 && block.Header.Previous != _seen.Hash)
            {
                throw new LedgerUnreachableException($"The ledger forked after block {_seen.Number}.");
            }

            _seen = block.Header.Number > _seen.Number ? (block.Header.Number, block.Hash) : _seen;
        }

        return (block.Header, bytes);
    }

    /// <inheritdoc/>
    public async ValueTask<AccountView> AccountAsync(Address address, CancellationToken cancellation = default) =>
        await GetAsync<AccountView>($"accounts/{address}", cancellation).ConfigureAwait(false) ?? throw new LedgerUnreachableException("The ledger gave no account.");

    /// <inheritdoc/>
    public ValueTask<NodeView?> NodeAsync(Address address, CancellationToken cancellation = default) => GetAsync<NodeView>($"nodes/{address}", cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<NodeView>> NodesAsync(Address after = default, int max = 1000, CancellationToken cancellation = default) =>
        GetListAsync<NodeView>(Query("nodes", ("after", after.IsZero ? null : after.ToString()), ("max", Text(max))), cancellation);

    /// <inheritdoc/>
    public ValueTask<OfferView?> OfferAsync(Digest id, CancellationToken cancellation = default) => GetAsync<OfferView>($"offers/{id}", cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<OfferView>> OffersAsync(OfferQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return GetListAsync<OfferView>(Query("offers", ("owner", query.Owner?.ToString()), ("content", query.Content?.ToString()), ("open", query.Open ? "true" : "false"), ("max", Text(query.Max)), ("after", query.After?.ToString())), cancellation);
    }

    /// <inheritdoc/>
    public ValueTask<JobView?> JobAsync(Digest id, CancellationToken cancellation = default) => GetAsync<JobView>($"jobs/{id}", cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JobSummary>> JobsAsync(JobQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return GetListAsync<JobSummary>(Query("jobs", ("requester", query.Requester?.ToString()), ("open", query.Open ? "true" : "false"), ("max", Text(query.Max)), ("after", query.After?.ToString())), cancellation);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LedgerLine>> ExplainAsync(Address address, Digest? job = null, int max = 100, CancellationToken cancellation = default) =>
        GetListAsync<LedgerLine>(Query($"accounts/{address}/lines", ("job", job?.ToString()), ("max", Text(max))), cancellation);

    /// <inheritdoc/>
    public async ValueTask<PostQuote> QuoteAsync(JobTerms terms, CancellationToken cancellation = default)
    {
        using var content = JsonContent.Create(terms, options: LedgerJson.Options);
        using var response = await SendAsync(() => _client.PostAsync(new Uri("quote", UriKind.Relative), content, cancellation)).ConfigureAwait(false);
        Expect(response);
        return await response.Content.ReadFromJsonAsync<PostQuote>(LedgerJson.Options, cancellation).ConfigureAwait(false) ?? throw new LedgerUnreachableException("The ledger gave no quote.");
    }

    /// <inheritdoc/>
    public async ValueTask<DrawInvitation> InvitationAsync(Digest job, DrawRole role, Address node, CancellationToken cancellation = default) =>
        await GetAsync<DrawInvitation>(Query($"jobs/{job}/invitation", ("node", node.ToString()), ("role", role.ToString())), cancellation).ConfigureAwait(false)
        ?? throw new LedgerUnreachableException("The ledger gave no invitation.");

    /// <inheritdoc/>
    public async IAsyncEnumerable<PositionedEvent> EventsAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var next = from;
        var retry = RetryFirst;
        while (!cancellation.IsCancellationRequested)
        {
            await using var lines = LinesAsync(next, cancellation).GetAsyncEnumerator(cancellation);
            while (true)
            {
                PositionedEvent item;
                try
                {
                    if (!await lines.MoveNextAsync().ConfigureAwait(false))
                    {
                        break;
                    }

                    item = lines.Current;
                }
                catch (Exception exception) when (exception is HttpRequestException or IOException or JsonException or InvalidDataException)
                {
                    break;
                }

                if (item.Position != next)
                {
                    // A gap or a repetition: the stream is not what it should be; begin again where we were.
                    break;
                }

                next++;
                retry = RetryFirst;
                yield return item;
            }

            await Task.Delay(retry, cancellation).ConfigureAwait(false);
            retry = retry * 2 > RetryMax ? RetryMax : retry * 2;
        }
    }

    /// <summary>Proofs that the receipts of a job are in the log, signed by a sequencer; what they prove is checked with <see cref="Protocol.Receipts.LogProof.Verify"/>.</summary>
    /// <param name="job">The job.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<ImmutableArray<Protocol.Receipts.LogProof>> ReceiptProofsAsync(Digest job, CancellationToken cancellation = default)
    {
        var encoded = await GetListAsync<byte[]>($"jobs/{job}/receipts", cancellation).ConfigureAwait(false);
        return [.. encoded.Select(bytes => Protocol.Receipts.LogProof.TryDecode(bytes, out var proof) ? proof! : throw new LedgerUnreachableException("The ledger gave a proof that cannot be read."))];
    }

    /// <summary>Proof that the log of receipts still begins as it did; it is checked before it is returned.</summary>
    /// <param name="from">The size that was seen.</param>
    /// <param name="fromRoot">The root that was seen.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<Protocol.Receipts.LogConsistency> ConsistencyAsync(ulong from, Digest fromRoot, CancellationToken cancellation = default)
    {
        var proof = await GetAsync<Protocol.Receipts.LogConsistency>(Query("receipts/consistency", ("from", from.ToString(CultureInfo.InvariantCulture))), cancellation).ConfigureAwait(false);
        return proof is { Holds: true } && proof.From == from && proof.FromRoot == fromRoot ? proof
            : throw new LedgerUnreachableException($"The ledger's log of receipts does not begin with the {from} receipts that were seen: it was rewritten.");
    }

    /// <summary>Proof that of two sizes of the log one is the beginning of the other; whose roots they are is the caller's to compare.</summary>
    /// <param name="from">The smaller size, at least 1.</param>
    /// <param name="to">The larger size.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>The proof; null where the ledger gives none that holds.</returns>
    public async Task<Protocol.Receipts.LogConsistency?> ConsistencyAsync(ulong from, ulong to, CancellationToken cancellation = default)
    {
        var query = Query("receipts/consistency", ("from", from.ToString(CultureInfo.InvariantCulture)), ("to", to.ToString(CultureInfo.InvariantCulture)));
        var proof = await GetAsync<Protocol.Receipts.LogConsistency>(query, cancellation).ConfigureAwait(false);
        return proof is { Holds: true } && proof.From == from && proof.To == to ? proof : null;
    }

    /// <summary>Sequencers that this one has caught.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<ImmutableArray<Accusation>> AccusationsAsync(CancellationToken cancellation = default) => await GetListAsync<Accusation>("accusations", cancellation).ConfigureAwait(false);

    /// <summary>Blocks from a number on, for replicas and audits.</summary>
    /// <param name="from">The first number.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<IReadOnlyList<Block>> BlocksAsync(ulong from, CancellationToken cancellation = default)
    {
        using var response = await SendAsync(() => _client.GetAsync(new Uri(Query("blocks", ("from", from.ToString(CultureInfo.InvariantCulture))), UriKind.Relative), cancellation)).ConfigureAwait(false);
        Expect(response);
        using var stream = new MemoryStream(await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
        var blocks = new List<Block>();
        while (Block.ReadFrom(stream) is { } block)
        {
            blocks.Add(block);
        }

        return blocks;
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async IAsyncEnumerable<PositionedEvent> LinesAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Query("events", ("from", from.ToString(CultureInfo.InvariantCulture))), UriKind.Relative));
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            yield break;
        }

        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                yield return JsonSerializer.Deserialize<PositionedEvent>(line.AsSpan(6), LedgerJson.Options);
            }
        }
    }

    private async ValueTask<T?> GetAsync<T>(string path, CancellationToken cancellation)
        where T : class
    {
        using var response = await SendAsync(() => _client.GetAsync(new Uri(path, UriKind.Relative), cancellation)).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        Expect(response);
        return await response.Content.ReadFromJsonAsync<T>(LedgerJson.Options, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<ImmutableArray<T>> GetListAsync<T>(string path, CancellationToken cancellation)
    {
        using var response = await SendAsync(() => _client.GetAsync(new Uri(path, UriKind.Relative), cancellation)).ConfigureAwait(false);
        Expect(response);
        var list = await response.Content.ReadFromJsonAsync<ImmutableArray<T>>(LedgerJson.Options, cancellation).ConfigureAwait(false);
        return list.IsDefault ? [] : list;
    }

    private async Task<HttpResponseMessage> SendAsync(Func<Task<HttpResponseMessage>> send)
    {
        try
        {
            return await send().ConfigureAwait(false);
        }
        catch (HttpRequestException exception)
        {
            throw new LedgerUnreachableException($"The ledger at {_client.BaseAddress} cannot be reached: {exception.Message}", exception);
        }
        catch (InvalidDataException exception)
        {
            throw new LedgerUnreachableException(exception.Message, exception);
        }
    }

    private static void Expect(HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.Contains(LedgerEndpoints.LeaderHeader))
        {
            throw new LedgerUnreachableException($"The ledger at {response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Authority)} does not know the present state at the moment: it is catching up, or no majority of its sequencers answers. Try again shortly.");
        }

        if (!response.IsSuccessStatusCode)
        {
            throw new LedgerUnreachableException($"The ledger answered {(int)response.StatusCode} to {response.RequestMessage?.RequestUri}.");
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Query(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var text = new System.Text.StringBuilder(path);
        var separator = '?';
        foreach (var (name, value) in parameters)
        {
            if (value is not null)
            {
                text.Append(separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
                separator = '&';
            }
        }

        return text.ToString();
    }
}
