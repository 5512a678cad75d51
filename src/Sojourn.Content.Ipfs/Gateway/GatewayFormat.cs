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
