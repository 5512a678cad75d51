namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>What form of the content a client asks for.</summary>
internal enum GatewayFormat
{
    /// <summary>The content itself: files and folders deserialised, other codecs as they are.</summary>
    Content,

    /// <summary>One block.</summary>
    Raw,

    /// <summary>A CAR stream.</summary>
    Car,

    /// <summary>The block, if it is dag-json.</summary>
    DagJson,

    /// <summary>The block, if it is dag-cbor.</summary>
    DagCbor,

    /// <summary>The block, if it is JSON.</summary>
    Json,

    /// <summary>The block, if it is CBOR.</summary>
    Cbor,
}

/// <summary>How deep a CAR goes below the path's end.</summary>
internal enum GatewayScope
{
    /// <summary>The whole graph.</summary>
    All,

    /// <summary>A file whole, of a directory its own blocks only.</summary>
    Entity,

    /// <summary>The last block of the path only.</summary>
    Block,
}

/// <summary>The parameters of a CAR response.</summary>
/// <param name="Scope">How deep.</param>
/// <param name="From">The first byte of the file wanted (negative: from its end).</param>
/// <param name="To">The last byte wanted, inclusive (negative: from its end); null for the end.</param>
/// <param name="Duplicates">Whether a block that occurs twice is sent twice.</param>
/// <param name="HasRange">Whether entity-bytes was given.</param>
internal sealed record CarRequest(GatewayScope Scope, long From, long? To, bool Duplicates, bool HasRange)
{
    /// <summary>Everything.</summary>
    public static readonly CarRequest Default = new(GatewayScope.All, 0, null, false, false);

    /// <summary>Tells requests with different answers apart; part of the ETag.</summary>
    public string Key => $"{Scope}-{(HasRange ? $"{From}:{To?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "*"}" : "")}-{(Duplicates ? "y" : "n")}".ToLowerInvariant();
}
