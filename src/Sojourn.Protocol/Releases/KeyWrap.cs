using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;

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

    /// <summary>Wraps a key.</summary>
    /// <param name="enclave">The enclave's key, as its evidence binds it.</param>
    /// <param name="info">See <see cref="Info"/>.</param>
    /// <param name="key">The content key.</param>
    public static byte[] Wrap(HpkePublicKey enclave, ReadOnlySpan<byte> info, SecretKey key) => Hpke.SealKey(enclave, info, [], key);

    /// <summary>Opens a wrapped key.</summary>
    /// <param name="enclave">The enclave's private key.</param>
    /// <param name="info">See <see cref="Info"/>.</param>
    /// <param name="wrapped">What the keeper made.</param>
    /// <param name="key">The content key, where it opens.</param>
    public static HpkeFault Open(HpkePrivateKey enclave, ReadOnlySpan<byte> info, ReadOnlySpan<byte> wrapped, out SecretKey? key) =>
        Hpke.OpenKey(enclave, info, [], wrapped, out key);
}
