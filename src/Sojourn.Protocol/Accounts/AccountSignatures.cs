using System.Collections.Concurrent;
using System.Security.Cryptography;
using Sojourn.Cryptography.Identity;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Protocol.Accounts;

/// <summary>The real signature schemes. Envelope: 1 ‖ r ‖ s ‖ v (secp256k1, recoverable, as on Ethereum) or 2 ‖ compressed point ‖ r ‖ s (ECDSA P-256).</summary>
/// <remarks>Imported keys are kept, since an import costs more than a verification; the caches are bounded.</remarks>
public sealed class AccountSignatures : ISignatureScheme
{
    internal const byte Secp256k1 = 1;
    internal const byte P256 = 2;
    private const int KeysMax = 1 << 16;
    private readonly ConcurrentDictionary<Address, Secp256k1PublicKey> _recoverable = new();
    private readonly ConcurrentDictionary<Address, AccountKey> _p256 = new();

    /// <inheritdoc/>
    public bool Verify(Address sender, Digest digest, ReadOnlySpan<byte> signature)
    {
        if (signature.Length == 1 + RecoverableSignature.Size && signature[0] == Secp256k1)
        {
            return VerifyRecoverable(sender, digest, signature[1..]);
        }

        return signature.Length == 1 + 33 + 64 && signature[0] == P256 && VerifyP256(sender, digest, signature.Slice(1, 33), signature[34..]);
    }

    /// <inheritdoc/>
    public bool VerifyEnclave(ReadOnlySpan<byte> publicKey, Digest digest, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != 33 || signature.Length != 64 || P256Keys.TryImport(publicKey) is not { } key)
        {
            return false;
        }

        using (key)
        {
            return key.VerifyHash(digest.AsSpan(), signature);
        }
    }

    private bool VerifyRecoverable(Address sender, Digest digest, ReadOnlySpan<byte> bytes)
    {
        if (RecoverableSignature.TryDecode(bytes, out var signature) != SignatureFault.None)
        {
            return false;
        }

        if (_recoverable.TryGetValue(sender, out var known))
        {
            return known.Verify(digest.AsSpan(), signature!) == SignatureFault.None;
        }

        if (Secp256k1PublicKey.TryRecover(digest.AsSpan(), signature!, out var key) != SignatureFault.None || key!.Address != sender)
        {
            return false;
        }

        if (_recoverable.Count < KeysMax)
        {
            _recoverable[sender] = key;
        }

        return true;
    }

    private bool VerifyP256(Address sender, Digest digest, ReadOnlySpan<byte> point, ReadOnlySpan<byte> signature)
    {
        if (_p256.TryGetValue(sender, out var known))
        {
            if (!known.Point.AsSpan().SequenceEqual(point))
            {
                return false;
            }

            return known.Verify(digest.AsSpan(), signature);
        }

        if (P256Keys.AddressOf(point) != sender || P256Keys.TryImport(point) is not { } key)
        {
            return false;
        }

        if (!key.VerifyHash(digest.AsSpan(), signature) || _p256.Count >= KeysMax || !_p256.TryAdd(sender, new AccountKey(point.ToArray(), key)))
        {
            // Not kept: only keys that have signed something here are.
            using (key)
            {
                return key.VerifyHash(digest.AsSpan(), signature);
            }
        }

        return true;
    }
}

/// <summary>A kept key. The platform does not promise that one handle serves several threads at once.</summary>
internal sealed class AccountKey(byte[] point, ECDsa key)
{
    private readonly Lock _gate = new();

    public byte[] Point => point;

    public bool Verify(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        lock (_gate)
        {
            return key.VerifyHash(digest, signature);
        }
    }
}
