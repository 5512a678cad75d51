using System.Security.Cryptography;

namespace Sojourn.Attestation.Simulated;

/// <summary>Makes simulated evidence, for development ledgers. Whether it counts is decided by the ledger's genesis and the policy, never here.</summary>
public sealed class SimulatedAttester : IAttester, IDisposable
{
    private readonly ECDsa key;
    private readonly TimeProvider clock;
    private readonly byte[] measurement;
    private readonly byte[] chip;

    /// <summary>Makes an attester with a key of its own.</summary>
    /// <param name="measurement">32 bytes: what the evidence says runs here, for example the digest of the enclave's files.</param>
    /// <param name="chip">32 bytes: the name that stands for the chip.</param>
    /// <param name="clock">The time that statements carry.</param>
    public SimulatedAttester(ReadOnlySpan<byte> measurement, ReadOnlySpan<byte> chip, TimeProvider clock)
    {
        if (measurement.Length != 32 || chip.Length != 32)
        {
            throw new ArgumentException("Measurement and chip are 32 bytes each.", nameof(measurement));
        }

        this.measurement = measurement.ToArray();
        this.chip = chip.ToArray();
        this.clock = clock;
        key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    }

    /// <inheritdoc/>
    public EvidenceKind Kind => EvidenceKind.Simulated;

    /// <inheritdoc/>
    public ValueTask<Evidence> AttestAsync(ReportData reportData, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var statement = SimulatedStatement.Write(key, reportData.Padded(), measurement, chip, clock.GetUtcNow());
        return ValueTask.FromResult(new Evidence(EvidenceKind.Simulated, statement).WithBindingOf(reportData));
    }

    /// <summary>Lets the key go.</summary>
    public void Dispose() => key.Dispose();
}
