using Sojourn.Attestation;
using Sojourn.Attestation.Simulated;

namespace Sojourn.Hosting.Demo;

/// <summary>A node that cannot prove what it claims, for showing that it is refused: its evidence is not signed by anything.</summary>
/// <param name="inner">The attester whose evidence it damages.</param>
internal sealed class NoProofAttester(IAttester inner) : IAttester
{
    /// <inheritdoc/>
    public EvidenceKind Kind => inner.Kind;

    /// <inheritdoc/>
    public async ValueTask<Evidence> AttestAsync(ReportData reportData, CancellationToken cancellation)
    {
        var evidence = await inner.AttestAsync(reportData, cancellation).ConfigureAwait(false);
        var part = evidence.Kind == EvidenceKind.Tpm ? EvidencePart.TpmSignature : EvidencePart.Report;
        var signed = evidence[part].ToArray();
        signed.AsSpan(signed.Length - 32).Clear();
        return evidence.With(part, signed);
    }
}

/// <summary>A node that runs another enclave than the one the policies name: it says so honestly, and is refused.</summary>
internal sealed class OtherEnclaveAttester : IAttester, IDisposable
{
    private readonly SimulatedAttester _attester;

    /// <summary>Makes it.</summary>
    /// <param name="chip">The node's chip, as its profile names it.</param>
    public OtherEnclaveAttester(ReadOnlySpan<byte> chip) =>
        _attester = new SimulatedAttester(System.Security.Cryptography.SHA256.HashData("an enclave that somebody changed"u8), chip, TimeProvider.System);

    /// <inheritdoc/>
    public EvidenceKind Kind => _attester.Kind;

    /// <inheritdoc/>
    public ValueTask<Evidence> AttestAsync(ReportData reportData, CancellationToken cancellation) => _attester.AttestAsync(reportData, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _attester.Dispose();
}
