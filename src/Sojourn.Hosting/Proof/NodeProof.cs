using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Attestation.Simulated;
using Sojourn.Attestation.Tpm;
using Sojourn.Node.Enclaves;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Proof;

/// <summary>What a node proves itself with: its attester, the chip that its profile names, and the level that it claims.</summary>
public sealed class NodeProof : IAsyncDisposable
{
    private readonly List<object> _owned;

    private NodeProof(IAttester attester, ChipIdentity chip, TrustLevel level, params object[] owned)
    {
        Attester = attester;
        Chip = chip;
        Level = level;
        _owned = [.. owned];
    }

    /// <summary>Makes evidence.</summary>
    public IAttester Attester { get; }

    /// <summary>The chip, as verifiers will read it from the evidence.</summary>
    public ChipIdentity Chip { get; }

    /// <summary>The level of the evidence.</summary>
    public TrustLevel Level { get; }

    /// <summary>Its TPM; null where it has none.</summary>
    public TpmEndpoint? Tpm { get; private init; }

    /// <summary>The list of what the machine ran; null where nobody keeps one.</summary>
    public string? ImaList { get; private init; }

    /// <summary>A statement of the node about itself.</summary>
    /// <param name="measurement">What it says to run.</param>
    /// <param name="node">Its account.</param>
    public static NodeProof Simulated(Digest measurement, Address node)
    {
        var chip = SHA256.HashData([.. "sojourn/simulated-chip/1"u8, .. node.AsSpan()]);
        var attester = new SimulatedAttester(measurement.AsSpan(), chip, TimeProvider.System);
        return new NodeProof(attester, new ChipIdentity("simulated", Convert.ToHexStringLower(chip)), TrustLevel.Simulated, attester);
    }

    /// <summary>A software TPM: measures the files as a kernel would, enrols the attestation key, quotes.</summary>
    /// <param name="folder">The TPM's state.</param>
    /// <param name="program">The full path of swtpm.</param>
    /// <param name="files">What runs on this machine, <see cref="MeasuredFiles"/>.</param>
    /// <param name="authority">Who enrols attestation keys of the development network.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="TpmException">The TPM does not start or fails.</exception>
    public static async Task<NodeProof> SoftwareTpmAsync(string folder, string program, IReadOnlyList<MeasuredFile> files, EnrolmentAuthority authority, CancellationToken cancel)
    {
        var tpm = await SoftwareTpm.StartAsync(folder, program, cancel).ConfigureAwait(false);
        try
        {
            var list = Path.Combine(folder, "ima-measurements");
            await SoftwareIma.MeasureAsync(tpm.Endpoint, files, list, cancel).ConfigureAwait(false);
            return await EnrolAsync(tpm.Endpoint, list, authority, allowUnendorsed: true, cancel, tpm).ConfigureAwait(false);
        }
        catch
        {
            await tpm.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Lets the attester and its TPM go.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var owned in _owned)
        {
            switch (owned)
            {
                case IAsyncDisposable closing:
                    await closing.DisposeAsync().ConfigureAwait(false);
                    break;
                case IDisposable closing:
                    closing.Dispose();
                    break;
                default:
                    break;
            }
        }
    }

    private static async Task<NodeProof> EnrolAsync(TpmEndpoint endpoint, string list, EnrolmentAuthority authority, bool allowUnendorsed, CancellationToken cancel, params object[] owned)
    {
        var now = DateTimeOffset.UtcNow;
        var certificates = await TpmEnrolment.EnrolAsync(endpoint, authority, Collateral.Empty, allowUnendorsed, now, cancel).ConfigureAwait(false);
        var attester = new TpmAttester(endpoint, new TpmAttesterOptions { Certificates = certificates, EventLogPath = "", ImaLogPath = list, WrapKey = true });
        // What this node's evidence says of its chip is read as every verifier will read it.
        var evidence = await attester.AttestAsync(ReportData.ForChallenge("sojourn/enrolled/1"u8), cancel).ConfigureAwait(false);
        var roots = TrustStore.Empty.WithRoot(authority.Certificate, AnchorUse.Tpm, AnchorClass.Enrolment)!;
        var verdict = Verifier.Verify(evidence, Collateral.Empty.WithRoots(roots), now);
        return verdict.Quote is { } quote
            ? new NodeProof(attester, quote.Chip, quote.Level, owned) { Tpm = endpoint, ImaList = list }
            : throw new TpmException(TpmFailure.Lie, $"The TPM at {endpoint} gives evidence that does not verify: {string.Join("; ", verdict.Findings.Select(finding => finding.Detail))}.");
    }
}
