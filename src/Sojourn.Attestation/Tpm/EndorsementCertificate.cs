using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tpm;

/// <summary>What an endorsement-key certificate came to.</summary>
public sealed class EndorsementVerdict
{
    internal EndorsementVerdict(bool trusted, AnchorClass anchor, string anchorName, byte[] keyDigest, System.Collections.Immutable.ImmutableArray<QuoteFinding> findings, PublicKeyInfo? key, int length, bool revocationChecked)
    {
        RevocationChecked = revocationChecked;
        Trusted = trusted;
        Anchor = anchor;
        AnchorName = anchorName;
        KeyDigest = keyDigest;
        Findings = findings;
        Key = key;
        CertificateLength = length;
    }

    /// <summary>Whether the certificate chains to a pinned root and holds at the time.</summary>
    public bool Trusted { get; }

    /// <summary>Whether a current revocation list was checked for every certificate below the root.</summary>
    public bool RevocationChecked { get; }

    /// <summary>Whether the certificate, or the TPM itself, is revoked.</summary>
    public bool Revoked => Findings.Any(finding => finding.Fault is QuoteFault.CertificateRevoked or QuoteFault.ChipRevoked);

    /// <summary>Who stands at the end of the chain.</summary>
    public AnchorClass Anchor { get; }

    /// <summary>That root's name.</summary>
    public string AnchorName { get; }

    /// <summary>SHA-256 of the endorsement key's SubjectPublicKeyInfo: the TPM's name.</summary>
    public ReadOnlyMemory<byte> KeyDigest { get; }

    /// <summary>What is wrong.</summary>
    public System.Collections.Immutable.ImmutableArray<QuoteFinding> Findings { get; }

    /// <summary>The certificate's own length; what follows it in NV is padding.</summary>
    public int CertificateLength { get; }

    internal PublicKeyInfo? Key { get; }
}

/// <summary>Checks a TPM's endorsement-key certificate (TCG EK Credential Profile).</summary>
public static class EndorsementCertificate
{
    /// <summary>Checks a certificate as it was read from NV.</summary>
    /// <param name="bytes">The certificate; padding of 0xFF or zero may follow it.</param>
    /// <param name="collateral">Roots, intermediate certificates and lists.</param>
    /// <param name="now">The time at which it must hold.</param>
    public static EndorsementVerdict Verify(ReadOnlyMemory<byte> bytes, Collateral collateral, DateTimeOffset now)
    {
        var findings = new Findings();
        var certificate = Certificate.TryParse(bytes, out var length);
        if (certificate is null)
        {
            findings.Add(QuoteFault.CertificateMalformed, "the endorsement certificate cannot be read");
            return new EndorsementVerdict(false, AnchorClass.None, "", [], findings.ToImmutable(), null, length, revocationChecked: false);
        }

        // The NV index is larger than the certificate; its length is the one its header says (EK Credential Profile, 2.2.1.4).
        var padding = bytes.Span[length..];
        findings.Check(
            padding.IndexOfAnyExcept((byte)0xFF) < 0 || padding.IndexOfAnyExcept((byte)0) < 0,
            QuoteFault.TrailingBytes, "bytes that are no padding follow the endorsement certificate");
        var chain = ChainChecker.Check(certificate, collateral.Certificates, new ChainRules { Roots = collateral.Roots, Use = AnchorUse.Tpm, Now = now, Lists = collateral.Lists, LeafListExpected = true, Name = "endorsement key" }, findings);
        // TCG EK Credential Profile, 3.2: the purpose is named. Old certificates name none, which forbids nothing (RFC 5280, 4.2.1.12); one that names another is of another key.
        findings.Check(
            !certificate.Extensions.ContainsKey(Oids.ExtendedKeyUsage) || certificate.HasExtendedUsage(Oids.TcgEkCertificate),
            QuoteFault.CertificateMisused, "the certificate was issued for something else than an endorsement key (extended key usage)");
        var digest = System.Security.Cryptography.SHA256.HashData(certificate.Key.Encoded.Span);
        findings.Check(!collateral.RevokedChips.Contains(ChipIdentity.Of("tpm-ek", digest)), QuoteFault.ChipRevoked, "this TPM is on the list of revoked chips");
        return new EndorsementVerdict(!findings.Any && chain.Anchor is not null, chain.Anchor?.Class ?? AnchorClass.None, chain.Anchor?.Name ?? "", digest, findings.ToImmutable(), certificate.Key, length, chain.RevocationChecked);
    }
}
