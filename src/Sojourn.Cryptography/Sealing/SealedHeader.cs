using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Cryptography.Sealing;

/// <summary>The public part of sealed content: one dag-cbor block that links to the body and to the policy. Its CID names the sealed content.</summary>
public sealed record SealedHeader
{
    private SealedHeader()
    {
    }

    /// <summary>AES-256-GCM in STREAM order, HKDF-SHA-256, HMAC-SHA-256.</summary>
    public const int SuiteAes256Gcm = 1;

    /// <summary>Bytes of the salt.</summary>
    public const int SaltSize = 32;

    private const int MetadataSizeMax = 64 * 1024;

    /// <summary>Which algorithms.</summary>
    public int Suite { get; private init; } = SuiteAes256Gcm;

    /// <summary>Bytes of a sealed chunk; the last may be shorter.</summary>
    public int ChunkSize { get; private init; }

    /// <summary>Plaintext and padding, in bytes: what the public learns of the size.</summary>
    public long Size { get; private init; }

    /// <summary>Number of chunks.</summary>
    public long Chunks => SealedLayout.ChunkCount(Size, ChunkSize);

    /// <summary>32 random bytes, other for each content.</summary>
    public ReadOnlyMemory<byte> Salt { get; private init; }

    /// <summary>The policy under which the key may be released; null where the content has none.</summary>
    public Cid? Policy { get; private init; }

    /// <summary>The root of the sealed chunks.</summary>
    public Cid Body { get; private init; } = null!;

    /// <summary>Sealed: the content's true length, kind, name and type.</summary>
    public ReadOnlyMemory<byte> Metadata { get; private init; }

    /// <summary>The content key, once for each recipient.</summary>
    public ImmutableArray<KeyStanza> Keys { get; private init; } = [];

    /// <summary>HMAC-SHA-256 under the content key over all other fields.</summary>
    public ReadOnlyMemory<byte> Code { get; private init; }

    /// <summary>The header's block.</summary>
    public byte[] Encode() => Encode(withCode: true);

    /// <summary>The CID of the header's block.</summary>
    public Cid Cid => Cid.ForDagCbor(Encode());

    /// <summary>Reads a header's block; untrusted. Nothing is authenticated yet.</summary>
    /// <param name="block">The bytes.</param>
    /// <param name="header">The header, unless there is a fault.</param>
    public static SealedFault TryDecode(ReadOnlySpan<byte> block, out SealedHeader? header)
    {
        header = null;
        if (block.Length > SealedLayout.HeaderSizeMax)
        {
            return SealedFault.Malformed;
        }

        try
        {
            return Decode(block, out header);
        }
        catch (CborException)
        {
            return SealedFault.Malformed;
        }
    }

    /// <summary>Finds and opens the stanza for a key, and authenticates the header under the content key that comes out: whoever has the key may act on the header.</summary>
    /// <param name="recipient">The private key.</param>
    /// <param name="contentKey">The content key, unless there is a fault.</param>
    public SealedFault TryOpenKey(HpkePrivateKey recipient, out SecretKey? contentKey)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        contentKey = null;
        var fault = SealedFault.NotForThisKey;
        foreach (var stanza in Keys)
        {
            if (!stanza.MayBeFor(recipient.Public))
            {
                continue;
            }

            var attempt = stanza.TryOpen(recipient, Salt.Span, Policy, out contentKey);
            if (attempt == SealedFault.None)
            {
                if (IsAuthentic(contentKey!))
                {
                    return SealedFault.None;
                }

                contentKey!.Dispose();
                contentKey = null;
                attempt = SealedFault.HeaderNotAuthentic;
            }

            // A hidden stanza that does not open is simply somebody else's.
            if (!stanza.KeyId.IsEmpty || attempt == SealedFault.HeaderNotAuthentic)
            {
                fault = attempt;
            }
        }

