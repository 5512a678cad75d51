using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Content.Ipfs;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.DropBox;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Ledgers;
using Sojourn.Hosting.Proof;
using Sojourn.Node;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Journal;
using Sojourn.Node.Operating;
using Sojourn.Primitives;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Hosting.Nodes;

/// <summary>A node as a process of its own: its store, its enclaves, its ledger, its operator's hand. It asks the world; nobody has to reach it.</summary>
public sealed class NodeHost : IAsyncDisposable
{
    private static readonly TimeSpan Housekeeping = TimeSpan.FromSeconds(2);
    private readonly NodeOptions _options;
    private readonly NodeParts _parts;
    private readonly NodeService _service;
    private readonly NodeControl _control;
    private readonly NodeUsage _usage;
    private readonly NodeSocket _socket;
    private readonly Registration _registration;
    private readonly NodeJournal _journal;
    private readonly JobProgress _progress;
    private readonly DateTimeOffset _started = DateTimeOffset.UtcNow;
    private ulong _height;
    private DateTimeOffset? _seen;

    private NodeHost(NodeOptions options, NodeParts parts, NodeContext context)
    {
        _options = options;
        _parts = parts;
        _control = context.Control;
        _usage = context.Usage;
        _journal = context.Journal;
        _progress = context.Progress;
        _service = new NodeService(context);
        _registration = new Registration(options, parts);
        _socket = NodeSocket.Open(options.StateFolder, Answer);
    }

    /// <summary>The node's account.</summary>
    public Address Address => _parts.Keys.Address;

    /// <summary>Where it serves; null for nowhere.</summary>
    public Uri? Gateway => _parts.Server?.Address;

