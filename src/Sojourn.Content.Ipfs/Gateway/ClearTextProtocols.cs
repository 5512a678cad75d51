using System.Buffers;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>HTTP/1.1 and HTTP/2 with prior knowledge on one port without TLS.</summary>
/// <remarks>
/// RFC 9113, section 3.4: a client that knows starts with <c>PRI * HTTP/2.0</c>. The server chooses the version by what TLS negotiated, and
/// without TLS always takes HTTP/1.1; so a connection that starts with the preface is marked as if "h2" had been negotiated.
/// </remarks>
internal static class ClearTextProtocols
{
    private static readonly TimeSpan FirstBytesWithin = TimeSpan.FromSeconds(15);

    /// <summary>Configures an end point. The server must allow alternate schemes, since these clients rightly say <c>http</c>.</summary>
    public static void Use(ListenOptions endPoint)
    {
        endPoint.Protocols = HttpProtocols.Http1AndHttp2;
        endPoint.Use(next => async connection =>
        {
            if (await StartsHttp2Async(connection).ConfigureAwait(false))
            {
                var marker = new NegotiatedHttp2();
                connection.Features.Set<ITlsConnectionFeature>(marker);
                connection.Features.Set<ITlsApplicationProtocolFeature>(marker);
            }

            await next(connection).ConfigureAwait(false);
        });
    }

    private static async Task<bool> StartsHttp2Async(ConnectionContext connection)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        limit.CancelAfter(FirstBytesWithin);
        var input = connection.Transport.Input;
        while (true)
        {
            System.IO.Pipelines.ReadResult read;
            try
            {
                read = await input.ReadAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                connection.Abort();
                return false;
            }

            var start = read.Buffer.Start;
            var decided = Decide(read.Buffer);
            if (decided is not null || read.IsCompleted)
            {
                // Nothing is consumed: the chosen version reads the same bytes again.
                input.AdvanceTo(start, start);
                return decided ?? false;
            }

            input.AdvanceTo(start, read.Buffer.End);
        }
    }

    // No method of HTTP/1.1 begins with "PRI ".
    private static bool? Decide(in ReadOnlySequence<byte> buffer)
    {
        var preface = "PRI "u8;
        var seen = (int)Math.Min(buffer.Length, preface.Length);
        Span<byte> head = stackalloc byte[4];
        buffer.Slice(0, seen).CopyTo(head);
        return !head[..seen].SequenceEqual(preface[..seen]) ? false : seen == preface.Length ? true : null;
    }

    private sealed class NegotiatedHttp2 : ITlsConnectionFeature, ITlsApplicationProtocolFeature
    {
        public X509Certificate2? ClientCertificate { get; set; }

        public ReadOnlyMemory<byte> ApplicationProtocol { get; } = "h2"u8.ToArray();

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);
    }
}
