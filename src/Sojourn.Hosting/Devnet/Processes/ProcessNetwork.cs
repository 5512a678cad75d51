using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sojourn.Attestation;
using Sojourn.Hosting.Doctor;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Proof;
using Sojourn.Ledger.Embedded;
using Sojourn.Node.Enclaves;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;

namespace Sojourn.Hosting.Devnet.Processes;

/// <summary>A whole network on one machine, every party a process of its own with its own state: what a real network is, but for the distance.</summary>
public sealed class ProcessNetwork : IAsyncDisposable
{
    private const ulong Stake = 100_000;
    private static readonly TimeSpan Supervision = TimeSpan.FromMilliseconds(500);
    private readonly ProcessNetworkOptions _options;
    private readonly List<PartyProcess> _parties = [];
    private readonly int _ledgerPort;
    private readonly int _gatewayPort;
    private readonly EnclaveImage _image;

    private ProcessNetwork(ProcessNetworkOptions options)
    {
        _options = options;
        _image = EnclaveImage.Measure(options.EnclaveFolder);
        (_ledgerPort, _gatewayPort) = (PortOf("ledger"), PortOf("gateway"));
    }

    /// <summary>Its processes.</summary>
    public IReadOnlyList<PartyProcess> Parties => _parties;

    /// <summary>Where the ledger answers.</summary>
    public Uri Ledger => Loopback(_ledgerPort);

    /// <summary>Where uploads go.</summary>
    public Uri Gateway => Loopback(_gatewayPort);

    /// <summary>The enclave's measurement.</summary>
    public Digest Measurement => _image.Measurement;

    /// <summary>A process by its name.</summary>
    /// <param name="name">Its name.</param>
    public PartyProcess this[string name] => _parties.First(party => party.Name == name);

