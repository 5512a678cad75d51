using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Sealing;

/// <summary>How content is sealed.</summary>
public sealed record SealingOptions
{
    /// <summary>Who may open: keepers, as a rule, and the owner. At most <see cref="SealedLayout.RecipientsMax"/>.</summary>
    public required IReadOnlyCollection<HpkePublicKey> Recipients { get; init; }

    /// <summary>The policy that travels with the content.</summary>
    public Cid? Policy { get; init; }

    /// <summary>Bytes of a sealed chunk.</summary>
    /// <value>1 MiB, so that a chunk is a leaf of the default import profile.</value>
    public int ChunkSize { get; init; } = SealedLayout.ChunkSizeDefault;

    /// <summary>How much the size tells.</summary>
    /// <value><see cref="SizePadding.Padme"/>.</value>
    public SizePadding Padding { get; init; } = SizePadding.Padme;

    /// <summary>Leaves out the recipients' key identifiers; opening then tries every stanza.</summary>
    public bool HideRecipients { get; init; }

    /// <summary>A name for people, sealed with the content; at most 255 bytes.</summary>
    public string? Name { get; init; }

    /// <summary>The media type, sealed with the content; at most 255 bytes.</summary>
    public string? MediaType { get; init; }
}
