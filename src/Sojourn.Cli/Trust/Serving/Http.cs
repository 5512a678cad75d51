using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sojourn.Cli.Trust.Serving;

/// <summary>What the services of this noun share: limits, reading of bodies, answers.</summary>
internal static class Http
{
    private const int ConnectionsMax = 512;

    /// <summary>A server with bounded bodies, connections and rates.</summary>
    public static WebApplication Build(IPEndPoint endpoint, long bodyBytesMax, int requestsPerMinute)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(endpoint);
            kestrel.Limits.MaxRequestBodySize = bodyBytesMax;
            kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.AddServerHeader = false;
        });
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetFixedWindowLimiter(
                Peer(context.Connection.RemoteIpAddress),
                _ => new FixedWindowRateLimiterOptions { PermitLimit = requestsPerMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 }));
        });
        var app = builder.Build();
        app.UseRateLimiter();
        return app;
    }

    public static async Task<string> StartAsync(WebApplication app, CancellationToken cancellation)
    {
        await app.StartAsync(cancellation).ConfigureAwait(false);
        return app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public static IResult Json(JsonObject body, int status = StatusCodes.Status200OK) => Results.Text(body.ToJsonString(), "application/json", statusCode: status);

    /// <summary>Reads a body of JSON and what is wanted of it. Whatever a client sends gives a value or a closed refusal.</summary>
    public static async Task<(T? Value, RequestRefusal? Refusal)> ReadAsync<T>(HttpContext context, TimeSpan timeout, Func<JsonElement, T> read, string remedy)
        where T : class
    {
        if (!context.Request.HasJsonContentType())
        {
            return (null, new(RefusalReason.NotJson, "the body is not said to be JSON", "Send Content-Type: application/json."));
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(timeout);
        try
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body, new JsonDocumentOptions { MaxDepth = 4, AllowDuplicateProperties = false }, deadline.Token).ConfigureAwait(false);
            return (read(body.RootElement), null);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return (null, new(RefusalReason.TooSlow, $"the body did not arrive within {timeout.TotalSeconds:0} seconds", "Send it faster, or send less."));
        }
        catch (BadHttpRequestException e)
        {
            return (null, e.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => new(RefusalReason.TooLarge, "the body is too large", remedy),
                StatusCodes.Status408RequestTimeout => new(RefusalReason.TooSlow, "the body arrives too slowly", "Send it faster."),
                _ => new(RefusalReason.NotUnderstood, "the request is damaged", remedy),
            });
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or ArgumentException or OverflowException)
        {
            return (null, new(RefusalReason.NotUnderstood, e is UnknownMemberException ? e.Message : "the request is not understood", remedy));
        }
    }

    /// <summary>Refuses members that nobody reads: a mistyped one would be silently without effect.</summary>
    public static void OnlyMembers(JsonElement root, params ReadOnlySpan<string> known)
    {
        foreach (var member in root.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                throw new UnknownMemberException($"the request's member \"{(member.Name.Length > 40 ? member.Name[..40] : member.Name)}\" is unknown");
            }
        }
    }

    /// <summary>One client's address: whoever has one IPv6 address has 2⁶⁴ of them.</summary>
    private static string Peer(IPAddress? address)
    {
        if (address is null || address.AddressFamily != AddressFamily.InterNetworkV6 || address.IsIPv4MappedToIPv6)
        {
            return address?.MapToIPv4().ToString() ?? "";
        }

        return Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8));
    }

    internal sealed class UnknownMemberException(string message) : FormatException(message);
}
