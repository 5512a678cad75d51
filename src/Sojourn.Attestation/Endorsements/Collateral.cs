using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation;

/// <summary>Collateral cannot be read. Collateral is what a verifier's owner supplies, so this is a fault of set-up, not of evidence.</summary>
public class CollateralException : Exception
{
    /// <summary>Names what could not be read.</summary>
    /// <param name="message">What, and what was expected.</param>
    public CollateralException(string message)
        : base(message)
    {
    }
}

/// <summary>
/// Everything a verifier needs beside the evidence: roots, certificates, revocation lists, Intel's TCB info and enclave identities, revoked chips, and who vouches
/// for whose custody. Immutable, read once; nothing is ever downloaded from inside a verifier.
/// </summary>
public sealed class Collateral
{
    private byte[]? digest;

    private Collateral()
    {
    }

    /// <summary>The vendors' pinned roots and nothing else.</summary>
    public static Collateral Empty { get; } = new();

    /// <summary>The roots.</summary>
    public TrustStore Roots { get; private init; } = TrustStore.Vendors;

    /// <summary>Chips that are no longer believed.</summary>
    public ImmutableHashSet<ChipIdentity> RevokedChips { get; private init; } = [];

    /// <summary>Statements about who holds which machine.</summary>
    public ImmutableDictionary<ChipIdentity, CustodyStatement> Custody { get; private init; } = ImmutableDictionary<ChipIdentity, CustodyStatement>.Empty;

    internal ImmutableArray<Certificate> Certificates { get; private init; } = [];

    internal ImmutableArray<RevocationList> Lists { get; private init; } = [];

    internal ImmutableArray<SignedDocument> TcbInfos { get; private init; } = [];

    internal ImmutableArray<SignedDocument> QeIdentities { get; private init; } = [];

    /// <summary>With other roots.</summary>
    /// <param name="roots">The roots, in place of those before.</param>
    public Collateral WithRoots(TrustStore roots) => Copy(roots: roots);

    /// <summary>With more intermediate certificates.</summary>
    /// <param name="bytes">PEM text or DER, one or more certificates.</param>
    /// <exception cref="CollateralException">They cannot be read.</exception>
    public Collateral AddCertificates(ReadOnlyMemory<byte> bytes)
    {
        var read = Pem.TryCertificates(bytes) ?? throw new CollateralException("A certificate file holds something that is not an X.509 certificate (PEM or DER expected).");
        var known = Certificates.Select(c => c.Fingerprint).ToHashSet(StringComparer.Ordinal);
        return Copy(certificates: Certificates.AddRange(read.Where(c => known.Add(c.Fingerprint))));
    }

    internal Collateral AddCertificates(IEnumerable<Certificate> more)
    {
        var known = Certificates.Select(c => c.Fingerprint).ToHashSet(StringComparer.Ordinal);
        return Copy(certificates: Certificates.AddRange(more.Where(c => known.Add(c.Fingerprint))));
    }

    /// <summary>With one more revocation list.</summary>
    /// <param name="bytes">DER, or PEM text.</param>
    /// <exception cref="CollateralException">It cannot be read.</exception>
    public Collateral AddRevocationList(ReadOnlyMemory<byte> bytes)
    {
        var der = Unwrap(bytes);
        var list = RevocationList.TryParse(der) ?? throw new CollateralException("A revocation list cannot be read (a complete X.509 CRL with a next update, DER or PEM, is expected).");
        return Copy(lists: Lists.Add(list));
    }

    /// <summary>With Intel's TCB info, in the form of the provisioning certification service.</summary>
    /// <param name="json">The response's body: an object with <c>tcbInfo</c> and <c>signature</c>.</param>
    /// <param name="issuerChain">The PEM chain of the response's header.</param>
    public Collateral AddTcbInfo(ReadOnlyMemory<byte> json, ReadOnlyMemory<byte> issuerChain) =>
        Copy(tcbInfos: TcbInfos.Add(SignedDocument.FromEnvelope(json, "tcbInfo"u8, issuerChain)));

    /// <summary>With Intel's TCB info, text and signature apart.</summary>
    /// <param name="json">The signed text, byte for byte.</param>
    /// <param name="signature">r ‖ s, 64 bytes.</param>
    /// <param name="issuerChain">The PEM chain.</param>
    public Collateral AddTcbInfo(ReadOnlyMemory<byte> json, ReadOnlyMemory<byte> signature, ReadOnlyMemory<byte> issuerChain) =>
        Copy(tcbInfos: TcbInfos.Add(new SignedDocument(json, signature, issuerChain)));

    /// <summary>With Intel's identity of a quoting enclave, in the form of the provisioning certification service.</summary>
    /// <param name="json">The response's body: an object with <c>enclaveIdentity</c> and <c>signature</c>.</param>
    /// <param name="issuerChain">The PEM chain of the response's header.</param>
    public Collateral AddQeIdentity(ReadOnlyMemory<byte> json, ReadOnlyMemory<byte> issuerChain) =>
        Copy(qeIdentities: QeIdentities.Add(SignedDocument.FromEnvelope(json, "enclaveIdentity"u8, issuerChain)));

