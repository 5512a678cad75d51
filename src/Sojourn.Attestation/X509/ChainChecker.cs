using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Sojourn.Attestation.X509;

/// <summary>What a chain came to.</summary>
internal sealed record ChainResult(bool Sound, TrustAnchor? Anchor, ImmutableArray<Certificate> Path, bool RevocationChecked, DateTimeOffset ValidUntil);

/// <summary>What a chain is judged by.</summary>
internal sealed record ChainRules
{
    public required TrustStore Roots { get; init; }

    public required AnchorUse Use { get; init; }

    public required DateTimeOffset Now { get; init; }

    public IReadOnlyList<RevocationList> Lists { get; init; } = [];

    /// <summary>Whether the leaf's issuer publishes a list (Intel's PCK authorities do; AMD's signing keys and AWS do not).</summary>
    public bool LeafListExpected { get; init; }

    /// <summary>Words for the findings, such as "PCK".</summary>
    public required string Name { get; init; }
}

/// <summary>Builds and checks a certificate path (RFC 5280, 6) offline. Issuers are found by key: two of AMD's ASKs share a name, and one is revoked.</summary>
internal static class ChainChecker
{
    private const int DepthMax = 8;

    public static ChainResult Check(Certificate leaf, IEnumerable<Certificate> candidates, ChainRules rules, Findings findings)
    {
        var pool = candidates as IReadOnlyList<Certificate> ?? candidates.ToList();
        var path = ImmutableArray.CreateBuilder<Certificate>();
        var sound = true;
        var covered = true;
        var validUntil = DateTimeOffset.MaxValue;
        var current = leaf;
        TrustAnchor? anchor = null;
        while (true)
        {
            path.Add(current);
            CheckTime(current, rules, findings);
            validUntil = Min(validUntil, current.NotAfter);
            anchor = rules.Roots.Find(current, rules.Use);
            if (anchor is not null && rules.Roots.Holds(current, rules.Use))
            {
                break;
            }

            // The pin is of the key: what else the certificate says must be somebody's word. A root's is its own key's; where another issued it, the path goes on to that one.
            if (anchor is not null && current.SelfIssued)
            {
                if (!SignatureMemo.Signed(current, current))
                {
                    sound = findings.Add(QuoteFault.ChainBroken, $"{rules.Name} chain: the root certificate \"{current.SubjectWords}\" is not signed by its own key");
                }

                break;
            }

            anchor = null;

            if (path.Count > DepthMax)
            {
                sound = findings.Add(QuoteFault.ChainBroken, $"{rules.Name} chain is longer than {DepthMax} certificates");
                break;
            }

            var named = pool.Concat(rules.Roots.Certificates(rules.Use)).Where(c => c.Subject.Span.SequenceEqual(current.Issuer.Span)).ToList();
            var issuer = named.Find(c => SignatureMemo.Signed(current, c));
            if (issuer is null)
            {
                sound = named.Count == 0 ? findings.Add(QuoteFault.ChainMissing, $"{rules.Name} chain: the issuer \"{current.IssuerWords}\" of \"{current.SubjectWords}\" is not at hand")
                    : findings.Add(QuoteFault.ChainBroken, $"{rules.Name} chain: \"{current.SubjectWords}\" was not signed by \"{current.IssuerWords}\"");
                break;
            }

            if (issuer.Fingerprint == current.Fingerprint || path.Any(c => c.Fingerprint == issuer.Fingerprint))
            {
                sound = findings.Add(QuoteFault.RootNotTrusted, $"{rules.Name} chain ends in \"{current.SubjectWords}\" (key {current.KeyFingerprint[..16]}…), which is not a pinned root");
                break;
            }

            CheckCritical(current, rules, findings);
            if (!issuer.MaySignCertificates || (issuer.PathLength is { } limit && path.Count - 1 > limit))
            {
                sound = findings.Add(QuoteFault.CertificateMisused, $"{rules.Name} chain: \"{issuer.SubjectWords}\" may not issue certificates here");
            }

            var mustCover = path.Count > 1 || rules.LeafListExpected;
            covered &= CheckRevocation(current, issuer, rules, findings, ref validUntil) || !mustCover;
            current = issuer;
        }

        return new ChainResult(sound && anchor is not null, anchor, path.ToImmutable(), covered && anchor is not null, validUntil);
    }

