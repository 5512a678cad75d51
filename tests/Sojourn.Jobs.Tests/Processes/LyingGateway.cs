using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sojourn.Jobs.Tests.Processes;

/// <summary>A gateway between parties and the real one: passes everything on, keeps what went over the wire, and lies when told to.</summary>
internal sealed class LyingGateway : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly HttpClient _http = new();
    private readonly MemoryStream _wire = new();

    private LyingGateway(WebApplication application) => _application = application;

    /// <summary>Where it stands for.</summary>
    public Uri? Behind { get; set; }

    /// <summary>Whether one byte of every answer is another one.</summary>
    public bool Lies { get; set; }

    /// <summary>How many answers were changed.</summary>
    public int Lied { get; private set; }

    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Everything that went through.</summary>
    public byte[] Wire
    {
        get
        {
            lock (_wire)
            {
                return _wire.ToArray();
            }
        }
    }

    public static async Task<LyingGateway> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").UseShutdownTimeout(TimeSpan.FromSeconds(1));
        var application = builder.Build();
        var gateway = new LyingGateway(application);
        application.Run(gateway.PassAsync);
        await application.StartAsync();
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _http.Dispose();
    }

    private async Task PassAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(Behind!, context.Request.Path + context.Request.QueryString.Value));
        if (HttpMethods.IsPut(context.Request.Method))
        {
            request.Content = new ByteArrayContent(body.ToArray());
        }

        foreach (var (name, values) in context.Request.Headers.Where(header => header.Key.StartsWith("X-", StringComparison.OrdinalIgnoreCase) || header.Key == "Accept"))
        {
            request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, context.RequestAborted);
        }
        catch (HttpRequestException)
        {
            context.Response.StatusCode = 502;
            return;
        }

        using (answer)
        {
            var content = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
            lock (_wire)
            {
                _wire.Write(body.ToArray());
                _wire.Write(content);
            }

            if (Lies && content.Length > 0 && answer.IsSuccessStatusCode)
            {
                content[content.Length / 2] ^= 1;
                Lied++;
            }

            context.Response.StatusCode = (int)answer.StatusCode;
            if (answer.Content.Headers.ContentType is { } type)
            {
                context.Response.ContentType = type.ToString();
            }

            context.Response.ContentLength = content.Length;
            await context.Response.Body.WriteAsync(content, context.RequestAborted);
        }
    }
}