    /// <summary>With Intel's identity of a quoting enclave, text and signature apart.</summary>
    /// <param name="json">The signed text, byte for byte.</param>
    /// <param name="signature">r ‖ s, 64 bytes.</param>
    /// <param name="issuerChain">The PEM chain.</param>
    public Collateral AddQeIdentity(ReadOnlyMemory<byte> json, ReadOnlyMemory<byte> signature, ReadOnlyMemory<byte> issuerChain) =>
        Copy(qeIdentities: QeIdentities.Add(new SignedDocument(json, signature, issuerChain)));

    /// <summary>With chips that are no longer believed.</summary>
    /// <param name="chips">Their identities.</param>
    public Collateral RevokeChips(IEnumerable<ChipIdentity> chips) => Copy(revoked: RevokedChips.Union(chips));

    /// <summary>With a statement about who holds a machine. Whoever adds it has checked who made it.</summary>
    /// <param name="statement">The statement.</param>
    public Collateral AddCustody(CustodyStatement statement) => Copy(custody: Custody.SetItem(statement.Chip, statement));

    /// <summary>SHA-256 that names this collateral in results.</summary>
    public ReadOnlyMemory<byte> Digest()
    {
        if (digest is null)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var anchor in Roots.Anchors)
            {
                Append(hash, "root", Encoding.UTF8.GetBytes($"{anchor.Use}/{anchor.Class}/{anchor.KeyFingerprint}"));
            }

            foreach (var item in Certificates)
            {
                Append(hash, "certificate", item.Raw.Span);
            }

            foreach (var item in Lists)
            {
                Append(hash, "list", item.Raw.Span);
            }

            foreach (var item in TcbInfos)
            {
                Append(hash, "tcb", item.Text.Span);
            }

            foreach (var item in QeIdentities)
            {
                Append(hash, "qe", item.Text.Span);
            }

            foreach (var chip in RevokedChips.Select(c => c.ToString()).Order(StringComparer.Ordinal))
            {
                Append(hash, "revoked", Encoding.UTF8.GetBytes(chip));
            }

            foreach (var statement in Custody.Values.OrderBy(s => s.Chip.ToString(), StringComparer.Ordinal))
            {
                Append(hash, "custody", Encoding.UTF8.GetBytes(statement.ToString()));
            }

            digest = hash.GetHashAndReset();
        }

        return digest;
    }

    /// <summary>This collateral with one item left out, each in turn: what a property test walks through.</summary>
    internal IEnumerable<Collateral> EachWithoutOne()
    {
        for (var i = 0; i < Certificates.Length; i++)
        {
            yield return Copy(certificates: Certificates.RemoveAt(i));
        }

        for (var i = 0; i < Lists.Length; i++)
        {
            yield return Copy(lists: Lists.RemoveAt(i));
        }

        for (var i = 0; i < TcbInfos.Length; i++)
        {
            yield return Copy(tcbInfos: TcbInfos.RemoveAt(i));
        }

        for (var i = 0; i < QeIdentities.Length; i++)
        {
            yield return Copy(qeIdentities: QeIdentities.RemoveAt(i));
        }

        yield return Copy(roots: TrustStore.Empty);
    }

    private static void Append(IncrementalHash hash, string label, ReadOnlySpan<byte> bytes)
    {
        hash.AppendData(Encoding.ASCII.GetBytes(label));
        Span<byte> length = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }

    private static ReadOnlyMemory<byte> Unwrap(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.IndexOf("-----BEGIN"u8) < 0)
        {
            return bytes;
        }

        var text = Encoding.Latin1.GetString(bytes.Span);
        return PemEncoding.TryFind(text, out var fields) ? Convert.FromBase64String(text[fields.Base64Data]) : bytes;
    }

    private Collateral Copy(
        TrustStore? roots = null,
        ImmutableArray<Certificate>? certificates = null,
        ImmutableArray<RevocationList>? lists = null,
        ImmutableArray<SignedDocument>? tcbInfos = null,
        ImmutableArray<SignedDocument>? qeIdentities = null,
        ImmutableHashSet<ChipIdentity>? revoked = null,
        ImmutableDictionary<ChipIdentity, CustodyStatement>? custody = null) => new()
        {
            Roots = roots ?? Roots,
            Certificates = certificates ?? Certificates,
            Lists = lists ?? Lists,
            TcbInfos = tcbInfos ?? TcbInfos,
            QeIdentities = qeIdentities ?? QeIdentities,
            RevokedChips = revoked ?? RevokedChips,
            Custody = custody ?? Custody,
        };
}

/// <summary>Somebody's word on who holds a machine.</summary>
/// <param name="Chip">The machine.</param>
/// <param name="Custody">In whose hands it is.</param>
/// <param name="Endorser">Who says so.</param>
/// <param name="NotAfter">Until when.</param>
public sealed record CustodyStatement(ChipIdentity Chip, CustodyClass Custody, string Endorser, DateTimeOffset NotAfter);
