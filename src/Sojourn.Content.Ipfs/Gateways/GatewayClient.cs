using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateways;

/// <summary>Asks one trustless gateway for one thing, once. Nothing it says is believed before it was verified.</summary>
/// <remarks>Trustless Gateway Specification, sections 1 to 4.</remarks>
internal sealed class GatewayClient(Uri address, HttpMessageInvoker http, TimeProvider time, TimeSpan timeout)
{
    private const string RawType = "application/vnd.ipld.raw";

    /// <summary>The gateway's address.</summary>
    public Uri Address { get; } = Normal(address);

    /// <summary>Asks for one block.</summary>
    /// <param name="cid">Its identifier.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<BlockAnswer> GetBlockAsync(Cid cid, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var request = Request($"ipfs/{cid}?format=raw", RawType);
            using var response = await http.SendAsync(request, both.Token).ConfigureAwait(false);
            if (Refusal(response) is { } refusal)
            {
                return refusal;
            }

            if (!string.Equals(response.Content.Headers.ContentType?.MediaType, RawType, StringComparison.OrdinalIgnoreCase))
            {
                return Failed(GatewayFault.UnexpectedAnswer, $"answered {Shown(response.Content.Headers.ContentType)} where {RawType} was asked for");
            }

            if (response.Content.Headers.ContentLength > BlockVerifier.BlockBytesMax)
            {
                return Failed(GatewayFault.TooLarge, $"sent a block of {response.Content.Headers.ContentLength} bytes; at most {BlockVerifier.BlockBytesMax} are accepted");
            }

            var bytes = await ReadAsync(response, both.Token).ConfigureAwait(false);
            return bytes is null
                ? Failed(GatewayFault.TooLarge, $"sent a block of more than {BlockVerifier.BlockBytesMax} bytes")
                : BlockVerifier.Verify(cid, bytes) switch
                {
                    BlockFault.None => new BlockAnswer(new Block(cid, bytes), null, null),
                    BlockFault.HashMismatch => Failed(GatewayFault.WrongBytes, $"sent bytes that do not match {cid}"),
                    var fault => Failed(GatewayFault.UnexpectedAnswer, $"{cid} cannot be verified: {fault}"),
                };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(GatewayFault.Timeout, $"no answer within {timeout.TotalSeconds:0.#} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            return Failed(GatewayFault.Unreachable, Innermost(e));
        }
    }

    /// <summary>Opens a CAR stream; the caller verifies what comes out of it.</summary>
    /// <param name="pathAndQuery">What is asked for, without the leading slash.</param>
    /// <param name="cancellationToken">Gives up; also while the body is read.</param>
    /// <returns>The response, or what the gateway did wrong.</returns>
    public async Task<CarAnswer> OpenCarAsync(string pathAndQuery, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        HttpResponseMessage? response = null;
        try
        {
            using var request = Request(pathAndQuery, "application/vnd.ipld.car; version=1; order=dfs; dups=y");
            response = await http.SendAsync(request, both.Token).ConfigureAwait(false);
            if (Refusal(response) is { } refusal)
            {
                response.Dispose();
                return new CarAnswer(null, refusal.Failure, refusal.RetryAfter);
            }

            if (!string.Equals(response.Content.Headers.ContentType?.MediaType, "application/vnd.ipld.car", StringComparison.OrdinalIgnoreCase))
            {
                var shown = Shown(response.Content.Headers.ContentType);
                response.Dispose();
                return new CarAnswer(null, new GatewayFailure(Address, GatewayFault.UnexpectedAnswer, $"answered {shown} where a CAR was asked for"), null);
            }

            return new CarAnswer(response, null, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            response?.Dispose();
            return new CarAnswer(null, new GatewayFailure(Address, GatewayFault.Timeout, $"no answer within {timeout.TotalSeconds:0.#} s"), null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            response?.Dispose();
            return new CarAnswer(null, new GatewayFailure(Address, GatewayFault.Unreachable, Innermost(e)), null);
        }
    }

    private static Uri Normal(Uri address)
    {
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException($"a gateway's address is an http or https URL; got '{address}'", nameof(address));
        }

        return address.AbsoluteUri.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");
    }

    private static string Innermost(Exception e) => e.InnerException is null ? e.Message : Innermost(e.InnerException);

    private static string Shown(MediaTypeHeaderValue? type) => type?.MediaType ?? "no content type";

    private static async Task<byte[]?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        if (response.Content.Headers.ContentLength is { } length)
        {
            // Bounded by the caller. A shorter body is an error of the transport.
            var bytes = GC.AllocateUninitializedArray<byte>((int)length);
            await body.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            return bytes;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(BlockVerifier.BlockBytesMax + 1);
        try
        {
            var read = await body.ReadAtLeastAsync(buffer.AsMemory(0, BlockVerifier.BlockBytesMax + 1), BlockVerifier.BlockBytesMax + 1, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return read > BlockVerifier.BlockBytesMax ? null : buffer.AsSpan(0, read).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private HttpRequestMessage Request(string pathAndQuery, string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, pathAndQuery))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("User-Agent", "sojourn");
        return request;
    }

    private BlockAnswer Failed(GatewayFault fault, string detail, TimeSpan? retryAfter = null)
        => new(null, new GatewayFailure(Address, fault, detail), retryAfter);

    /// <summary>What a status other than 200 means; null for 200. An answer without block and failure is a plain "not here".</summary>
    private BlockAnswer? Refusal(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        return status switch
        {
            200 => null,

            // 412 answers only-if-cached, 410 content blocked by policy: this gateway will not give it.
            404 or 410 or 412 or 451 => new BlockAnswer(null, null, null),
            429 or 503 => Failed(GatewayFault.RateLimited, $"answered {status}", RetryAfter(response)),
            >= 500 => Failed(GatewayFault.ServerError, $"answered {status}"),
            _ => Failed(GatewayFault.UnexpectedAnswer, $"answered {status}"),
        };
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow() is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
        _ => null,
    };
}

/// <summary>One gateway's answer: the block, or why not; neither means that it does not have it.</summary>
internal sealed record BlockAnswer(Block? Block, GatewayFailure? Failure, TimeSpan? RetryAfter);

/// <summary>One gateway's open CAR stream, or why not; neither means that it does not have it.</summary>
internal sealed record CarAnswer(HttpResponseMessage? Response, GatewayFailure? Failure, TimeSpan? RetryAfter);
