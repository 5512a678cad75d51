using Sojourn.Primitives;

namespace Sojourn.Protocol.Ports;

/// <summary>Checks signatures of accounts and of enclaves' receipt keys. Real schemes and the simulator's ideal one stand behind this port.</summary>
/// <remarks>Implementations are safe to call from several threads: signatures are checked before a transaction reaches the single writer.</remarks>
public interface ISignatureScheme
{
    /// <summary>Whether an account signed a digest.</summary>
    /// <param name="sender">The account that is said to have signed.</param>
    /// <param name="digest">What was signed.</param>
    /// <param name="signature">The envelope: one byte that names the scheme, then what the scheme needs.</param>
    bool Verify(Address sender, Digest digest, ReadOnlySpan<byte> signature);

    /// <summary>Whether an enclave's receipt key signed a digest (ECDSA P-256, 64 bytes r ‖ s).</summary>
    /// <param name="publicKey">The compressed point, 33 bytes.</param>
    /// <param name="digest">What was signed.</param>
    /// <param name="signature">64 bytes.</param>
    bool VerifyEnclave(ReadOnlySpan<byte> publicKey, Digest digest, ReadOnlySpan<byte> signature);
}

/// <summary>An account's signing key.</summary>
public interface ISigner
{
    /// <summary>The account.</summary>
    Address Address { get; }

    /// <summary>Signs a digest.</summary>
    /// <param name="digest">What to sign.</param>
    /// <returns>The envelope that <see cref="ISignatureScheme.Verify"/> reads.</returns>
    byte[] Sign(Digest digest);
}