    /// <summary>Makes what is missing in the folder, starts every process and waits until all work.</summary>
    /// <param name="options">How it is made.</param>
    /// <param name="cancel">Stops waiting.</param>
    public static async Task<ProcessNetwork> StartAsync(ProcessNetworkOptions options, CancellationToken cancel)
    {
        Directory.CreateDirectory(options.Folder);
        var net = new ProcessNetwork(options);
        try
        {
            await net.StartAsync(cancel).ConfigureAwait(false);
            return net;
        }
        catch
        {
            await net.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts again what ended without being asked to, until cancelled.</summary>
    /// <param name="told">Told of each that is started again.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task SuperviseAsync(Action<PartyProcess> told, CancellationToken cancel)
    {
        while (true)
        {
            foreach (var party in _parties.Where(party => party is { Wanted: true, ProcessId: 0 }))
            {
                told(party);
                try
                {
                    await party.StartAsync(cancel).ConfigureAwait(false);
                }
                catch (DevnetUnreachableException)
                {
                    // Tried again after the next pause.
                }
            }

            await Task.Delay(Supervision, cancel).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        File.Delete(DevnetFile.PathIn(_options.Folder));
        // The ledger last: whoever ends may still have something to say.
        foreach (var role in Enum.GetValues<ProcessRole>().Reverse())
        {
            await Task.WhenAll(_parties.Where(party => party.Role == role).Select(party => party.DisposeAsync().AsTask())).ConfigureAwait(false);
        }
    }

    private async Task StartAsync(CancellationToken cancel)
    {
        var owners = _options.Keepers.Concat(_options.Others).ToList();
        var nodes = Enumerable.Range(1, _options.Nodes).Select(i => (Name: Text($"node-{i}"), Role: ProcessRole.Node))
            .Concat(Enumerable.Range(1, _options.Verifiers).Select(i => (Name: Text($"verifier-{i}"), Role: ProcessRole.Verifier))).ToList();
        if (_options.SoftwareTpm)
        {
            DevelopmentAuthority.LoadOrCreate(Path.Combine(_options.Folder, "enrolment.pem")).Dispose();
        }

        MakeLedger(owners, [.. nodes.Select(node => node.Name)]);
        Add("ledger", ProcessRole.Ledger, "ledger", "serve", Path.Combine(_options.Folder, "ledger"), "--listen", Loopback(_ledgerPort).ToString().TrimEnd('/'));
        Add("gateway", ProcessRole.Gateway, "gateway", "run", "--store", Path.Combine(_options.Folder, "gateway", "blocks"), "--listen", Text($"127.0.0.1:{_gatewayPort}"), "--uploads-of", Ledger.ToString());
        foreach (var (name, role) in nodes)
        {
            File.WriteAllText(Path.Combine(_options.Folder, name, "node.yaml"), NodeText(name, role));
            Add(name, role, "node", "run", Path.Combine(_options.Folder, name, "node.yaml"));
        }

        foreach (var name in _options.Keepers)
        {
            var file = Path.Combine(_options.Folder, "parties", name, "keeper.yaml");
            File.WriteAllText(file, KeeperText(name));
            Add("keeper-" + name, ProcessRole.Keeper, "keeper", "run", file);
        }

        // In the order in which each needs the others, those of one kind side by side.
        foreach (var role in Enum.GetValues<ProcessRole>())
        {
            await Task.WhenAll(_parties.Where(party => party.Role == role).Select(party => party.StartAsync(cancel))).ConfigureAwait(false);
        }

        var serving = nodes.Where(node => _options.Serve && node.Role == ProcessRole.Node).Select(node => Loopback(PortOf(node.Name)));
        new DevnetFile(
            Environment.ProcessId, Ledger, Gateway, [Gateway, .. serving], _image.Measurement.ToString(), owners,
            [.. nodes.Where(node => node.Role == ProcessRole.Node).Select(node => node.Name)])
        {
            Proof = DevnetProof.Of(MeasuredFiles.Requirement(_options.SoftwareTpm ? TrustLevel.Tpm : TrustLevel.Simulated, _image, Examination.FindProgram("bwrap"))),
        }.Write(_options.Folder);
    }

    private void Add(string name, ProcessRole role, params string[] arguments) => _parties.Add(new PartyProcess(
        name, role,
        () =>
        {
            var info = new ProcessStartInfo(_options.Command[0]) { UseShellExecute = false };
            foreach (var argument in _options.Command.Skip(1).Concat(arguments))
            {
                info.ArgumentList.Add(argument);
            }

            info.Environment["SOJOURN_ENCLAVE"] = _options.EnclaveFolder;
            return info;
        },
        _options.Listener));

    private void MakeLedger(List<string> owners, List<string> nodes)
    {
        var folder = Path.Combine(_options.Folder, "ledger");
        var path = Path.Combine(folder, "ledger.db");
        if (File.Exists(path))
        {
            return;
        }

        Directory.CreateDirectory(folder);
        using var sequencer = PartyKeys.Generate("sequencer");
        sequencer.WriteLedgerKeys(folder);
        var allocations = new List<Allocation>();
        foreach (var (name, file, amount) in owners.Select(name => (name, DevnetFile.KeysOf(_options.Folder, name), _options.Allocation))
            .Concat(nodes.Select(name => (name, Path.Combine(_options.Folder, name, "keys"), (Amount)Stake + 10_000))))
        {
            using var keys = PartyKeys.LoadOrCreate(file, name);
            allocations.Add(new Allocation(keys.Address, amount));
        }

        EmbeddedLedger.Create(path, new LedgerGenesis
        {
            Name = "devnet",
            Development = true,
            StartsAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            HeightMilliseconds = (uint)_options.Height.TotalMilliseconds,
            Issuer = sequencer.Address,
            Sequencers = [new Sequencer(sequencer.Address, sequencer.Vrf.PublicKey)],
            Allocations = [.. allocations],
        });
    }

    private string NodeText(string name, ProcessRole role)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Name: {name}\nKeys: keys\nState: .\nLedger: {_options.LedgerBehind ?? Ledger}\nDropBox: {_options.GatewayBehind ?? Gateway}\nStake: {Stake}\nIsolation: best-effort\nGrace: 30s\n");
        text.Append(role == ProcessRole.Node && _options.Serve ? Text($"Listen: 127.0.0.1:{PortOf(name)}\n") : "Listen: none\n");
        if (_options.SoftwareTpm)
        {
            text.Append("Proof: software-tpm\nEnrolment: ../enrolment.pem\n");
        }

        if (_options.Nodes > 1 && _options.Serve)
        {
            text.Append("Gateways:\n");
            foreach (var other in Enumerable.Range(1, _options.Nodes).Select(i => Text($"node-{i}")).Where(other => other != name))
            {
                text.Append(CultureInfo.InvariantCulture, $"  - {Loopback(PortOf(other))}\n");
            }
        }

        if (role == ProcessRole.Verifier)
        {
            text.Append("Limits:\n  Execute: false\n");
        }
        else
        {
            text.Append(_options.NodeLines);
        }

        return text.ToString();
    }

    private string KeeperText(string name) =>
        $"Name: {name}\nKeys: keys\nState: keeper\nLedger: {_options.LedgerBehind ?? Ledger}\nDropBox: {_options.GatewayBehind ?? Gateway}\n{(_options.SoftwareTpm ? "Enrolment: ../../enrolment.pem\n" : "")}Gateways:\n"
        + string.Concat(Enumerable.Range(1, _options.Nodes).Select(i => Text($"  - {Loopback(PortOf(Text($"node-{i}")))}\n")));

    // A party keeps its port from one start to the next, so that others find it again.
    private int PortOf(string name)
    {
        var file = Path.Combine(_options.Folder, name, "port");
        if (File.Exists(file))
        {
            return int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
        }

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, port.ToString(CultureInfo.InvariantCulture));
        return port;
    }

    private static Uri Loopback(int port) => new(Text($"http://127.0.0.1:{port}/"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
