using System.Globalization;
using Sojourn.Cryptography.Identity;
using Sojourn.Primitives;

namespace Sojourn.Cli.Trust.Serving;

/// <summary>An account's word that it pays for one verdict: a message that wallets show and sign (EIP-191), good for one verifier, price, piece of evidence and challenge.</summary>
internal static class VerdictPayment
{
    /// <summary>The text that the account signs.</summary>
    public static string Text(string verifierKeyId, Address account, UInt128 price, ReadOnlySpan<byte> evidenceDigest, ReadOnlySpan<byte> challenge) => string.Create(
        CultureInfo.InvariantCulture,
        $"Sojourn: pay for a verdict\nverifier {verifierKeyId}\naccount {account}\nprice {price}\nevidence {Convert.ToHexStringLower(evidenceDigest)}\nchallenge {Convert.ToHexStringLower(challenge)}");

    /// <summary>Whether the account itself signed that text.</summary>
    public static bool IsBy(Address account, string text, ReadOnlySpan<byte> signature) =>
        RecoverableSignature.TryDecode(signature, out var read) == SignatureFault.None
        && Secp256k1PublicKey.TryRecover(PersonalMessage.Digest(text), read!, out var signer) == SignatureFault.None
        && signer!.Address == account;
}
