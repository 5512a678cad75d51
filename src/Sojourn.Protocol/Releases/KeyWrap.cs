using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Protocol.Releases;

/// <summary>A content key on its way from a keeper to one admitted enclave.</summary>
/// <remarks>HPKE base mode (RFC 9180, section 5.1.1) with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. The info binds the
/// job, the admission, the policy and the content: a key that was wrapped for one of them opens for no other.</remarks>
public static class KeyWrap
{
    /// <summary>The HPKE info.</summary>
    /// <param name="job">The job.</param>
    /// <param name="admission">The admission.</param>
    /// <param name="policy">The policy that the content's header binds.</param>
    /// <param name="content">The content.</param>
    public static byte[] Info(in Digest job, in Digest admission, Cid policy, Cid content) =>
        new ProtocolHash("sojourn/release/1").Add(job).Add(admission).Add(Terms.ContentKey.Of(policy)).Add(Terms.ContentKey.Of(content)).Finish().ToArray();

    /// <summary>Wraps a key as a policy's grant says: to the enclave, for the job, the admission and the content that the policy was held against, and for no other.</summary>
    /// <param name="grant">From the evaluator alone; its request names job, admission, content and the enclave's key.</param>
    /// <param name="key">The content key.</param>
    /// <exception cref="ArgumentException">The grant's request leaves one of them open.</exception>
    public static byte[] Release(PolicyGrant grant, SecretKey key)
    {
        var (enclave, info) = Target(grant);
        return Hpke.SealKey(enclave, info, [], key);
    }

    /// <summary>Wraps a key without any policy's word: for rehearsals with made-up keys, benchmarks, and tests that lie.</summary>
    /// <param name="enclave">Whose key.</param>
    /// <param name="info">See <see cref="Info"/>.</param>
    /// <param name="key">The content key.</param>
    public static byte[] WrapWithoutGrant(HpkePublicKey enclave, ReadOnlySpan<byte> info, SecretKey key) => Hpke.SealKey(enclave, info, [], key);

    /// <summary>Opens a wrapped key.</summary>
    /// <param name="enclave">The enclave's private key.</param>
    /// <param name="info">See <see cref="Info"/>.</param>
    /// <param name="wrapped">What the keeper made.</param>
    /// <param name="key">The content key, where it opens.</param>
    public static HpkeFault Open(HpkePrivateKey enclave, ReadOnlySpan<byte> info, ReadOnlySpan<byte> wrapped, out SecretKey? key) =>
        Hpke.OpenKey(enclave, info, [], wrapped, out key);

    internal static (HpkePublicKey Enclave, byte[] Info) Target(PolicyGrant grant)
    {
        ArgumentNullException.ThrowIfNull(grant);
        return grant.Request is { Job: { } job, Admission: { } admission, Content: { } content } request
            && HpkePublicKey.TryImport(HpkeKem.P256, request.EnclaveKey.Span, out var enclave)
            ? (enclave, Info(job, admission, grant.Policy, content))
            : throw new ArgumentException("The grant does not say for which job, admission, content and enclave it is.", nameof(grant));
    }
}
