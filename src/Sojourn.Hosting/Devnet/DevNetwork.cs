using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Content.Ipfs;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Hosting.DropBox;
using Sojourn.Hosting.Keepers;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Proof;
using Sojourn.Ledger.Embedded;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Journal;
using Sojourn.Node.Keeping;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Hosting.Devnet;

/// <summary>A whole network on one machine: ledger, nodes, keepers, drop box, a gateway for what is public. For development: its genesis says so.</summary>
public sealed class DevNetwork : IAsyncDisposable
{
    private const ulong Stake = 100_000;
    private readonly DevnetOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(Task Task, UseLedger Uses)> _keepers = [];
    private readonly List<PartyKeys> _parties = [];
    private readonly DevelopmentAuthority? _authority;
    private readonly ChainDevnet? _chain;

    private DevNetwork(DevnetOptions options, ILedger ledger, ChainDevnet? chain, PartyKeys sequencer, ContentHost gateway, MemoryDropBox box, EnclaveImage image, ImmutableArray<DevnetNode> nodes, DevelopmentAuthority? authority)
    {
        _options = options;
        _chain = chain;
        Ledger = ledger;
        Gateway = gateway;
        DropBox = box;
        Image = image;
        Nodes = nodes;
        _authority = authority;
        _parties.Add(sequencer);
    }

    /// <summary>The ledger.</summary>
    public ILedger Ledger { get; }

    /// <summary>Where the chain answers, with the contract; null with the embedded ledger.</summary>
    public Uri? Chain => _chain?.Address;

    /// <summary>Transactions of the chain so far; empty with the embedded ledger.</summary>
    public IReadOnlyList<Sojourn.Ledger.Ethereum.SentTransaction> ChainTransactions => _chain?.Ledger.Sent ?? [];

    /// <summary>Public content: policies, guards, specifications, sealed code.</summary>
    public ContentHost Gateway { get; }

    /// <summary>The enclave and its measurement.</summary>
    public EnclaveImage Image { get; }

    /// <summary>The nodes.</summary>
    public ImmutableArray<DevnetNode> Nodes { get; }

    /// <summary>The drop box.</summary>
    public MemoryDropBox DropBox { get; }

    /// <summary>What its nodes prove.</summary>
    public TrustLevel Level => _options.SoftwareTpm is null ? TrustLevel.Simulated : TrustLevel.Tpm;

    /// <summary>What owners of this network ask for: its level, and this enclave.</summary>
    public ProofRequirement Proof => MeasuredFiles.Requirement(Level, Image, _options.Bubblewrap);

    /// <summary>Every gateway of the network.</summary>
    public IReadOnlyList<Uri> Gateways => [Gateway.Address, .. Nodes.Select(node => node.Content.Address)];

    /// <summary>Starts a network; nodes do not take part before <see cref="ServeAsync"/>.</summary>
    /// <param name="options">How it is made.</param>
    /// <param name="parties">People with accounts and what they own at the start.</param>
    /// <param name="cancel">Stops waiting.</param>
    public static async Task<DevNetwork> StartAsync(DevnetOptions options, IReadOnlyDictionary<Address, Amount> parties, CancellationToken cancel)
    {
        var image = EnclaveImage.Measure(options.EnclaveFolder);
        Directory.CreateDirectory(options.Folder);
        var sequencer = PartyKeys.LoadOrCreate(Path.Combine(options.Folder, "sequencer", "keys"), "sequencer");
        var authority = options.SoftwareTpm is null ? null : DevelopmentAuthority.LoadOrCreate(Path.Combine(options.Folder, "enrolment.pem"));
        var starts = Enumerable.Range(0, options.Nodes + options.Verifiers)
            .Select(i => DevnetNode.StartAsync(i < options.Nodes ? $"node-{i + 1}" : $"verifier-{i - options.Nodes + 1}", options, image, i < options.Nodes, cancel, authority)).ToList();
        var nodes = await AllAsync(starts).ConfigureAwait(false);
        var (ledger, chain) = await StartLedgerAsync(options, sequencer, parties, nodes, cancel).ConfigureAwait(false);
        var box = new MemoryDropBox();
        var gateway = await ContentHost.StartAsync(
            Path.Combine(options.Folder, "gateway", "blocks"), cancel, map: (application, store) => application.MapUploads(box, store, ledger, new AccountSignatures())).ConfigureAwait(false);
        return new DevNetwork(options, ledger, chain, sequencer, gateway, box, image, nodes, authority);
    }

