using Sojourn.Attestation;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Terms;

/// <summary>What an offer offers.</summary>
public enum OfferKind : byte
{
    /// <summary>Data to compute on.</summary>
    Data = 0,

    /// <summary>Code to run.</summary>
    App = 1,
}

/// <summary>An owner's offer on the ledger: the policy's CID, and those of its limits that the ledger itself can hold to.</summary>
public sealed record OfferTerms
{
    /// <summary>Data or app.</summary>
    public required OfferKind Kind { get; init; }

    /// <summary>The content.</summary>
    public required Cid Content { get; init; }

    /// <summary>The signed policy; null for public content without one.</summary>
    public Cid? Policy { get; init; }

    /// <summary>Whether jobs need a key from the keeper before they can run.</summary>
    public bool Sealed { get; init; } = true;

    /// <summary>The account under which the owner's keeper records releases.</summary>
    public Address Keeper { get; init; }

    /// <summary>0 where the keeper holds the whole key. Otherwise the keeper is a custodian that holds one share of it, and the shares of this many custodians are enough: a job goes on
    /// when so many of the content's offers of this kind that it names have answered, whoever of the others is away.</summary>
    public byte Threshold { get; init; }

    /// <summary>The price of one job.</summary>
    public Amount Price { get; init; }

    /// <summary>The least level at which jobs may run.</summary>
    public TrustLevel LevelMin { get; init; } = TrustLevel.Tee;

    /// <summary>The least custody class of executors.</summary>
    public CustodyClass CustodyMin { get; init; }

    /// <summary>How many jobs may get the key; 0 means no bound.</summary>
    public uint UsesMax { get; init; }

    /// <summary>How many draws of executors jobs on this content may cause; 0 means no bound. Counting draws as well as uses stops a requester from drawing again and again until a friend wins.</summary>
    public uint DrawsMax { get; init; }

    /// <summary>The last height at which jobs can be posted; 0 means none.</summary>
    public ulong Expires { get; init; }
}
