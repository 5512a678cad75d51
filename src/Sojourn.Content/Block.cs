using Sojourn.Primitives;

namespace Sojourn.Content;

/// <summary>Bytes and the identifier under which they were asked for. Whether they match is for <see cref="BlockVerifier"/> to say; everything that hands blocks on inside this project has asked it.</summary>
/// <param name="Cid">The identifier.</param>
/// <param name="Data">The bytes; not to be changed.</param>
public sealed record Block(Cid Cid, ReadOnlyMemory<byte> Data)
{
    /// <summary>Hashes bytes with sha2-256 and names them by a version 1 identifier.</summary>
    /// <param name="codec">What the bytes are.</param>
    /// <param name="data">The bytes; not copied.</param>
    public static Block Create(Multicodec codec, ReadOnlyMemory<byte> data) => new(Cid.For(codec, data.Span), data);
}
