using System.Collections.Immutable;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation;

/// <summary>What a root may vouch for. A root for one technology is nothing to another.</summary>
public enum AnchorUse
{
    /// <summary>AMD's chip keys.</summary>
    AmdSevSnp = 0,

    /// <summary>Intel's platform certificates and collateral.</summary>
    IntelSgx,

    /// <summary>AWS's enclave documents.</summary>
    AwsNitro,

    /// <summary>Endorsement and attestation keys of TPMs.</summary>
    Tpm,
}

/// <summary>A root that is trusted, by its public key.</summary>
/// <param name="Name">For a person.</param>
/// <param name="Use">What it may vouch for.</param>
/// <param name="Class">Who it is.</param>
/// <param name="KeyFingerprint">SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.</param>
public sealed record TrustAnchor(string Name, AnchorUse Use, AnchorClass Class, string KeyFingerprint)
{
    /// <summary>
    /// SHA-256 of the one certificate that may carry the key, lower-case hexadecimal; empty where any certificate will do that the key itself signed. A root that somebody else
    /// issued cannot vouch for what its certificate says, so either these very bytes are pinned, or the path goes on to whoever issued it.
    /// </summary>
    public string CertificateFingerprint { get; init; } = "";
}

/// <summary>The roots a verifier trusts. The vendors' roots are pinned here by key; certificates themselves travel with evidence or collateral.</summary>
public sealed class TrustStore
{
    private readonly ImmutableDictionary<(AnchorUse, string), TrustAnchor> anchors;
    private readonly ImmutableArray<(AnchorUse Use, Certificate Certificate)> certificates;

    private TrustStore(ImmutableDictionary<(AnchorUse, string), TrustAnchor> anchors, ImmutableArray<(AnchorUse, Certificate)> certificates)
    {
        this.anchors = anchors;
        this.certificates = certificates;
    }

    /// <summary>The vendors' production roots and nothing else.</summary>
    public static TrustStore Vendors { get; } = new(
        PinnedRoots.All.ToImmutableDictionary(anchor => (anchor.Use, anchor.KeyFingerprint)), []);

    /// <summary>No root at all.</summary>
    public static TrustStore Empty { get; } = new(ImmutableDictionary<(AnchorUse, string), TrustAnchor>.Empty, []);

    /// <summary>All anchors.</summary>
    public IEnumerable<TrustAnchor> Anchors => anchors.Values.OrderBy(anchor => anchor.Use).ThenBy(anchor => anchor.Name, StringComparer.Ordinal);

    /// <summary>The store with one more root, given as a certificate.</summary>
    /// <param name="certificate">DER or PEM, one certificate.</param>
    /// <param name="use">What it may vouch for.</param>
    /// <param name="anchorClass">Who it is; <see cref="AnchorClass.Development"/> for a root made for tests.</param>
    /// <returns>The larger store, or null where the bytes are not one certificate, or where it names itself as its issuer and its own key did not sign it.</returns>
    public TrustStore? WithRoot(ReadOnlyMemory<byte> certificate, AnchorUse use, AnchorClass anchorClass)
    {
        if (Pem.TryCertificates(certificate) is not [var root] || (root.SelfIssued && !SignatureMemo.Signed(root, root)))
        {
            return null;
        }

        var anchor = new TrustAnchor(root.SubjectWords, use, anchorClass, root.KeyFingerprint) { CertificateFingerprint = root.Fingerprint };
        return new TrustStore(anchors.SetItem((use, root.KeyFingerprint), anchor), certificates.Add((use, root)));
    }

    internal TrustAnchor? Find(Certificate certificate, AnchorUse use) => anchors.GetValueOrDefault((use, certificate.KeyFingerprint));

    /// <summary>Whether this very certificate is pinned, byte for byte: then nothing in it needs another's word.</summary>
    internal bool Holds(Certificate certificate, AnchorUse use) =>
        Find(certificate, use)?.CertificateFingerprint == certificate.Fingerprint || certificates.Any(item => item.Use == use && item.Certificate.Fingerprint == certificate.Fingerprint);

