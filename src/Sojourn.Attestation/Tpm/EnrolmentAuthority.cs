using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tpm;

/// <summary>What a machine sends to be enrolled.</summary>
/// <param name="EndorsementCertificate">The endorsement-key certificate as read from NV; empty where the TPM has none.</param>
/// <param name="EndorsementKey">TPMT_PUBLIC of the endorsement key.</param>
/// <param name="AttestationKey">TPMT_PUBLIC of the attestation key.</param>
public sealed record EnrolmentRequest(ReadOnlyMemory<byte> EndorsementCertificate, ReadOnlyMemory<byte> EndorsementKey, ReadOnlyMemory<byte> AttestationKey);

/// <summary>What the machine's TPM has to open.</summary>
/// <param name="IdObject">TPM2B_ID_OBJECT.</param>
/// <param name="EncryptedSecret">TPM2B_ENCRYPTED_SECRET.</param>
public sealed record EnrolmentChallenge(ReadOnlyMemory<byte> IdObject, ReadOnlyMemory<byte> EncryptedSecret);

/// <summary>A challenge that was given and waits for its answer; kept by the authority.</summary>
public sealed class PendingEnrolment
{
    internal PendingEnrolment(EnrolmentChallenge challenge, byte[] secretDigest, PublicKeyInfo key, byte[] endorsementKeyDigest, bool vendorEndorsed)
    {
        Challenge = challenge;
        SecretDigest = secretDigest;
        Key = key;
        EndorsementKeyDigest = endorsementKeyDigest;
        VendorEndorsed = vendorEndorsed;
    }

    /// <summary>What to send to the machine.</summary>
    public EnrolmentChallenge Challenge { get; }

    /// <summary>Whether the endorsement key chains to a vendor; a software TPM's does not.</summary>
    public bool VendorEndorsed { get; }

    /// <summary>SHA-256 of the endorsement key's SubjectPublicKeyInfo: the chip's name.</summary>
    public ReadOnlyMemory<byte> EndorsementKeyDigest { get; }

    internal byte[] SecretDigest { get; }

    internal PublicKeyInfo Key { get; }
}

/// <summary>The authority's answer to a request.</summary>
/// <param name="Pending">The challenge; null where the request was refused.</param>
/// <param name="Findings">Why it was refused, or why the endorsement key counts as not endorsed by a vendor.</param>
public sealed record EnrolmentDecision(PendingEnrolment? Pending, ImmutableArray<QuoteFinding> Findings);

/// <summary>
/// Binds attestation keys to endorsement keys once, by credential activation, and says so in a certificate, so that every later quote can be checked by anybody without
/// talking to the TPM (TCG "TPM 2.0 Keys for Device Identity and Attestation", attestation-key enrolment).
/// </summary>
public sealed class EnrolmentAuthority : IDisposable
{
    private static readonly TimeSpan KeyLife = TimeSpan.FromDays(90);
    private readonly ECDsa key;
    private readonly X509Certificate2 certificate;

    private EnrolmentAuthority(ECDsa key, X509Certificate2 certificate)
    {
        this.key = key;
        this.certificate = certificate;
    }

    /// <summary>The authority's certificate (DER): what verifiers pin.</summary>
    public ReadOnlyMemory<byte> Certificate => certificate.RawData;

    /// <summary>Makes an authority with a new key.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="now">From when its certificate holds.</param>
    /// <param name="life">For how long.</param>
    public static EnrolmentAuthority Create(string name, DateTimeOffset now, TimeSpan life)
    {
        var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={Escape(name)}"), pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return new EnrolmentAuthority(pair, request.CreateSelfSigned(now.AddMinutes(-5), now + life));
    }

    /// <summary>Loads an authority.</summary>
    /// <param name="pem">Its certificate and PKCS#8 private key as PEM text.</param>
    /// <exception cref="CryptographicException">The text holds something else.</exception>
    public static EnrolmentAuthority FromPem(string pem)
    {
        var pair = ECDsa.Create();
        pair.ImportFromPem(pem);
        return new EnrolmentAuthority(pair, X509Certificate2.CreateFromPem(pem));
    }

