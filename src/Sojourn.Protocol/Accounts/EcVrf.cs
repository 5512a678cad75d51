using System.Collections.Concurrent;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Protocol.Accounts;

/// <summary>ECVRF-P256-SHA256-TAI (RFC 9381, suite 0x01) behind the protocol's port; decoded keys are kept, boundedly.</summary>
public sealed class EcVrf : IVrf
{
    private const int KeysMax = 1 << 16;
    private readonly ConcurrentDictionary<Digest, VrfPublicKey> _keys = new();

    /// <inheritdoc/>
    public bool Verify(ReadOnlySpan<byte> publicKey, Digest alpha, ReadOnlySpan<byte> proof, out Digest output)
    {
        output = default;
        var id = Digest.Of(publicKey);
        if (!_keys.TryGetValue(id, out var key))
        {
            if (!VrfPublicKey.TryImport(publicKey, out key))
            {
                return false;
            }

            if (_keys.Count < KeysMax)
            {
                _keys[id] = key;
            }
        }

        Span<byte> value = stackalloc byte[Vrf.OutputSize];
        if (Vrf.Verify(key, alpha.AsSpan(), proof, value) != VrfFault.None)
        {
            return false;
        }

        output = new Digest(value);
        return true;
    }
}

/// <summary>A node's key for <see cref="EcVrf"/>.</summary>
/// <param name="key">The key; it stays the caller's.</param>
public sealed class EcVrfProver(VrfPrivateKey key) : IVrfProver
{
    /// <inheritdoc/>
    public ReadOnlyMemory<byte> PublicKey => key.Public.Bytes;

    /// <inheritdoc/>
    public byte[] Prove(Digest alpha, out Digest output)
    {
        var proof = Vrf.Prove(key, alpha.AsSpan());
        Span<byte> value = stackalloc byte[Vrf.OutputSize];
        Vrf.ProofToHash(proof, value);
        output = new Digest(value);
        return proof;
    }
}
