using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;
using Sojourn.Content.Ipfs;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Content.Ipfs.Kubo;
using Sojourn.Content.Ipfs.Routing;
using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Cli.Content;

/// <summary>The store and the remote sources of one command.</summary>
internal sealed class ContentSession : IAsyncDisposable
{
    private readonly List<object> owned = [];
    private readonly List<IBlockSource> remotes = [];
    private readonly List<string> places = [];
    private GatewaySource? gateways;

    private ContentSession(FileBlockStore store)
    {
        Store = store;
    }

    /// <summary>The local store.</summary>
    public FileBlockStore Store { get; }

    /// <summary>Whether anything can be fetched.</summary>
    public bool HasRemotes => remotes.Count > 0;

    /// <summary>Opens what the options name.</summary>
    public static ContentSession Open(CommandRun run, SourceOptions options)
    {
        var session = new ContentSession(OpenStore(run.Get(options.Store)));
        if (run.Get(options.From) is { Length: > 0 } urls)
        {
            session.gateways = new GatewaySource(urls.Select(url => Url(url, "--from")));
            session.Own(session.gateways);
            session.places.AddRange(urls.Select(url => $"the gateway {url}"));
        }

        if (run.Get(options.Kubo) is { } node)
        {
            var client = new KuboClient(Url(node, "--kubo"));
            session.owned.Add(client);
            session.remotes.Add(new KuboSource(client, offline: false));
            session.places.Add($"the Kubo node {node}");
        }

        if (run.Get(options.Router) is { } router)
        {
            session.Own(new RoutingSource(Url(router, "--router")));
            session.places.Add($"what the router {router} names");
        }

        return session;
    }

    /// <summary>Opens the store that an option names.</summary>
    public static FileBlockStore OpenStore(string? folder) => FileBlockStore.Open(FolderOf(folder));

    /// <summary>The store's folder.</summary>
    public static string FolderOf(string? folder)
        => folder ?? (Environment.GetEnvironmentVariable("SOJOURN_STORE") is { Length: > 0 } named ? named : Path.Combine(Places.StateFolder, "blocks"));

    /// <summary>Reads an address.</summary>
    public static Uri Url(string text, string option)
        => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url!
            : throw new CliException(ExitCode.Usage, $"{option} '{text}' is no address; expected a URL such as https://gateway.example or http://127.0.0.1:8080");

    /// <summary>Reads a content path.</summary>
    public static ContentPath PathOf(string text) => ContentPath.Parse(text);

    /// <summary>A source for one walk over a graph: what is held, and the rest by the quickest way. Read it in order (<see cref="Reading"/>).</summary>
    /// <param name="request">What will be walked.</param>
    public IBlockSource SourceFor(DagRequest request)
    {
        var all = new[] { $"the store {Store.Folder}" }.Concat(places).ToArray();
        return new AskedSource(HasRemotes ? new LayeredSource([Store, .. RemotesFor(request)]) : Store, string.Join(" or ", all), HasRemotes);
    }

    /// <summary>The remote sources alone.</summary>
    /// <param name="request">What will be walked.</param>
    public IBlockSource RemoteFor(DagRequest request)
        => new AskedSource(new LayeredSource(RemotesFor(request)), string.Join(" or ", new[] { $"the store {Store.Folder}" }.Concat(places)), canFetch: true);

    /// <summary>How to read files: a gateway's stream comes in order.</summary>
    public ExportOptions Reading => gateways is null ? ExportOptions.Default : ExportOptions.Streaming;

    /// <summary>Says on standard error which gateways misbehaved.</summary>
    public void Report(CommandRun run)
    {
        foreach (var health in gateways?.Health ?? [])
        {
            if (health.LastFailure is { } failure)
            {
                run.Warn($"gateway {failure}{(health.DemotedUntil is null ? "" : " (demoted)")}");
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var each in Enumerable.Reverse(owned))
        {
            if (each is IAsyncDisposable later)
            {
                await later.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                ((IDisposable)each).Dispose();
            }
        }
    }

    private void Own<T>(T source)
        where T : IBlockSource, IDisposable
    {
        owned.Add(source);
        remotes.Add(source);
    }

    private IReadOnlyList<IBlockSource> RemotesFor(DagRequest request)
    {
        // One stream saves a round trip for each block, unless most of it is here already.
        if (gateways is null || Store.Has(request.Path.Root))
        {
            return remotes;
        }

        var stream = gateways.OpenDag(request);
        owned.Add(stream);
        return [stream, .. remotes.Where(remote => remote != gateways)];
    }
}
