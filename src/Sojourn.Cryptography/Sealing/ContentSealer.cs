using System.Security.Cryptography;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Sealing;

/// <summary>Seals one content under a fresh key: first the body as a stream, then the header over the body's CID.</summary>
public sealed class ContentSealer : IDisposable
{
    private readonly SealingOptions options;
    private readonly byte[] salt = RandomNumberGenerator.GetBytes(SealedHeader.SaltSize);
    private readonly SecretKey contentKey;
    private SealingStream? stream;

    /// <summary>Draws key and salt.</summary>
    /// <param name="options">How to seal.</param>
    public ContentSealer(SealingOptions options)
        : this(options, SecretKey.Random())
    {
    }

    /// <summary>With a key and salt of the caller's: for test vectors.</summary>
    internal ContentSealer(SealingOptions options, SecretKey contentKey, ReadOnlySpan<byte> salt = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!SealedLayout.IsChunkSize(options.ChunkSize))
        {
            throw new ArgumentException($"A chunk is a power of two from {SealedLayout.ChunkSizeMin} to {SealedLayout.ChunkSizeMax} bytes.", nameof(options));
        }

        if (options.Recipients.Count > SealedLayout.RecipientsMax)
        {
            throw new ArgumentException($"At most {SealedLayout.RecipientsMax} recipients.", nameof(options));
        }

        this.options = options;
        this.contentKey = contentKey;
        if (!salt.IsEmpty)
        {
            this.salt = salt.ToArray();
        }
    }

    /// <summary>The content key, for a keeper or for custodians. The caller disposes the copy.</summary>
    public SecretKey ExportContentKey() => contentKey.Copy();

    /// <summary>The sealed body of one file. Read it to its end, then call <see cref="Finish"/>.</summary>
    /// <param name="plaintext">Read from where it stands to its end; left open.</param>
    public Stream SealFile(Stream plaintext) => Begin(plaintext, SealedKind.File, () => null);

    /// <summary>The sealed body of a directory. Read it to its end, then call <see cref="Finish"/>.</summary>
    /// <param name="entries">What the directory holds; files are opened one at a time while reading.</param>
    public Stream SealDirectory(IReadOnlyList<SealedDirectorySource> entries)
    {
        var source = new DirectoryStream(entries);
        return Begin(source, SealedKind.Directory, () => source.ManifestOffset);
    }

    /// <summary>Makes the header, once the body was read to its end and has a CID.</summary>
    /// <param name="body">The root of the sealed chunks.</param>
    public SealedHeader Finish(Cid body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (stream is not { IsComplete: true })
        {
            throw new InvalidOperationException("The sealed body was not read to its end.");
        }

        var metadata = new SealedMetadata(stream.Kind, stream.PlainLength, stream.Manifest, options.Name, options.MediaType).Seal(contentKey, salt);
        return SealedHeader.Create(options, contentKey, salt, stream.PaddedLength, body, metadata);
    }

    /// <summary>A second cipher for the body in the making, for tests of content that is too large to hold.</summary>
    internal ChunkCipher CipherForTests(SecretKey key) => new(key, salt, SealedHeader.SuiteAes256Gcm, options.ChunkSize);

    /// <summary>Wipes the content key.</summary>
    public void Dispose()
    {
        contentKey.Dispose();
        stream?.Dispose();
    }

    private SealingStream Begin(Stream plaintext, SealedKind kind, Func<long?> manifest)
    {
        ArgumentNullException.ThrowIfNull(plaintext);
        if (stream is not null)
        {
            throw new InvalidOperationException("A sealer seals one content: a second one under the same key would repeat nonces.");
        }

        stream = new SealingStream(plaintext, new ChunkCipher(contentKey, salt, SealedHeader.SuiteAes256Gcm, options.ChunkSize), options.Padding, kind, manifest);
        return stream;
    }
}
