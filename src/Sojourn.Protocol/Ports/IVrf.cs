using Sojourn.Primitives;

namespace Sojourn.Protocol.Ports;

/// <summary>Checks proofs of a verifiable random function. The real one is ECVRF-P256-SHA256-TAI (RFC 9381, suite 0x01).</summary>
public interface IVrf
{
    /// <summary>Checks a proof and gives the function's value.</summary>
    /// <param name="publicKey">The node's VRF key, 33 bytes.</param>
    /// <param name="alpha">The input.</param>
    /// <param name="proof">The proof, 81 bytes for the real suite.</param>
    /// <param name="output">The value, where the proof holds.</param>
    bool Verify(ReadOnlySpan<byte> publicKey, Digest alpha, ReadOnlySpan<byte> proof, out Digest output);
}

/// <summary>A node's VRF key.</summary>
public interface IVrfProver
{
    /// <summary>The public key, 33 bytes.</summary>
    ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Evaluates the function.</summary>
    /// <param name="alpha">The input.</param>
    /// <param name="output">The value.</param>
    /// <returns>The proof.</returns>
    byte[] Prove(Digest alpha, out Digest output);
}