    /// <summary>Certificate and private key as PEM text; keep it as secret as the key it holds.</summary>
    public string ExportPem() => certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>Checks a request and makes a challenge that only the TPM of that endorsement key, holding that attestation key, can answer.</summary>
    /// <param name="request">What the machine sent.</param>
    /// <param name="collateral">Roots and intermediate certificates of TPM vendors.</param>
    /// <param name="now">The time at which certificates must hold.</param>
    /// <param name="allowUnendorsed">Whether an endorsement key without a vendor's chain may be enrolled; its certificate says so, and it counts on development ledgers only.</param>
    public EnrolmentDecision Challenge(EnrolmentRequest request, Collateral collateral, DateTimeOffset now, bool allowUnendorsed) =>
        Challenge(request, collateral, now, new EnrolmentRules { AllowUnendorsed = allowUnendorsed });

    /// <summary>Checks a request and makes a challenge that only the TPM of that endorsement key, holding that attestation key, can answer.</summary>
    /// <param name="request">What the machine sent.</param>
    /// <param name="collateral">Roots, intermediate certificates and revocation lists of TPM vendors; revoked chips.</param>
    /// <param name="now">The time at which certificates must hold.</param>
    /// <param name="rules">Whom to enrol.</param>
    public EnrolmentDecision Challenge(EnrolmentRequest request, Collateral collateral, DateTimeOffset now, EnrolmentRules rules)
    {
        var findings = new Findings();
        var endorsement = TpmPublic.TryParse(request.EndorsementKey.Span);
        var attestation = TpmPublic.TryParse(request.AttestationKey.Span);
        if (endorsement?.Key is null || attestation?.Key is null)
        {
            findings.Add(QuoteFault.Malformed, "a public area of the request cannot be read");
            return new EnrolmentDecision(null, findings.ToImmutable());
        }

        const TpmAttributes StorageKey = TpmAttributes.FixedTpm | TpmAttributes.FixedParent | TpmAttributes.Restricted | TpmAttributes.Decrypt;
        if ((endorsement.Attributes & StorageKey) != StorageKey || (endorsement.Attributes & TpmAttributes.Sign) != TpmAttributes.None
            || endorsement.SymmetricAlg != TpmAlg.Aes || endorsement.SymmetricBits is not (128 or 256) || TpmAlg.Strong(endorsement.NameAlg) is null)
        {
            findings.Add(QuoteFault.AttestationKeyAttributes, "the endorsement key is not a restricted storage key");
            return new EnrolmentDecision(null, findings.ToImmutable());
        }

        if (!attestation.IsRestrictedSigner || TpmAlg.Strong(attestation.NameAlg) is null)
        {
            findings.Add(QuoteFault.AttestationKeyAttributes, "the attestation key is not a restricted signing key");
            return new EnrolmentDecision(null, findings.ToImmutable());
        }

        // What somebody took back is refused, whatever else is allowed: a revoked TPM is no unknown one.
        var chip = ChipIdentity.Of("tpm-ek", SHA256.HashData(endorsement.Key.Encoded.Span));
        var vendor = CheckEndorsement(request, endorsement, collateral, now, rules, findings);
        if (collateral.RevokedChips.Contains(chip) && !findings.Has(QuoteFault.ChipRevoked))
        {
            findings.Add(QuoteFault.ChipRevoked, "this TPM is on the list of revoked chips");
        }

        var named = rules.Chips.IsEmpty || rules.Chips.Contains(chip)
            || findings.Add(QuoteFault.ChipIdMismatch, $"this authority enrols named TPMs only, and {chip} is none of them");
        if (!named || findings.Has(QuoteFault.CertificateRevoked) || findings.Has(QuoteFault.ChipRevoked) || (!vendor && !rules.AllowUnendorsed))
        {
            return new EnrolmentDecision(null, findings.ToImmutable());
        }

        var secret = RandomNumberGenerator.GetBytes(32);
        var (idObject, encrypted) = TpmCredential.Make(endorsement, attestation.Name, secret);
        var digest = SHA256.HashData(secret);
        CryptographicOperations.ZeroMemory(secret);
        var pending = new PendingEnrolment(new EnrolmentChallenge(idObject, encrypted), digest, attestation.Key, SHA256.HashData(endorsement.Key.Encoded.Span), vendor);
        return new EnrolmentDecision(pending, findings.ToImmutable());
    }

