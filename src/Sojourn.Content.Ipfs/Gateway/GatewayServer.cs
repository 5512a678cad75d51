using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>Serves content over HTTP: blocks and CARs that the client verifies, and where switched on files and folders. It serves only what its source holds.</summary>
/// <remarks>Trustless Gateway, Path Gateway and Subdomain Gateway specifications.</remarks>
public sealed class GatewayServer
{
    private readonly IBlockSource source;
    private readonly GatewayServerOptions options;
    private readonly SemaphoreSlim places;

    /// <summary>Makes a server.</summary>
    /// <param name="source">What it serves. A source that fetches would turn this server into an open proxy: hand in a store.</param>
    /// <param name="options">Options, or null for the defaults.</param>
    public GatewayServer(IBlockSource source, GatewayServerOptions? options = null)
    {
        this.source = source;
        this.options = options ?? new GatewayServerOptions();
        places = new SemaphoreSlim(this.options.ConcurrentRequestsMax);
    }

    /// <summary>Handles every request of an application: <c>/ipfs/…</c>, and subdomain hosts where configured. Everything else goes on to the next handler.</summary>
    /// <param name="app">The application.</param>
    public void Use(IApplicationBuilder app) => app.Use(next => context => HandleAsync(context, next));

    /// <summary>Handles one request.</summary>
    /// <param name="context">The request and its answer.</param>
    /// <param name="next">Handles what is not for a gateway.</param>
    public async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        var target = Subdomain.Target(context, options);
        if (target is null)
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        GatewayHeaders.AllowAnyOrigin(context.Response.Headers);
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            return;
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD, OPTIONS";
            await RefuseAsync(context, 405, "this gateway only reads: GET, HEAD and OPTIONS are allowed").ConfigureAwait(false);
            return;
        }

        if (!places.Wait(0, CancellationToken.None))
        {
            context.Response.Headers.RetryAfter = "1";
            await RefuseAsync(context, 429, $"{options.ConcurrentRequestsMax} requests are being served already; try again in a second").ConfigureAwait(false);
            return;
        }

        try
        {
            await AnswerAsync(context, target).ConfigureAwait(false);
        }
        finally
        {
            places.Release();
        }
    }

    internal static async Task RefuseAsync(HttpContext context, int status, string message)
    {
        if (context.Response.HasStarted)
        {
            // A clean end would look like success: cut the connection (HTTP/1.1) or reset the stream (HTTP/2).
            context.Abort();
            return;
        }

        var headers = context.Response.Headers;
        foreach (var name in new[] { "ETag", "Cache-Control", "Content-Disposition", "Content-Length", "Accept-Ranges", "Content-Range" })
        {
            headers.Remove(name);
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        headers["X-Content-Type-Options"] = "nosniff";
        if (status == 404)
        {
            // The content may arrive here any moment.
            headers.CacheControl = "no-store";
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.WriteAsync(message + "\n", context.RequestAborted).ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync(HttpContext context, GatewayTarget target)
    {
        try
        {
            if (target.Redirect is { } location)
            {
                context.Response.StatusCode = 301;
                context.Response.Headers.Location = location;
                return;
            }

            var query = context.Request.Query;
            if (GatewayRequest.TryParse(target.Path, name => query.TryGetValue(name, out var value) ? value[0] : null, string.Join(',', context.Request.Headers.Accept.ToArray()), out var request) is { } refusal)
            {
                await RefuseAsync(context, refusal.Status, refusal.Message).ConfigureAwait(false);
                return;
            }

            await new GatewayAnswer(context, source, options, target, request!).WriteAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone.
        }
        catch (ContentException e)
        {
            await RefuseAsync(context, StatusOf(context, e.Fault), e.Message).ConfigureAwait(false);
        }
        catch (StoreException e) when (e.Fault == StoreFault.DamagedBlock)
        {
            await RefuseAsync(context, 500, $"block {e.Cid} is held but damaged").ConfigureAwait(false);
        }
        catch (IpfsException)
        {
            await RefuseAsync(context, 500, "the content cannot be read now").ConfigureAwait(false);
        }
    }

    private static int StatusOf(HttpContext context, ContentFault fault) => fault switch
    {
        // Nothing is fetched here, so what is not held is what only-if-cached does not find.
        ContentFault.MissingBlock => context.Request.Headers.CacheControl.ToString().Contains("only-if-cached", StringComparison.OrdinalIgnoreCase) ? 412 : 404,
        ContentFault.PathNotFound or ContentFault.NotADirectory => 404,
        ContentFault.BadPath or ContentFault.BadRange or ContentFault.UnsupportedHash or ContentFault.BadDigestLength => 400,
        ContentFault.UnsupportedCodec => 406,
        _ => 500,
    };
}