    /// <summary>Starts a node: everything that it needs is looked at before it takes part.</summary>
    /// <param name="options">How it is set up.</param>
    /// <param name="say">Told what a person should know.</param>
    /// <param name="listener">Told of everything that happens.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="NodeRefusedException">It must not start like this; the message names why.</exception>
    public static async Task<NodeHost> StartAsync(NodeOptions options, Action<string> say, Action<JournalEntry>? listener, CancellationToken cancel)
    {
        var parts = new NodeParts { Lock = StateLock.Take(options.StateFolder) };
        try
        {
            parts.Keys = PartyKeys.LoadOrCreate(options.KeysFile, options.Name);
            parts.Image = Image(options.EnclaveFolder);
            parts.Ledger = await SteadyLedger.ConnectAsync(options.Ledgers, options.Genesis, say, cancel).ConfigureAwait(false);
            if (options.Isolation == IsolationRule.BestEffort && !parts.Ledger.Genesis.Development)
            {
                throw new NodeRefusedException("isolation on a best-effort basis is taken on development ledgers only", "Set Isolation: required in the node's file; sojourn doctor says what is missing here.");
            }

            var sandbox = options.Bubblewrap is null ? EnclaveSandbox.None : EnclaveSandbox.Bubblewrap;
            parts.Pool = new EnclavePool(parts.Image, sandbox, options.Bubblewrap, options.Rules.Executes ? options.WarmEnclaves : 0, whole: false, options.Processors);
            parts.Missing = await MissingAsync(parts.Pool, options.Rules.Executes, cancel).ConfigureAwait(false);
            if (!parts.Missing.IsEmpty)
            {
                var named = string.Join("; ", parts.Missing.Select(piece => $"{piece.Piece}: {piece.Missing}"));
                if (options.Isolation == IsolationRule.Required)
                {
                    throw new NodeRefusedException($"pieces of the enclave's isolation are missing ({named})", "sojourn doctor says how to mend it; on a development ledger, Isolation: best-effort goes on without.");
                }

                say($"isolation is not whole here, and this development node goes on: {named}");
            }

            if (options.Isolation == IsolationRule.Required)
            {
                // From now on each enclave is held to it.
                await parts.Pool.DisposeAsync().ConfigureAwait(false);
                parts.Pool = new EnclavePool(parts.Image, sandbox, options.Bubblewrap, options.Rules.Executes ? options.WarmEnclaves : 0, whole: true, options.Processors);
            }

            return await StartAsync(options, parts, say, listener, cancel).ConfigureAwait(false);
        }
        catch
        {
            await parts.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Takes part until cancelled or drained; then draws no more and gives running jobs their time.</summary>
    /// <param name="cancel">Asks it to end.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var stop = new CancellationTokenSource();
        var serving = _service.RunAsync(stop.Token);
        var keeping = KeepHouseAsync(stop.Token);
        var asked = Task.Delay(Timeout.Infinite, cancel);
        await Task.WhenAny(asked, _control.Drained, serving).ConfigureAwait(false);
        _control.Drain();
        _journal.Add(JournalLevel.Progress, "node", Digest.Zero, $"ends: no new jobs; what runs has {_options.Grace.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s");
        using (var grace = new CancellationTokenSource(_options.Grace))
        {
            try
            {
                await _service.WaitIdleAsync(grace.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                _journal.Add(JournalLevel.Trouble, "node", Digest.Zero, "ends with jobs engaged: the ledger will tell what became of them after the next start");
            }
        }

        await stop.CancelAsync().ConfigureAwait(false);
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await asked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>How it stands.</summary>
    public NodeStatus Status() => new()
    {
        Name = _options.Name,
        Address = Address.ToString(),
        Mode = _control.Mode.ToString().ToLowerInvariant(),
        ProcessId = Environment.ProcessId,
        Started = _started,
        Ledger = _parts.Ledger!.GenesisDigest.ToString(),
        LedgerSeen = _seen > _service.LedgerSeen || _service.LedgerSeen is null ? _seen : _service.LedgerSeen,
        Height = _height,
        Registered = _registration.State,
        Stake = _registration.Stake?.ToString(),
        Proof = _parts.Proof!.Level.Name() + (_options.Proof == ProofSource.SoftwareTpm ? " (a software TPM: counts on development ledgers only)" : ""),
        IsolationMissing = [.. _parts.Missing.Select(piece => $"{piece.Piece}: {piece.Missing}")],
        Enclave = _parts.Image!.Measurement.ToString(),
        Gateway = Gateway?.ToString(),
        DiskBytes = _usage.DiskBytes,
        FetchedToday = _usage.FetchedToday,
        MemoryBytes = Environment.WorkingSet,
        Jobs = [.. _service.Jobs.Select(job => new NodeJobStatus(job.Job.ToString(), job.Phase.ToString().ToLowerInvariant(), job.Executes ? Executes(job.Job) : job.Engaged ? "verifies" : "watches"))],
        Reasons = [.. _journal.Read().Reverse().Where(entry => entry.Level != JournalLevel.Progress).Take(50)
            .Select(entry => new NodeReason(entry.At, entry.Level.ToString().ToLowerInvariant(), entry.Stage, entry.Job.IsZero ? null : entry.Job.ToString(), entry.Words))],
    };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _socket.DisposeAsync().ConfigureAwait(false);
        await _parts.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<NodeHost> StartAsync(NodeOptions options, NodeParts parts, Action<string> say, Action<JournalEntry>? listener, CancellationToken cancel)
    {
        var (keys, ledger) = (parts.Keys!, parts.Ledger!);
        if (!ledger.Genesis.Development)
        {
            throw new NodeRefusedException($"this node proves itself by {options.Proof} evidence, and this ledger is no development ledger: nobody would admit it", "sojourn doctor shows what this machine can prove.");
        }

        var blocks = Path.Combine(options.StateFolder, "blocks");
        var progress = new JobProgress();
        if (options.Listen is { } listen)
        {
            parts.Server = await ContentHost.StartAsync(blocks, listen, cancel, (routes, _) => routes.MapProgress(progress)).ConfigureAwait(false);
        }

        var store = parts.Server?.Store ?? FileBlockStore.Open(blocks);
        var usage = new NodeUsage(TimeProvider.System);
        parts.Store = store;
        parts.Usage = usage;
        parts.Peers = new PeerSource(usage, options.FetchedBytesPerSecond);
        parts.Uploads = [.. options.DropBoxes.Select(box => new UploadClient(box, ledger.GenesisDigest, keys.Signer))];
        parts.JournalFile = new JournalFile(Path.Combine(options.StateFolder, "journal"));
        parts.Authority = options.EnrolmentFile is null ? null : DevelopmentAuthority.LoadOrCreate(options.EnrolmentFile);
        parts.Proof = await ProveAsync(options, parts, say, cancel).ConfigureAwait(false);
        var journal = new NodeJournal(TimeProvider.System, entry =>
        {
            parts.JournalFile.Append(entry);
            listener?.Invoke(entry);
        });
        return new NodeHost(options, parts, new NodeContext
        {
            Ledger = ledger,
            Signer = keys.Signer,
            Vrf = keys.Vrf,
            Content = new LayeredSource(store, parts.Peers),
            // Who cannot be reached leaves the sealed output where it can be fetched.
            Store = parts.Server is null ? new FanOutSink([store, .. parts.Uploads.Select(upload => new SteadySink(upload))]) : store,
            Held = store,
            DropBox = new ManyDropBoxes(parts.Uploads),
            Attester = parts.Proof.Attester,
            Collateral = parts.Authority?.Collateral ?? Collateral.Empty,
            Enclaves = parts.Pool!,
            Journal = journal,
            StateFolder = options.StateFolder,
            Rules = options.Rules,
            Control = new NodeControl(options.StateFolder),
            Usage = usage,
            Progress = progress,
        });
    }

    private static async Task<NodeProof> ProveAsync(NodeOptions options, NodeParts parts, Action<string> say, CancellationToken cancel)
    {
        // Who only verifies makes no evidence.
        if (options.Proof == ProofSource.Simulated || !options.Rules.Executes)
        {
            if (options.Rules.Executes)
            {
                say("evidence is simulated: it proves nothing about hardware, and only a development ledger admits it");
            }

            return NodeProof.Simulated(parts.Image!.Measurement, parts.Keys.Address);
        }

        return options is { SoftwareTpm: { } program } && parts.Authority is { } authority
            ? await NodeProof.SoftwareTpmAsync(Path.Combine(options.StateFolder, "tpm"), program, MeasuredFiles.Of(parts.Image!, options.Bubblewrap), authority.Authority, cancel).ConfigureAwait(false)
            : throw new NodeRefusedException("a software TPM needs swtpm on the path and the network's enrolment authority (Enrolment: FILE)", "apt-get install -y swtpm, or set Proof: simulated.");
    }

    private string Executes(Digest job) => _progress.Of(job) is not { } progress ? "executes"
        : $"executes ({progress.Stage.ToString().ToLowerInvariant()}{(progress.Total == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {progress.Done * 100 / progress.Total} % of its fuel"))})";

    private static EnclaveImage Image(string folder)
    {
        try
        {
            return EnclaveImage.Measure(folder);
        }
        catch (DirectoryNotFoundException e)
        {
            throw new NodeRefusedException(e.Message, "Run ./sojourn from the checkout: it builds what is missing; or name it with SOJOURN_ENCLAVE.");
        }
    }

    private static async Task<ImmutableArray<IsolationPiece>> MissingAsync(EnclavePool pool, bool executes, CancellationToken cancel)
    {
        if (!executes)
        {
            return [];
        }

        var trial = await pool.TakeAsync(cancel).ConfigureAwait(false);
        await using (trial.ConfigureAwait(false))
        {
            return [.. pool.Missing(trial.Ready)];
        }
    }

    private string Answer(string question)
    {
        switch (question)
        {
            case "pause":
                _control.Pause();
                break;
            case "resume":
                _control.Resume();
                break;
            case "drain":
                _control.Drain();
                break;
            case "status":
                break;
            default:
                return "{}";
        }

        return JsonSerializer.Serialize(Status());
    }

    private async Task KeepHouseAsync(CancellationToken cancel)
    {
        for (var turn = 0; ; turn++)
        {
            try
            {
                var head = await _parts.Ledger!.HeadAsync(cancel).ConfigureAwait(false);
                (_height, _seen) = (head.Height, DateTimeOffset.UtcNow);
                await _registration.KeepAsync(cancel).ConfigureAwait(false);
                if (turn % 15 == 0)
                {
                    var nodes = await GatewayChoice.NodesAsync(_parts.Ledger, cancel).ConfigureAwait(false);
                    _parts.Peers!.Ask([.. _options.DropBoxes, .. _options.Gateways, .. GatewayChoice.Of(nodes, Random.Shared, Gateway, _options.PublicGateway)]);
                }

                if (turn % 30 == 0)
                {
                    Measure();
                }
            }
#pragma warning disable CA1031 // Housekeeping goes on, whatever was away for a moment.
            catch (Exception) when (!cancel.IsCancellationRequested)
#pragma warning restore CA1031
            {
                _parts.Peers!.Ask([.. _options.DropBoxes, .. _options.Gateways]);
            }

            await Task.Delay(Housekeeping, cancel).ConfigureAwait(false);
        }
    }

    private void Measure()
    {
        var used = new DirectoryInfo(_options.StateFolder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).Sum(file => file.Length);
        _usage.Measured(used, new DriveInfo(Path.GetFullPath(_options.StateFolder)).AvailableFreeSpace);
    }
}
