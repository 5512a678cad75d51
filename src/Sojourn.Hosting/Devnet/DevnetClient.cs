using System.Net.Sockets;
using Sojourn.Content;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Hosting.DropBox;
using Sojourn.Hosting.Keys;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Hosting.Devnet;

/// <summary>No development network answers.</summary>
/// <param name="message">Where it was looked for, and what to do.</param>
public sealed class DevnetUnreachableException(string message) : IOException(message);

/// <summary>A development network has no party of that name.</summary>
/// <param name="name">The name.</param>
/// <param name="parties">Those there are.</param>
public sealed class UnknownPartyException(string name, IEnumerable<string> parties) : Exception($"no party is called '{name}' in this development network; there are: {string.Join(", ", parties)}.");

/// <summary>A party's way to a running development network: ledger, uploads, gateways, and the stores of nodes on this machine.</summary>
public sealed class DevnetClient : IDisposable
{
    private readonly GatewaySource _gateways;

    private DevnetClient(string folder, DevnetFile file, HttpLedger ledger)
    {
        Folder = folder;
        File = file;
        Ledger = ledger;
        _gateways = new GatewaySource(file.Gateways);
    }

    /// <summary>The network's folder.</summary>
    public string Folder { get; }

    /// <summary>Where it is reached.</summary>
    public DevnetFile File { get; }

    /// <summary>The ledger.</summary>
    public HttpLedger Ledger { get; }

    /// <summary>Content from every gateway.</summary>
    public IBlockSource Content => _gateways;

    /// <summary>Connects.</summary>
    /// <param name="folder">The network's folder.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="DevnetUnreachableException">None is up there.</exception>
    public static async Task<DevnetClient> ConnectAsync(string folder, CancellationToken cancel)
    {
        if (DevnetFile.Read(folder) is not { } file)
        {
            throw new DevnetUnreachableException($"no development network is up in {folder}: start one with ./sojourn devnet up");
        }

        try
        {
            return new DevnetClient(folder, file, await HttpLedger.ConnectAsync(file.Ledger, cancellation: cancel).ConfigureAwait(false));
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or LedgerUnreachableException)
        {
            throw new DevnetUnreachableException($"the development network of {folder} does not answer at {file.Ledger}: start it again with ./sojourn devnet up");
        }
    }

    /// <summary>A party's keys.</summary>
    /// <param name="name">The party.</param>
    /// <exception cref="UnknownPartyException">There is no such party.</exception>
    public PartyKeys Party(string name)
    {
        var path = DevnetFile.KeysOf(Folder, name);
        return System.IO.File.Exists(path) ? PartyKeys.LoadOrCreate(path, name)
            : throw new UnknownPartyException(name, File.Parties);
    }

    /// <summary>A party's uploads: drop box and public blocks.</summary>
    /// <param name="party">Whose.</param>
    public UploadClient Uploads(PartyKeys party) => new(File.Gateway, Ledger.GenesisDigest, party.Signer);

    /// <summary>Submits a party's message under its next nonce.</summary>
    /// <param name="party">Whose.</param>
    /// <param name="body">The message.</param>
    /// <param name="cancel">Stops waiting.</param>
    public ValueTask<SubmitResult> SubmitAsync(PartyKeys party, Transaction body, CancellationToken cancel) =>
        new Sender(Ledger, party.Signer, new NodeJournal(TimeProvider.System)).SendNoncedAsync(body, cancel);

    /// <summary>The stores of nodes that hold data, as one place to write to: the operators of a development network are asked by writing into their folders.</summary>
    public IBlockSink DataStores() => new FanOutSink([.. File.Nodes.Select(node => FileBlockStore.Open(Path.Combine(Folder, node, "blocks")))]);

    /// <summary>A block that the nodes hold.</summary>
    /// <param name="cid">Its CID.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async ValueTask<Block> HeldAsync(Cid cid, CancellationToken cancel) =>
        await FileBlockStore.Open(Path.Combine(Folder, File.Nodes[0], "blocks")).GetAsync(cid, cancel).ConfigureAwait(false)
        ?? throw new FileNotFoundException($"the block {cid} is not held by {File.Nodes[0]}");

    /// <summary>Lets the nodes' profiles say that they hold a content.</summary>
    /// <param name="content">The content.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task PinAsync(Cid content, CancellationToken cancel)
    {
        Holdings.Add(Folder, content);
        foreach (var name in File.Nodes)
        {
            using var keys = PartyKeys.LoadOrCreate(Path.Combine(Folder, name, "keys"), name);
            var known = await Ledger.NodeAsync(keys.Address, cancel).ConfigureAwait(false);
            if (known is null)
            {
                continue;
            }

            var pins = known.Profile.Pins.Add(ContentKey.Of(content)).Distinct().Order();
            var update = new NodeRegister(known.Profile with { Pins = [.. pins] }, Amount.Zero);
            for (var attempt = 0; attempt < 200 && (await SubmitAsync(keys, update, cancel).ConfigureAwait(false)).Refusal == Protocol.Reasons.Refusal.UpdateTooSoon; attempt++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Ledger.Genesis.HeightMilliseconds), cancel).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Ledger.Dispose();
        _gateways.Dispose();
    }
}
