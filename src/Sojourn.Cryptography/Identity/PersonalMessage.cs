using System.Globalization;
using System.Text;
using Sojourn.Cryptography.Hashing;

namespace Sojourn.Cryptography.Identity;

/// <summary>Messages that wallets show and sign (EIP-191, version 0x45).</summary>
public static class PersonalMessage
{
    /// <summary>The digest that is signed.</summary>
    /// <param name="message">The message's bytes.</param>
    public static byte[] Digest(ReadOnlySpan<byte> message) =>
        Keccak256.Hash([.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\u0019Ethereum Signed Message:\n{message.Length}")), .. message]);

    /// <summary>The digest of a text in UTF-8.</summary>
    /// <param name="message">The text.</param>
    public static byte[] Digest(string message) => Digest(Encoding.UTF8.GetBytes(message));
}
