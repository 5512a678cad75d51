using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Routing;

/// <summary>A router did not answer, or not in the way the specification says.</summary>
/// <param name="router">Its address.</param>
/// <param name="message">What happened.</param>
/// <param name="inner">The cause, or null.</param>
public sealed class RoutingException(Uri router, string message, Exception? inner = null) : IpfsException($"router {router}: {message}", inner)
{
    /// <summary>The router's address.</summary>
    public Uri Router { get; } = router;
}

/// <summary>Asks a delegated router who provides some content.</summary>
/// <remarks>Delegated Routing V1 HTTP API, <c>GET /routing/v1/providers/{cid}</c>, as JSON or streamed NDJSON; filters of IPIP-0484.</remarks>
public sealed class RoutingClient
{
    /// <summary>The longest record read, in bytes.</summary>
    public const int RecordBytesMax = 64 << 10;

    /// <summary>The most records read of one answer.</summary>
    public const int RecordsMax = 1_000;

    private const int DocumentBytesMax = 4 << 20;
    private readonly Uri router;
    private readonly HttpMessageInvoker http;
    private readonly TimeSpan timeout;

    /// <summary>Makes a client.</summary>
    /// <param name="router">Its address, without <c>/routing/v1</c>.</param>
    /// <param name="http">Sends the requests.</param>
    /// <param name="timeout">How long an answer may take; null for 15 s.</param>
    public RoutingClient(Uri router, HttpMessageInvoker http, TimeSpan? timeout = null)
    {
        this.router = router.AbsoluteUri.EndsWith('/') ? router : new Uri(router.AbsoluteUri + "/");
        this.http = http;
        this.timeout = timeout ?? TimeSpan.FromSeconds(15);
    }

    /// <summary>Asks for providers; they come as the router finds them.</summary>
    /// <param name="cid">The content.</param>
    /// <param name="filter">Which providers are wanted.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="RoutingException">The router cannot be reached or talks nonsense. Records before that were real.</exception>
    public async IAsyncEnumerable<ProviderRecord> FindProvidersAsync(Cid cid, ProviderFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        var query = filter.Query;
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(router, $"routing/v1/providers/{cid.ToVersion1()}{(query.Length > 0 ? "?" + query : "")}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/x-ndjson, application/json;q=0.9");
        using var response = await Guard(() => http.SendAsync(request, limit.Token), cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            yield break;
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new RoutingException(router, $"answered {(int)response.StatusCode} for {cid}");
        }

        var records = response.Content.Headers.ContentType?.MediaType switch
        {
            "application/x-ndjson" => LinesAsync(response, limit.Token),
            "application/json" => DocumentAsync(response, limit.Token),
            var other => throw new RoutingException(router, $"answered {other ?? "no content type"}; expected application/x-ndjson or application/json"),
        };
        var count = 0;
        await using var each = records.GetAsyncEnumerator(limit.Token);
        while (count++ < RecordsMax && await Guard(() => each.MoveNextAsync().AsTask(), cancellationToken).ConfigureAwait(false))
        {
            if (filter.Apply(each.Current) is { } passing)
            {
                yield return passing;
            }
        }
    }

    private async Task<T> Guard<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RoutingException(router, $"no answer within {timeout.TotalSeconds:0.#} s", e);
        }
        catch (JsonException e)
        {
            throw new RoutingException(router, $"sent what is not JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            throw new RoutingException(router, e.Message, e);
        }
    }

    private async IAsyncEnumerable<ProviderRecord> DocumentAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var buffer = new byte[DocumentBytesMax + 1];
        var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read > DocumentBytesMax)
        {
            throw new RoutingException(router, $"sent more than {DocumentBytesMax} bytes");
        }

        using var json = JsonDocument.Parse(buffer.AsMemory(0, read));

        // Some routers write null where there is nothing.
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("Providers", out var providers) || providers.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        foreach (var provider in providers.EnumerateArray())
        {
            if (ProviderRecord.From(provider) is { } record)
            {
                yield return record;
            }
        }
    }

    private async IAsyncEnumerable<ProviderRecord> LinesAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var reader = PipeReader.Create(body);
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = result.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                if (Parse(buffer.Slice(0, end)) is { } record)
                {
                    yield return record;
                }

                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            if (buffer.Length > RecordBytesMax)
            {
                throw new RoutingException(router, $"sent a record of more than {RecordBytesMax} bytes");
            }

            if (result.IsCompleted)
            {
                if (Parse(buffer) is { } last)
                {
                    yield return last;
                }

                yield break;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static ProviderRecord? Parse(ReadOnlySequence<byte> line)
    {
        if (line.Length > RecordBytesMax)
        {
            return null;
        }

        var bytes = line.ToArray();
        if (bytes.AsSpan().Trim(" \r\t"u8).IsEmpty)
        {
            return null;
        }

        using var json = JsonDocument.Parse(bytes);
        return ProviderRecord.From(json.RootElement);
    }
}
