using System.Security.Cryptography;

namespace Sojourn.Wasm.Wasi;

/// <summary>The capability to draw random bytes. Without one a guest gets <c>ENOTCAPABLE</c>.</summary>
public abstract class WasiRandom
{
    /// <summary>The platform's cryptographic generator.</summary>
    public static WasiRandom System { get; } = new SystemRandom();

    /// <summary>Bytes that follow from a seed: the same seed gives the same bytes on every machine.</summary>
    /// <param name="seed">Any bytes; as unpredictable as the guest's randomness is to be.</param>
    /// <returns>A generator that stands at its beginning.</returns>
    /// <remarks>Block <c>i</c> is HMAC-SHA-256(SHA-256(domain ‖ seed), i as 8 bytes little-endian); the stream does not depend on how
    /// the guest cuts its requests.</remarks>
    public static WasiRandom FromSeed(ReadOnlySpan<byte> seed) => new SeededRandom(seed);

    /// <summary>Fills a buffer.</summary>
    /// <param name="buffer">All of it is overwritten.</param>
    protected internal abstract void Fill(Span<byte> buffer);

    private sealed class SystemRandom : WasiRandom
    {
        protected internal override void Fill(Span<byte> buffer) => RandomNumberGenerator.Fill(buffer);
    }
}
