using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation;

/// <summary>Who vouches for an item before it is taken into a store: an item that nobody vouches for could only do harm there.</summary>
internal static class CollateralProvenance
{
    /// <summary>The certificate whose key signed a list, where that certificate stood under a pinned root when the list was made; null where nobody at hand vouches for it.</summary>
    public static Certificate? IssuerOf(RevocationList list, IReadOnlyList<Certificate> pool, TrustStore roots)
    {
        foreach (var candidate in pool.Where(c => c.Subject.Span.SequenceEqual(list.Issuer.Span) && c.MaySignLists && list.SignedBy(c.Key)))
        {
            foreach (var use in Enum.GetValues<AnchorUse>())
            {
                var findings = new Findings();
                var chain = ChainChecker.Check(candidate, pool, new ChainRules { Roots = roots, Use = use, Now = list.ThisUpdate, Name = "revocation list" }, findings);
                if (!findings.Any && chain.Sound)
                {
                    return candidate;
                }
            }
        }

        return null;
    }

    /// <summary>What is wrong with the signature of Intel's document, judged at the time when it was made; null where it is Intel's.</summary>
    public static string? ProblemOf(SignedDocument document, string what, DateTimeOffset issued, IReadOnlyList<Certificate> pool, TrustStore roots)
    {
        var findings = new Findings();
        DcapVerifier.CheckSigner(document, what, Collateral.Empty.WithRoots(roots).AddCertificates(pool), issued, findings);
        return findings.Any ? string.Join("; ", findings.ToImmutable().Select(finding => finding.Detail)) : null;
    }
}
