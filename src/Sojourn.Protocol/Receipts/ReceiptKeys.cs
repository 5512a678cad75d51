using System.Security.Cryptography;
using Sojourn.Protocol.Accounts;

namespace Sojourn.Protocol.Receipts;

/// <summary>Receipt keys: P-256, made by an enclave, gone with it.</summary>
public static class ReceiptKeys
{
    /// <summary>Imports a compressed public key.</summary>
    /// <param name="compressed">33 bytes.</param>
    /// <returns>The key, or null where the bytes are no point of the curve.</returns>
    public static ECDsa? Import(ReadOnlySpan<byte> compressed) => P256Keys.TryImport(compressed);

    /// <summary>The compressed form of a key's public half.</summary>
    /// <param name="key">A P-256 key.</param>
    /// <returns>33 bytes.</returns>
    public static byte[] Compress(ECDsa key) => P256Keys.Compress(key);
}
