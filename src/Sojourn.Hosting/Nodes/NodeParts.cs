using System.Collections.Immutable;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.DropBox;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Ledgers;
using Sojourn.Hosting.Proof;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Journal;
using Sojourn.Node.Operating;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Hosting.Nodes;

/// <summary>What a node's process opened, in the order of opening; closed in the other.</summary>
internal sealed class NodeParts : IAsyncDisposable
{
    public required StateLock Lock { get; init; }

    public PartyKeys Keys { get; set; } = null!;

    public EnclaveImage? Image { get; set; }

    public SteadyLedger? Ledger { get; set; }

    public EnclavePool? Pool { get; set; }

    public ImmutableArray<IsolationPiece> Missing { get; set; } = [];

    public ContentHost? Server { get; set; }

    public FileBlockStore? Store { get; set; }

    public NodeUsage? Usage { get; set; }

    public PeerSource? Peers { get; set; }

    public ImmutableArray<UploadClient> Uploads { get; set; } = [];

    public JournalFile? JournalFile { get; set; }

    public DevelopmentAuthority? Authority { get; set; }

    public NodeProof? Proof { get; set; }

    public async ValueTask DisposeAsync()
    {
        if (Pool is not null)
        {
            await Pool.DisposeAsync().ConfigureAwait(false);
        }

        if (Server is not null)
        {
            await Server.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var upload in Uploads)
        {
            upload.Dispose();
        }

        if (Proof is not null)
        {
            await Proof.DisposeAsync().ConfigureAwait(false);
        }

        Authority?.Dispose();
        Peers?.Dispose();
        Ledger?.Dispose();
        JournalFile?.Dispose();
        Keys?.Dispose();
        Lock.Dispose();
    }
}