    /// <summary>Issues the certificate where the answer is right.</summary>
    /// <param name="pending">The challenge.</param>
    /// <param name="answer">What the TPM gave back.</param>
    /// <param name="now">From when the certificate holds.</param>
    /// <returns>The attestation key's certificate and the authority's, DER after DER; null where the answer is wrong.</returns>
    public byte[]? Complete(PendingEnrolment pending, ReadOnlySpan<byte> answer, DateTimeOffset now)
    {
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(answer), pending.SecretDigest))
        {
            return null;
        }

        var publicKey = PublicKey.CreateFromSubjectPublicKeyInfo(pending.Key.Encoded.Span, out _);
        var name = new X500DistinguishedName($"CN=attestation key of TPM {Convert.ToHexStringLower(pending.EndorsementKeyDigest.Span)[..16]}");
        var request = new CertificateRequest(name, publicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.TcgAikCertificate)], false));
        request.CertificateExtensions.Add(new X509Extension(EnrolmentExtension.Oid, new EnrolmentExtension(pending.EndorsementKeyDigest, pending.VendorEndorsed).Encode(), false));
        var until = now + KeyLife;
        var end = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        using var issued = request.Create(
            certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now.AddMinutes(-5), until < end ? until : end, RandomNumberGenerator.GetBytes(16));
        return [.. issued.RawData, .. certificate.RawData];
    }

    /// <summary>
    /// Signs the list of certificates that this authority has taken back. Verifiers that ask for revocation (the default) believe no attestation key of this authority
    /// without a current one.
    /// </summary>
    /// <param name="revoked">Serial numbers of revoked certificates, and when each was revoked.</param>
    /// <param name="number">The list's number; must grow from list to list (RFC 5280, 5.2.3).</param>
    /// <param name="now">When the list is made.</param>
    /// <param name="life">For how long it holds.</param>
    /// <returns>An X.509 revocation list, DER.</returns>
    public byte[] IssueList(IEnumerable<(ReadOnlyMemory<byte> Serial, DateTimeOffset At)> revoked, long number, DateTimeOffset now, TimeSpan life)
    {
        ArgumentNullException.ThrowIfNull(revoked);
        var builder = new CertificateRevocationListBuilder();
        foreach (var (serial, at) in revoked)
        {
            builder.AddEntry(serial.Span, at);
        }

        var subject = certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault();
        var authority = subject is null ? X509AuthorityKeyIdentifierExtension.CreateFromCertificate(certificate, false, true) : X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(subject);
        return builder.Build(certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), number, now + life, HashAlgorithmName.SHA256, authority, now);
    }

    /// <summary>The serial number of a certificate that this authority issued; null where it is another's, or no certificate.</summary>
    /// <param name="issued">What <see cref="Complete"/> gave: the certificate, and what follows it.</param>
    public byte[]? SerialOf(ReadOnlyMemory<byte> issued)
    {
        var read = X509.Pem.TryCertificates(issued) is [var first, ..] ? first : null;
        return read is not null && X509.Certificate.TryParse(certificate.RawData) is { } own && !read.IsAuthority && read.SignedBy(own.Key) ? read.Serial.ToArray() : null;
    }

    /// <summary>Lets the key go.</summary>
    public void Dispose()
    {
        key.Dispose();
        certificate.Dispose();
    }

    private static bool CheckEndorsement(EnrolmentRequest request, TpmPublic endorsement, Collateral collateral, DateTimeOffset now, EnrolmentRules rules, Findings findings)
    {
        if (request.EndorsementCertificate.Length == 0)
        {
            return findings.Add(QuoteFault.ChainMissing, "the TPM has no endorsement certificate");
        }

        var verdict = EndorsementCertificate.Verify(request.EndorsementCertificate, collateral, now);
        foreach (var finding in verdict.Findings)
        {
            findings.Add(finding.Fault, finding.Detail);
        }

        return verdict.Key is not null
            && findings.Check(verdict.Key.SameKey(endorsement.Key!), QuoteFault.AttestationKeyMismatch, "the endorsement certificate is of another key")
            && verdict.Trusted && (!rules.RequireRevocation || findings.Check(verdict.RevocationChecked, QuoteFault.CollateralMissing, "no current revocation list was at hand for every certificate of the endorsement key's chain"))
            && findings.Check(verdict.Anchor is AnchorClass.Vendor or AnchorClass.Cloud, QuoteFault.RootNotTrusted, "the endorsement key chains to a development root");
    }

    private static string Escape(string name) => "\"" + name.Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal) + "\"";
}
