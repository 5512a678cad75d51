using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Content.Ipfs;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Nodes;
using Sojourn.Hosting.Proof;
using Sojourn.Ledger.Ethereum;
using Sojourn.Ledger.Ethereum.Exchange;
using Sojourn.Node;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Journal;
using Sojourn.Node.Operating;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Hosting.Devnet;

/// <summary>One node of a development network: keys, store, gateway, enclaves, and the service that takes part.</summary>
public sealed class DevnetNode : IAsyncDisposable
{
    private readonly EnclavePool _pool;
    private readonly NodeProof _proof;
    private readonly Collateral _collateral;
    private readonly JobProgress _progress;
    private NodeRules _rules = new();
    private readonly CancellationTokenSource _stop = new();
    private GatewaySource? _peers;
    private ExchangeLedger? _exchange;
    private Task _service = Task.CompletedTask;

    private DevnetNode(PartyKeys keys, ContentHost content, EnclavePool pool, NodeProof proof, bool executes, NodeJournal journal, Collateral collateral, JobProgress progress)
    {
        _progress = progress;
        Keys = keys;
        Content = content;
        _pool = pool;
        _proof = proof;
        Executes = executes;
        _collateral = collateral;
        Journal = journal;
    }

    /// <summary>The node's keys.</summary>
    public PartyKeys Keys { get; }

    /// <summary>Its store and gateway.</summary>
    public ContentHost Content { get; }

    /// <summary>The chip, as its profile names it.</summary>
    public Digest Chip => ChipKey.Of(_proof.Chip);

    /// <summary>What it proves itself with.</summary>
    public NodeProof Proof => _proof;

    /// <summary>Whether it executes; it verifies anyway.</summary>
    public bool Executes { get; }

    /// <summary>How it acts where it could cheat; tests replace it.</summary>
    internal NodeConduct Conduct { get; set; } = NodeConduct.Honest;

    /// <summary>What happened at it.</summary>
    public NodeJournal Journal { get; }

    /// <summary>Starts store, gateway and enclaves; the node takes no part yet.</summary>
    /// <param name="name">The node's name.</param>
    /// <param name="options">The network's options.</param>
    /// <param name="image">The enclave.</param>
    /// <param name="executes">Whether it executes.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="authority">Who enrols its TPM; null where evidence is simulated.</param>
    public static async Task<DevnetNode> StartAsync(string name, DevnetOptions options, EnclaveImage image, bool executes, CancellationToken cancel, DevelopmentAuthority? authority = null)
    {
        var folder = Path.Combine(options.Folder, name);
        var keys = PartyKeys.LoadOrCreate(Path.Combine(folder, "keys"), name);
        var progress = new JobProgress();
        var content = await ContentHost.StartAsync(Path.Combine(folder, "blocks"), cancel, map: (routes, _) => routes.MapProgress(progress)).ConfigureAwait(false);
        var sandbox = options.Bubblewrap is null ? EnclaveSandbox.None : EnclaveSandbox.Bubblewrap;
        var pool = new EnclavePool(image, sandbox, options.Bubblewrap, executes ? 1 : 0);
        // Who only verifies makes no evidence.
        var proof = executes && options.SoftwareTpm is { } program && authority is not null
            ? await NodeProof.SoftwareTpmAsync(Path.Combine(folder, "tpm"), program, MeasuredFiles.Of(image, options.Bubblewrap), authority.Authority, cancel).ConfigureAwait(false)
            : NodeProof.Simulated(image.Measurement, keys.Address);
        var file = new JournalFile(Path.Combine(folder, "journal"));
        var journal = new NodeJournal(TimeProvider.System, entry =>
        {
            file.Append(entry);
            options.Listener?.Invoke(name, entry);
        });
        return new DevnetNode(keys, content, pool, proof, executes, journal, authority?.Collateral ?? Collateral.Empty, progress) { _rules = new NodeRules { Verifies = !executes || options.ExecutorsVerify } };
    }

    /// <summary>Registers the node with what it holds.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="stake">What it stakes.</param>
    /// <param name="holds">Contents that it holds.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task RegisterAsync(ILedger ledger, Amount stake, IEnumerable<Cid> holds, CancellationToken cancel)
    {
        var profile = new NodeProfile
        {
            VrfKey = Keys.Vrf.PublicKey,
            Chip = Chip,
            Level = _proof.Level,
            MemoryMebibytes = 4096,
            Executes = Executes,
            Gateway = Content.Address.ToString(),
            Pins = [.. holds.Select(ContentKey.Of).Order()],
        };
        var known = await ledger.NodeAsync(Keys.Address, cancel).ConfigureAwait(false);
        SubmitResult result;
        // A profile may change once in a while only; after a restart the gateway's port is another one.
        while ((result = await new Sender(ledger, Keys.Signer, Journal).SendNoncedAsync(new NodeRegister(profile, known is null ? stake : Amount.Zero), cancel).ConfigureAwait(false)).Refusal
            == Protocol.Reasons.Refusal.UpdateTooSoon)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(ledger.Genesis.HeightMilliseconds), cancel).ConfigureAwait(false);
        }

        if (!result.Applied)
        {
            throw new InvalidOperationException($"{Keys.Name} could not register: {result.Refusal}.");
        }
    }

    /// <summary>Starts taking part.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="dropBox">The drop box.</param>
    /// <param name="peers">Gateways of others.</param>
    /// <param name="stateFolder">Where results are kept.</param>
    /// <param name="tamper">Wraps the attester, for demonstrations of what is refused; null leaves it as it is.</param>
    public void Serve(ILedger ledger, IDropBox dropBox, IEnumerable<Uri> peers, string stateFolder, Func<IAttester, IAttester>? tamper = null)
    {
        _peers = new GatewaySource(peers.Where(peer => peer != Content.Address));
        _exchange = ledger is EthereumLedger chain ? new ExchangeLedger(chain, Keys.Signer, dropBox, new ExchangeOptions { Folder = Path.Combine(stateFolder, "said") }) : null;
        var context = new NodeContext
        {
            Ledger = _exchange ?? ledger,
            Signer = Keys.Signer,
            Vrf = Keys.Vrf,
            Content = new LayeredSource(Content.Store, _peers),
            Store = Content.Store,
            Held = Content.Store,
            DropBox = dropBox,
            Attester = tamper is null ? _proof.Attester : tamper(_proof.Attester),
            Collateral = _collateral,
            Enclaves = _pool,
            Journal = Journal,
            StateFolder = stateFolder,
            Progress = _progress,
            Rules = _rules,
            Conduct = Conduct,
        };
        _service = new NodeService(context).RunAsync(_stop.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _service.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_exchange is not null)
        {
            await _exchange.DisposeAsync().ConfigureAwait(false);
        }

        await _pool.DisposeAsync().ConfigureAwait(false);
        await Content.DisposeAsync().ConfigureAwait(false);
        _peers?.Dispose();
        await _proof.DisposeAsync().ConfigureAwait(false);
        Keys.Dispose();
        _stop.Dispose();
    }
}
