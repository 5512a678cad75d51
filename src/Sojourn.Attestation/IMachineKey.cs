namespace Sojourn.Attestation;

/// <summary>Port: the key that only this machine has, and can use only while its measured state is the one that its evidence speaks of.</summary>
public interface IMachineKey
{
    /// <summary>Agrees on a secret by the key that an evidence carries (<see cref="EvidencePart.WrapKey"/>).</summary>
    /// <param name="evidence">This machine's evidence.</param>
    /// <param name="point">The other side's ephemeral key: P-256, uncompressed, 65 bytes.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The shared point's x coordinate, 32 bytes; null where the machine's state is another one now.</returns>
    ValueTask<byte[]?> AgreeAsync(Evidence evidence, ReadOnlyMemory<byte> point, CancellationToken cancellation);
}
