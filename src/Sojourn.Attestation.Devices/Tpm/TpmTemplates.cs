using System.Security.Cryptography;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>Public areas that keys are made from.</summary>
internal static class TpmTemplates
{
    /// <summary>PolicyA of the TCG EK Credential Profile: PolicySecret of the endorsement hierarchy.</summary>
    private static readonly byte[] PolicyA = Convert.FromHexString("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa");

    private const uint EndorsementAttributes = 0x000300B2;
    private const uint SignerAttributes = 0x00050072;

    /// <summary>Template L-1: RSA 2048 endorsement key.</summary>
    public static byte[] EndorsementRsa { get; } =
    [
        0x00, 0x01, 0x00, 0x0B, .. U32(EndorsementAttributes), 0x00, 0x20, .. PolicyA,
        0x00, 0x06, 0x00, 0x80, 0x00, 0x43, 0x00, 0x10, 0x08, 0x00, 0, 0, 0, 0, 0x01, 0x00, .. new byte[256],
    ];

    /// <summary>Template L-2: P-256 endorsement key.</summary>
    public static byte[] EndorsementEcc { get; } =
    [
        0x00, 0x23, 0x00, 0x0B, .. U32(EndorsementAttributes), 0x00, 0x20, .. PolicyA,
        0x00, 0x06, 0x00, 0x80, 0x00, 0x43, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10, 0x00, 0x20, .. new byte[32], 0x00, 0x20, .. new byte[32],
    ];

    /// <summary>
    /// The attestation key: P-256, ECDSA with SHA-256, a restricted signing key that is primary in the endorsement hierarchy. Its unique field names the project, so the
    /// same TPM gives the same key at every start and nothing has to be stored.
    /// </summary>
    public static byte[] AttestationKey { get; } =
    [
        0x00, 0x23, 0x00, 0x0B, .. U32(SignerAttributes), 0x00, 0x00,
        0x00, 0x10, 0x00, 0x18, 0x00, 0x0B, 0x00, 0x03, 0x00, 0x10, 0x00, 0x20, .. SHA256.HashData("sojourn/attestation-key/v1"u8), 0x00, 0x00,
    ];

    /// <summary>
    /// A P-256 decryption key that works only while its policy holds: what an enclave's secrets are wrapped to. Use needs the policy (no userWithAuth); certifying it
    /// needs the empty authorization only (no adminWithPolicy), and neither can loosen the policy.
    /// </summary>
    public static byte[] WrapKey(ReadOnlySpan<byte> policy) =>
    [
        0x00, 0x23, 0x00, 0x0B, .. U32((uint)(TpmAttributes.FixedTpm | TpmAttributes.FixedParent | TpmAttributes.SensitiveDataOrigin | TpmAttributes.NoDa | TpmAttributes.Decrypt)), 0x00, 0x20, .. policy,
        0x00, 0x10, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10, 0x00, 0x20, .. SHA256.HashData("sojourn/wrap-key/v1"u8), 0x00, 0x00,
    ];

    private static byte[] U32(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
