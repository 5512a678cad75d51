using System.Text;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Ports;

namespace Sojourn.Hosting.DropBox;

/// <summary>How an upload proves which account of the ledger it comes from: a signature over ledger, place and content.</summary>
public static class SignedUpload
{
    /// <summary>The header that names the account.</summary>
    public const string AccountHeader = "X-Sojourn-Account";

    /// <summary>The header that carries the signature, in hexadecimal.</summary>
    public const string SignatureHeader = "X-Sojourn-Signature";

    /// <summary>What is signed.</summary>
    /// <param name="genesis">The ledger.</param>
    /// <param name="place">The path of the upload.</param>
    /// <param name="content">The bytes.</param>
    public static Digest DigestOf(in Digest genesis, string place, ReadOnlySpan<byte> content) =>
        new ProtocolHash("sojourn/upload/1").Add(genesis).Add(Digest.Of(Encoding.UTF8.GetBytes(place))).Add(Digest.Of(content)).Finish();

    /// <summary>Adds the two headers to a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="genesis">The ledger.</param>
    /// <param name="place">The path of the upload.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="signer">The account's key.</param>
    public static void Sign(HttpRequestMessage request, in Digest genesis, string place, ReadOnlySpan<byte> content, ISigner signer)
    {
        request.Headers.Add(AccountHeader, signer.Address.ToString());
        request.Headers.Add(SignatureHeader, Convert.ToHexStringLower(signer.Sign(DigestOf(genesis, place, content))));
    }
}
