using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.Sealing;

/// <summary>A header that is authentic under its content key: what the content is, and the means to read it.</summary>
public sealed class OpenedContent : IDisposable
{
    private readonly SecretKey contentKey;

    private OpenedContent(SealedHeader header, SealedMetadata metadata, SecretKey contentKey)
    {
        Header = header;
        Metadata = metadata;
        this.contentKey = contentKey;
    }

    /// <summary>The public part.</summary>
    public SealedHeader Header { get; }

    /// <summary>The sealed part.</summary>
    public SealedMetadata Metadata { get; }

    /// <summary>Authenticates a header under a content key.</summary>
    /// <param name="header">As read; untrusted.</param>
    /// <param name="contentKey">From <see cref="SealedHeader.TryOpenKey"/>, a keeper or custodians. Copied.</param>
    /// <param name="content">The content, unless there is a fault.</param>
    public static SealedFault TryCreate(SealedHeader header, SecretKey contentKey, out OpenedContent? content)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(contentKey);
        content = null;
        if (!header.IsAuthentic(contentKey))
        {
            return SealedFault.HeaderNotAuthentic;
        }

        var fault = SealedMetadata.TryOpen(header.Metadata.Span, contentKey, header.Salt.Span, out var metadata);
        if (fault != SealedFault.None)
        {
            return fault;
        }

        if (metadata!.Length > header.Size)
        {
            return SealedFault.InconsistentSize;
        }

        content = new OpenedContent(header, metadata, contentKey.Copy());
        return SealedFault.None;
    }

    /// <summary>Opens the whole body from its first chunk to its last.</summary>
    /// <param name="body">The sealed body; untrusted, left open.</param>
    /// <returns>Plaintext without padding. Reading throws <see cref="SealedContentException"/> at the first bad chunk, before any of its bytes.</returns>
    public Stream OpenStream(Stream body) => new OpeningStream(this, body, Cipher());

    /// <summary>Opens any range of the body.</summary>
    /// <param name="body">Gives chunks by index.</param>
    public SealedReader OpenReader(ISealedBody body) => new(this, body, Cipher());

    /// <summary>The cipher of the chunks, for those who move chunks themselves.</summary>
    public ChunkCipher Cipher() => new(contentKey, Header.Salt.Span, Header.Suite, Header.ChunkSize);

    /// <summary>Wipes the copy of the content key.</summary>
    public void Dispose() => contentKey.Dispose();
}