        return fault;
    }

    /// <summary>Makes a header for other recipients, or under another policy, leaving the body as it is.</summary>
    /// <remarks>Who held the key before still holds it. To take it away, seal anew under a new key.</remarks>
    /// <param name="contentKey">The content key.</param>
    /// <param name="recipients">All recipients from now on.</param>
    /// <param name="policy">The policy from now on.</param>
    /// <param name="hideRecipients">Leaves out key identifiers.</param>
    /// <param name="rewrapped">The new header, unless there is a fault.</param>
    public SealedFault TryRewrap(SecretKey contentKey, IReadOnlyCollection<HpkePublicKey> recipients, Cid? policy, bool hideRecipients, out SealedHeader? rewrapped)
    {
        rewrapped = null;
        if (!IsAuthentic(contentKey))
        {
            return SealedFault.HeaderNotAuthentic;
        }

        rewrapped = WithKeys(this with { Policy = policy }, contentKey, recipients, hideRecipients);
        return SealedFault.None;
    }

    internal static SealedHeader Create(SealingOptions options, SecretKey contentKey, ReadOnlyMemory<byte> salt, long size, Cid body, ReadOnlyMemory<byte> metadata) => WithKeys(
        new SealedHeader
        {
            ChunkSize = options.ChunkSize,
            Size = size,
            Salt = salt,
            Policy = options.Policy,
            Body = body,
            Metadata = metadata,
        },
        contentKey,
        options.Recipients,
        options.HideRecipients);

    /// <summary>Whether the header is what its owner sealed: its code matches under a content key.</summary>
    /// <param name="contentKey">The content key.</param>
    public bool IsAuthentic(SecretKey contentKey)
    {
        ArgumentNullException.ThrowIfNull(contentKey);
        Span<byte> code = stackalloc byte[32];
        SealedKeySchedule.HeaderCode(contentKey, Salt.Span, Encode(withCode: false), code);
        return CryptographicOperations.FixedTimeEquals(code, Code.Span);
    }

    private static SealedHeader WithKeys(SealedHeader header, SecretKey contentKey, IReadOnlyCollection<HpkePublicKey> recipients, bool hideRecipients)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(recipients.Count, SealedLayout.RecipientsMax, nameof(recipients));
        var keyed = header with
        {
            Keys = [.. recipients.Select(recipient => KeyStanza.Seal(recipient, contentKey, header.Salt.Span, header.Policy, hideRecipients))],
        };
        var code = new byte[32];
        SealedKeySchedule.HeaderCode(contentKey, header.Salt.Span, keyed.Encode(withCode: false), code);
        return keyed with { Code = code };
    }

    private static SealedFault Decode(ReadOnlySpan<byte> block, out SealedHeader? header)
    {
        header = null;
        var reader = new CborReader(block, CborProfile.DagCbor, 8);

        // Keys come in dag-cbor's order: by length, then by bytes.
        reader.ReadMapHeaderExactly(10);
        reader.ReadKey("mac");
        var code = reader.ReadBytesExactly(32).ToArray();
        reader.ReadKey("body");
        var body = reader.ReadCid();
        reader.ReadKey("keys");
        var count = reader.ReadArrayHeader();
        if (count > SealedLayout.RecipientsMax)
        {
            return SealedFault.TooManyRecipients;
        }

        var keys = ImmutableArray.CreateBuilder<KeyStanza>(count);
        for (var i = 0; i < count; i++)
        {
            reader.ReadMapHeaderExactly(3);
            reader.ReadKey("kem");
            var kem = (HpkeKem)reader.ReadInt32(0, ushort.MaxValue);
            reader.ReadKey("key");
            var sealedKey = reader.ReadBytes(1024).ToArray();
            reader.ReadKey("kid");
            var keyId = reader.ReadBytes(KeyStanza.KeyIdSize).ToArray();
            if (!Enum.IsDefined(kem) || keyId.Length is not (0 or KeyStanza.KeyIdSize))
            {
                return SealedFault.Malformed;
            }

            keys.Add(new KeyStanza(kem, keyId, sealedKey));
        }

        reader.ReadKey("salt");
        var salt = reader.ReadBytesExactly(SaltSize).ToArray();
        reader.ReadKey("size");
        var size = reader.ReadInt64();
        reader.ReadKey("type");
        if (reader.ReadText(64) != SealedKeySchedule.Format)
        {
            return SealedFault.UnknownVersion;
        }

        reader.ReadKey("chunk");
        var chunk = reader.ReadInt64();
        reader.ReadKey("suite");
        if (reader.ReadInt64() != SuiteAes256Gcm)
        {
            return SealedFault.UnknownSuite;
        }

        reader.ReadKey("policy");
        var policy = reader.TryReadNull() ? null : reader.ReadCid();
        reader.ReadKey("metadata");
        var metadata = reader.ReadBytes(MetadataSizeMax).ToArray();
        reader.ReadEnd();

        if (!SealedLayout.IsChunkSize(chunk))
        {
            return SealedFault.ChunkSize;
        }

        if (size is < 0 or > SealedLayout.SizeMax)
        {
            return SealedFault.InconsistentSize;
        }

        header = new SealedHeader
        {
            ChunkSize = (int)chunk,
            Size = size,
            Salt = salt,
            Policy = policy,
            Body = body,
            Metadata = metadata,
            Keys = keys.MoveToImmutable(),
            Code = code,
        };
        return SealedFault.None;
    }

    private byte[] Encode(bool withCode)
    {
        var writer = new CborWriter(CborProfile.DagCbor, 1024);
        writer.BeginMap();
        writer.WriteKey("type").WriteText(SealedKeySchedule.Format);
        writer.WriteKey("suite").WriteInteger(Suite);
        writer.WriteKey("chunk").WriteInteger(ChunkSize);
        writer.WriteKey("size").WriteInteger(Size);
        writer.WriteKey("salt").WriteBytes(Salt.Span);
        writer.WriteKey("policy");
        if (Policy is null)
        {
            writer.WriteNull();
        }
        else
        {
            writer.WriteCid(Policy);
        }

        writer.WriteKey("body").WriteCid(Body);
        writer.WriteKey("metadata").WriteBytes(Metadata.Span);
        writer.WriteKey("keys").BeginArray();
        foreach (var stanza in Keys)
        {
            writer.BeginMap();
            writer.WriteKey("kem").WriteInteger((int)stanza.Kem);
            writer.WriteKey("kid").WriteBytes(stanza.KeyId.Span);
            writer.WriteKey("key").WriteBytes(stanza.SealedKey.Span);
            writer.EndMap();
        }

        writer.EndArray();
        if (withCode)
        {
            writer.WriteKey("mac").WriteBytes(Code.Span);
        }

        return writer.EndMap().ToArray();
    }
}