    internal IEnumerable<Certificate> Certificates(AnchorUse use)
    {
        foreach (var (certificateUse, certificate) in certificates)
        {
            if (certificateUse == use)
            {
                yield return certificate;
            }
        }
    }
}

/// <summary>The vendors' roots by the SHA-256 of their SubjectPublicKeyInfo.</summary>
internal static class PinnedRoots
{
    public static ImmutableArray<TrustAnchor> All { get; } =
    [
        Amd("ARK-Milan", "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9"),
        Amd("ARK-Genoa", "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831"),
        Amd("ARK-Turin", "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08"),
        new("Intel SGX Root CA", AnchorUse.IntelSgx, AnchorClass.Vendor, "a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e"),
        new("AWS Nitro Enclaves Root G1", AnchorUse.AwsNitro, AnchorClass.Vendor, "f2caf5ecc6190b4a8399b78bc58a2bbcd0382375db8a1bfd78a82743874fd225") { CertificateFingerprint = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b" },
        new("Google Cloud vTPM EK/AK CA Root", AnchorUse.Tpm, AnchorClass.Cloud, "56a613f57126a385dd6949294e93b0b566f96ab0573be0c2368e6f5ca779831f"),
        new("Google Cloud tpm_ek root 1", AnchorUse.Tpm, AnchorClass.Cloud, "f23057f4f97d1d90e4cae0ce91d5a0fc99069f0a1bc147021dca33b1e9c4d0d9"),
        Tpm("GlobalSign Trusted Computing CA", "0035d2297fe237a636800382cc2c9e205c6930f84b507ceec3608545d273960f"),
        // Cross-certificates: other authorities, which are not trusted here, issued these three.
        Tpm("IFX TPM EK Root CA", "ba4060c13257f1fab1191f8e7d3fb0bbc43915eb1fe4f89b35ab74acd9bb2681", "7df2c3751c03ce003e99174d9cb2559f57a1b05b1920dd30bb6f8dfcf17f5e62"),
        Tpm("Infineon OPTIGA ECC Root CA", "ce5183a19d6fe79a6c1b058cfa700379f67d587a8afd0f51621e82d9f00c5a28"),
        Tpm("Infineon OPTIGA RSA Root CA", "8a705088efa28a3845b35c7fcbf9c0f4bf46c77da18a6f1a173eb9074610cbd0"),
        Tpm("Intel TPM EK root", "baf3caf0db083d8155424bb24d6fbbd8ba7487fc5b3ca45d3eb6b2b2e4656ade"),
        Tpm("NTC TPM EK Root CA 01", "e5011fae73883ff1e33954c975402a28dfdf87117e6e06cce3265519135420bd"),
        Tpm("Nuvoton TPM Root CA 2110", "b54c81a52159aaf524c88dcf5a7e7a6f5f9ec2f4e69aee0bb3897f0c65e4faea"),
        Tpm("Nuvoton TPM Root CA 2111", "95b8ab2c350f58064c30a217f07e0a3353915edee572c5fb2ebcf8fa3f87a813"),
        Tpm("STM TPM ECC Root CA 01", "b9e2d0d69753c717df3f14464a6cda088f5d1fda07ffce506baa3288419366df", "c541d7e5b9e3f935621acbd403896225ec641036c9ae3b5f7ac793a606ff9b79"),
        Tpm("STM TPM EK Root CA", "1054058a985eb8135bfd59f96a4943824255d3e7a07179c38d058b5399a53882", "f8e37a86b689a20a6cc0c40cc3f81fb130fa9f44ce7ffa60d62590aaf87273a9"),
    ];

    private static TrustAnchor Amd(string name, string key) => new(name, AnchorUse.AmdSevSnp, AnchorClass.Vendor, key);

    private static TrustAnchor Tpm(string name, string key, string certificate = "") => new(name, AnchorUse.Tpm, AnchorClass.Vendor, key) { CertificateFingerprint = certificate };
}