    private static void CheckTime(Certificate certificate, ChainRules rules, Findings findings)
    {
        if (rules.Now < certificate.NotBefore)
        {
            findings.Add(QuoteFault.CertificateNotYetValid, $"{rules.Name} chain: \"{certificate.SubjectWords}\" is valid from {certificate.NotBefore:u}");
        }

        if (rules.Now > certificate.NotAfter)
        {
            findings.Add(QuoteFault.CertificateExpired, $"{rules.Name} chain: \"{certificate.SubjectWords}\" expired {certificate.NotAfter:u}");
        }
    }

    private static void CheckCritical(Certificate certificate, ChainRules rules, Findings findings)
    {
        foreach (var (oid, extension) in certificate.Extensions)
        {
            if (extension.Critical && oid is not (Oids.BasicConstraints or Oids.KeyUsage or Oids.SubjectAlternativeName or Oids.ExtendedKeyUsage or Oids.CertificatePolicies))
            {
                findings.Add(QuoteFault.CertificateMisused, $"{rules.Name} chain: \"{certificate.SubjectWords}\" has the critical extension {oid}, which is not understood");
            }
        }
    }

    private static bool CheckRevocation(Certificate certificate, Certificate issuer, ChainRules rules, Findings findings, ref DateTimeOffset validUntil)
    {
        RevocationList? best = null;
        QuoteFinding? problem = null;
        foreach (var list in rules.Lists)
        {
            if (!list.Issuer.Span.SequenceEqual(certificate.Issuer.Span))
            {
                continue;
            }

            if (!issuer.MaySignLists || !list.SignedBy(issuer.Key))
            {
                problem ??= new(QuoteFault.CrlInvalid, $"the revocation list of \"{certificate.IssuerWords}\" is not signed by it");
            }
            else if (list.Lists(certificate))
            {
                // A serial once listed stays revoked, however old the list is.
                findings.Add(QuoteFault.CertificateRevoked, $"{rules.Name} chain: \"{certificate.SubjectWords}\" (serial {Convert.ToHexStringLower(certificate.Serial.Span)}) is on its issuer's revocation list");
                return true;
            }
            else if (rules.Now > list.NextUpdate)
            {
                problem ??= new(QuoteFault.CrlExpired, $"the revocation list of \"{certificate.IssuerWords}\" had to be renewed by {list.NextUpdate:u}");
            }
            else if (rules.Now < list.ThisUpdate)
            {
                problem ??= new(QuoteFault.CrlNotYetValid, $"the revocation list of \"{certificate.IssuerWords}\" is of {list.ThisUpdate:u}");
            }
            else if (best is null || list.ThisUpdate > best.ThisUpdate)
            {
                best = list;
            }
        }

        if (best is not null)
        {
            validUntil = Min(validUntil, best.NextUpdate);
            return true;
        }

        if (problem is not null)
        {
            findings.Add(problem.Fault, problem.Detail);
        }

        return false;
    }

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}

/// <summary>Remembers which certificate was signed by which: a fact that does not change with time. Bounded; only successes are kept.</summary>
internal static class SignatureMemo
{
    private const int Max = 8192;
    private static readonly ConcurrentDictionary<(string, string), bool> Known = new();

    public static bool Signed(Certificate certificate, Certificate issuer)
    {
        var pair = (certificate.Fingerprint, issuer.KeyFingerprint);
        if (Known.ContainsKey(pair))
        {
            return true;
        }

        if (!certificate.SignedBy(issuer.Key))
        {
            return false;
        }

        if (Known.Count >= Max)
        {
            Known.Clear();
        }

        Known[pair] = true;
        return true;
    }

    /// <summary>Forgets everything (measurements of the cold path).</summary>
    internal static void Clear() => Known.Clear();
}
