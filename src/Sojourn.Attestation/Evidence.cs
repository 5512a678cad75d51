using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Sojourn.Attestation;

/// <summary>Evidence as an attester hands it over (RFC 9334): a kind and its parts. Nothing in it is believed before <see cref="Verifier"/> has said so.</summary>
public sealed partial class Evidence
{
    /// <summary>The largest part that is looked at, in bytes (an IMA list of a long-running machine is the largest).</summary>
    public const int PartBytesMax = 16 * 1024 * 1024;

    private readonly ImmutableSortedDictionary<EvidencePart, ReadOnlyMemory<byte>> parts;

    /// <summary>Makes evidence of one part.</summary>
    /// <param name="kind">What made it.</param>
    /// <param name="report">The report, quote, document or statement.</param>
    public Evidence(EvidenceKind kind, ReadOnlyMemory<byte> report)
        : this(kind, ImmutableSortedDictionary<EvidencePart, ReadOnlyMemory<byte>>.Empty.Add(EvidencePart.Report, report))
    {
    }

    private Evidence(EvidenceKind kind, ImmutableSortedDictionary<EvidencePart, ReadOnlyMemory<byte>> parts)
    {
        Kind = kind;
        this.parts = parts;
    }

    /// <summary>What made it.</summary>
    public EvidenceKind Kind { get; }

    /// <summary>The parts, in the order of their numbers.</summary>
    public IReadOnlyDictionary<EvidencePart, ReadOnlyMemory<byte>> Parts => parts;

    /// <summary>One part, empty where it is absent.</summary>
    /// <param name="part">Which.</param>
    public ReadOnlyMemory<byte> this[EvidencePart part] => parts.GetValueOrDefault(part);

    /// <summary>Makes evidence of several parts.</summary>
    /// <param name="kind">What made it.</param>
    /// <param name="parts">Its parts.</param>
    public static Evidence Of(EvidenceKind kind, IEnumerable<KeyValuePair<EvidencePart, ReadOnlyMemory<byte>>> parts) =>
        new(kind, parts.ToImmutableSortedDictionary());

    /// <summary>Whether a part is there.</summary>
    /// <param name="part">Which.</param>
    public bool Has(EvidencePart part) => parts.ContainsKey(part);

    /// <summary>The same evidence with a part added or replaced.</summary>
    /// <param name="part">Which.</param>
    /// <param name="bytes">Its bytes.</param>
    public Evidence With(EvidencePart part, ReadOnlyMemory<byte> bytes) => new(Kind, parts.SetItem(part, bytes));

    /// <summary>The same evidence without a part.</summary>
    /// <param name="part">Which.</param>
    public Evidence Without(EvidencePart part) => new(Kind, parts.Remove(part));

    /// <summary>SHA-256 of the encoding: names these bytes in a log or a result. It is no identity and no replay key, since signatures are malleable and some formats carry unsigned padding.</summary>
    public byte[] Digest() => SHA256.HashData(Encode());
}