    // Where one does not start, the others are ended: their software TPMs are processes that would stay.
    private static async Task<ImmutableArray<DevnetNode>> AllAsync(List<Task<DevnetNode>> starts)
    {
        try
        {
            return [.. await Task.WhenAll(starts).ConfigureAwait(false)];
        }
        catch
        {
            foreach (var start in starts.Where(start => start.IsCompletedSuccessfully))
            {
                await (await start.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    private static async Task<(ILedger Ledger, ChainDevnet? Chain)> StartLedgerAsync(
        DevnetOptions options, PartyKeys sequencer, IReadOnlyDictionary<Address, Amount> parties, ImmutableArray<DevnetNode> nodes, CancellationToken cancel)
    {
        if (options.Ethereum)
        {
            var accounts = parties.Concat(nodes.Select(node => KeyValuePair.Create(node.Keys.Address, (Amount)Stake + 10_000))).ToDictionary();
            var chain = await ChainDevnet.StartAsync(Path.Combine(options.Folder, "chain"), sequencer, accounts, nodes.Select(node => (ISigner)node.Keys.Signer), cancel).ConfigureAwait(false);
            return (chain.Ledger, chain);
        }

        var path = Path.Combine(options.Folder, "ledger", "ledger.db");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            EmbeddedLedger.Create(path, new LedgerGenesis
            {
                Name = "devnet",
                Development = true,
                StartsAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
                HeightMilliseconds = (uint)options.Height.TotalMilliseconds,
                Issuer = sequencer.Address,
                Sequencers = [new Sequencer(sequencer.Address, sequencer.Vrf.PublicKey)],
                Allocations =
                [
                    .. parties.Select(party => new Allocation(party.Key, party.Value)),
                    .. nodes.Select(node => new Allocation(node.Keys.Address, (Amount)Stake + 10_000)),
                ],
            });
        }

        return (EmbeddedLedger.Open(new EmbeddedLedgerOptions { Path = path, Sequencer = sequencer.Signer, BeaconKey = sequencer.Vrf }), null);
    }

    /// <summary>Registers the nodes and lets them take part.</summary>
    /// <param name="holds">What each executing node holds.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="tamper">Wraps a node's attester, by index, for demonstrations of what is refused.</param>
    /// <param name="holder">Whether a node, by index, says that it holds them; null: every one that executes.</param>
    public async Task ServeAsync(IReadOnlyCollection<Cid> holds, CancellationToken cancel, Func<int, Func<IAttester, IAttester>?>? tamper = null, Func<int, bool>? holder = null)
    {
        await Task.WhenAll(Nodes.Select((node, i) => node.RegisterAsync(Ledger, Stake, node.Executes && holder?.Invoke(i) != false ? holds : [], cancel))).ConfigureAwait(false);
        for (var i = 0; i < Nodes.Length; i++)
        {
            Nodes[i].Serve(Ledger, DropBox, Gateways, Path.Combine(_options.Folder, Nodes[i].Keys.Name), tamper?.Invoke(i));
        }
    }

    /// <summary>Starts an owner's keeper.</summary>
    /// <param name="owner">The owner's keys; contents are sealed to <see cref="PartyKeys.Sealing"/>.</param>
    public void StartKeeper(PartyKeys owner)
    {
        Admit(owner);
        var uses = new UseLedger(Path.Combine(_options.Folder, owner.Name, "uses.log"));
        var keeper = new Keeper(new KeeperContext
        {
            Ledger = Ledger,
            Signer = owner.Signer,
            Key = owner.Sealing,
            Content = new LayeredSource(Gateway.Store, new GatewaySource(Nodes.Select(node => node.Content.Address))),
            DropBox = DropBox,
            Collateral = _authority?.Collateral ?? Collateral.Empty,
            Journal = new NodeJournal(TimeProvider.System, _options.Listener is { } listener ? entry => listener($"keeper of {owner.Name}", entry) : null),
            Uses = uses,
            Books = new KeeperBooks(DevnetFile.KeeperOf(_options.Folder, owner.Name)),
            Revoked = new RevocationList(KeeperOptions.RevokedFile(DevnetFile.KeeperOf(_options.Folder, owner.Name))),
        });
        _keepers.Add((keeper.RunAsync(_stop.Token), uses));
    }

    /// <summary>Publishes an offer.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="terms">The terms.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The offer's id.</returns>
    public async Task<Digest> OfferAsync(PartyKeys owner, OfferTerms terms, CancellationToken cancel) =>
        (await SubmitAsync(owner, new OfferPublish(terms), cancel).ConfigureAwait(false)).Subject;

    /// <summary>Submits a party's message under its next nonce.</summary>
    /// <param name="party">Whose.</param>
    /// <param name="body">The message.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="InvalidOperationException">The ledger refused it.</exception>
    public async Task<Protocol.Ports.SubmitResult> SubmitAsync(PartyKeys party, Transaction body, CancellationToken cancel)
    {
        Admit(party);
        var result = await new Sender(Ledger, party.Signer, new NodeJournal(TimeProvider.System)).SendNoncedAsync(body, cancel).ConfigureAwait(false);
        return result.Applied ? result : throw new InvalidOperationException($"The ledger refused {party.Name}'s {body.Kind}: {result.Refusal}.");
    }

    /// <summary>Lets a party act: on a chain its transactions are signed here, for the chain.</summary>
    /// <param name="party">The party.</param>
    public void Admit(PartyKeys party)
    {
        ArgumentNullException.ThrowIfNull(party);
        _chain?.Ledger.AddSigner(party.Signer);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (var (task, uses) in _keepers)
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            uses.Dispose();
        }

        await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask())).ConfigureAwait(false);
        await Gateway.DisposeAsync().ConfigureAwait(false);
        if (_chain is not null)
        {
            await _chain.DisposeAsync().ConfigureAwait(false);
        }
        else if (Ledger is IAsyncDisposable embedded)
        {
            await embedded.DisposeAsync().ConfigureAwait(false);
        }

        _parties.ForEach(party => party.Dispose());
        _authority?.Dispose();
        _stop.Dispose();
    }
}
