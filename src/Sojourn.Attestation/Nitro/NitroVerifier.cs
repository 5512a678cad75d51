using System.Security.Cryptography;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Nitro;

/// <summary>Checks a Nitro document: form, chain to AWS's root, signature.</summary>
internal static class NitroVerifier
{
    private const int Es384 = -35;
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    public static VerifiedQuote? Verify(Evidence evidence, Collateral collateral, DateTimeOffset now, Findings findings, out QuoteClaims? claims)
    {
        claims = null;
        var bytes = evidence[EvidencePart.Report];
        if (NitroDocument.TryParse(bytes.Span, findings) is not { } document)
        {
            return null;
        }

        if (document.Timestamp > 253_402_300_799_999)
        {
            findings.Add(QuoteFault.Malformed, "the document's time is out of range");
            return null;
        }

        var stated = Claims(document);
        claims = stated;
        findings.Check(document.Algorithm == Es384, QuoteFault.UnsupportedAlgorithm, $"COSE algorithm {document.Algorithm}; -35 (ES384) is known");
        findings.Check(stated.Timestamp <= now + Skew, QuoteFault.TimeInFuture, $"the document was made {stated.Timestamp:u}, after the time of verification");
        var leaf = Certificate.TryParse(document.Certificate);
        var bundle = document.Bundle.Select(der => Certificate.TryParse(der)).ToList();
        if (leaf is null || bundle.Contains(null))
        {
            findings.Add(QuoteFault.CertificateMalformed, "a certificate of the document cannot be read");
            return null;
        }

        var chain = ChainChecker.Check(leaf, [.. bundle.OfType<Certificate>(), .. collateral.Certificates], new ChainRules { Roots = collateral.Roots, Use = AnchorUse.AwsNitro, Now = now, Lists = collateral.Lists, Name = "Nitro" }, findings);
        findings.Check(!leaf.IsAuthority && leaf.MaySignData, QuoteFault.CertificateMisused, "the document's certificate may not sign data");
        if (leaf.Key.Ec is not { KeySize: 384 } key)
        {
            findings.Add(QuoteFault.UnsupportedAlgorithm, $"the document's key is {leaf.Key.Words}; P-384 is expected");
        }
        else
        {
            findings.Check(key.VerifyData(document.ToBeSigned(), document.Signature, HashAlgorithmName.SHA384), QuoteFault.QuoteSignature, "the document's signature is wrong");
        }

        if (findings.Any || chain.Anchor is null)
        {
            return null;
        }

        return new VerifiedQuote(EvidenceKind.Nitro, stated)
        {
            Level = TrustLevel.Tee,
            // The parent instance's name is what AWS signs; which chip that is stays AWS's secret.
            Chip = new ChipIdentity("aws-instance", document.ModuleId.Split("-enc")[0].ToLowerInvariant()),
            Custody = CustodyClass.EndorsedDataCentre,
            CustodyEndorser = "Amazon Web Services",
            Anchor = chain.Anchor.Class,
            AnchorName = chain.Anchor.Name,
            RevocationChecked = chain.RevocationChecked,
            ValidUntil = chain.ValidUntil,
        };
    }

    private static NitroClaims Claims(NitroDocument document) => new()
    {
        ModuleId = document.ModuleId,
        Timestamp = DateTimeOffset.FromUnixTimeMilliseconds((long)document.Timestamp),
        Nonce = document.Nonce ?? default,
        UserData = document.UserData ?? default,
        PublicKey = document.PublicKey ?? default,
        BoundData = document.UserData ?? document.Nonce ?? default,
        Measurements = [.. document.Pcrs.Select(p => new Measurement($"pcr{p.Key}", p.Value))],
    };
}
