using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Hosting.DropBox;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Ledgers;
using Sojourn.Hosting.Nodes;
using Sojourn.Hosting.Proof;
using Sojourn.Node.Journal;
using Sojourn.Node.Keeping;
using Sojourn.Node.Operating;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Keepers;

/// <summary>A keeper as a process of its own. It asks the world; nobody has to reach it.</summary>
public sealed class KeeperHost : IAsyncDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(30);
    private readonly KeeperOptions _options;
    private readonly StateLock _lock;
    private readonly PartyKeys _keys;
    private readonly SteadyLedger _ledger;
    private readonly ImmutableArray<UploadClient> _uploads;
    private readonly DevelopmentAuthority? _authority;
    private readonly PeerSource _peers;
    private readonly UseLedger _uses;
    private readonly AuditLog _audit;
    private readonly JournalFile _file;
    private readonly Keeper _keeper;

    private KeeperHost(KeeperOptions options, StateLock state, PartyKeys keys, SteadyLedger ledger, Action<JournalEntry>? listener)
    {
        _options = options;
        _lock = state;
        _keys = keys;
        _ledger = ledger;
        _uploads = [.. options.DropBoxes.Select(box => new UploadClient(box, ledger.GenesisDigest, keys.Signer))];
        _authority = options.EnrolmentFile is null ? null : DevelopmentAuthority.LoadOrCreate(options.EnrolmentFile);
        _peers = new PeerSource(new NodeUsage(TimeProvider.System), 0);
        _peers.Ask([.. options.DropBoxes, .. options.Gateways]);
        _uses = new UseLedger(KeeperOptions.UsesFile(options.StateFolder));
        _audit = new AuditLog(KeeperOptions.AuditFile(options.StateFolder));
        _file = new JournalFile(Path.Combine(options.StateFolder, "journal"));
        _keeper = new Keeper(new KeeperContext
        {
            Ledger = ledger,
            Signer = keys.Signer,
            Key = keys.Sealing,
            Content = _peers,
            DropBox = new ManyDropBoxes(_uploads),
            Collateral = _authority?.Collateral ?? Collateral.Empty,
            Journal = new NodeJournal(TimeProvider.System, entry =>
            {
                _file.Append(entry);
                listener?.Invoke(entry);
            }),
            Uses = _uses,
            Audit = _audit,
            Revoked = new RevocationList(KeeperOptions.RevokedFile(options.StateFolder)),
            StateFolder = options.StateFolder,
            Books = new KeeperBooks(options.StateFolder),
        });
    }

    /// <summary>The keeper's account.</summary>
    public Address Address => _keys.Address;

    /// <summary>Starts a keeper.</summary>
    /// <param name="options">How it is set up.</param>
    /// <param name="say">Told what a person should know.</param>
    /// <param name="listener">Told of everything that happens.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="NodeRefusedException">It must not start like this.</exception>
    public static async Task<KeeperHost> StartAsync(KeeperOptions options, Action<string> say, Action<JournalEntry>? listener, CancellationToken cancel)
    {
        var state = StateLock.Take(options.StateFolder);
        try
        {
            var keys = PartyKeys.LoadOrCreate(options.KeysFile, options.Name);
            return new KeeperHost(options, state, keys, await SteadyLedger.ConnectAsync(options.Ledgers, options.Genesis, say, cancel).ConfigureAwait(false), listener);
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Answers until cancelled.</summary>
    /// <param name="cancel">Ends it.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        var refreshing = RefreshAsync(cancel);
        await _keeper.RunAsync(cancel).ConfigureAwait(false);
        await refreshing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (var upload in _uploads)
        {
            upload.Dispose();
        }

        _peers.Dispose();
        _uses.Dispose();
        _audit.Dispose();
        _file.Dispose();
        _ledger.Dispose();
        _authority?.Dispose();
        _keys.Dispose();
        _lock.Dispose();
        return ValueTask.CompletedTask;
    }

    // Headers lie with the data, at nodes that come and go.
    private async Task RefreshAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                var nodes = await GatewayChoice.NodesAsync(_ledger, cancel).ConfigureAwait(false);
                _peers.Ask([
                    .. _options.DropBoxes, .. _options.Gateways,
                    .. GatewayChoice.Of(nodes, Random.Shared)]);
            }
#pragma warning disable CA1031 // What was known before goes on to be asked.
            catch (Exception) when (!cancel.IsCancellationRequested)
#pragma warning restore CA1031
            {
                // The ledger is away.
            }

            await Task.Delay(Refresh, cancel).ConfigureAwait(false);
        }
    }
}
