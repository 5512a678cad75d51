namespace Sojourn.Attestation;

/// <summary>Port: makes evidence about the machine it runs on.</summary>
public interface IAttester
{
    /// <summary>What it makes.</summary>
    EvidenceKind Kind { get; }

    /// <summary>Makes evidence that carries the report data.</summary>
    /// <param name="reportData">What the evidence must be bound to. Where it was computed from a <see cref="JobBinding"/>, the evidence carries that along, so that a mismatch can be explained.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The evidence.</returns>
    ValueTask<Evidence> AttestAsync(ReportData reportData, CancellationToken cancellation);
}
