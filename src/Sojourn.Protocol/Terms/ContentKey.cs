using Sojourn.Primitives;

namespace Sojourn.Protocol.Terms;

/// <summary>How the ledger names content in a fixed size: SHA-256 of the CID's binary form.</summary>
public static class ContentKey
{
    /// <summary>The key of a CID.</summary>
    /// <param name="cid">The CID; version 0 counts as its version 1.</param>
    public static Digest Of(Cid cid) => Digest.Of(cid.ToVersion1().Bytes);
}
