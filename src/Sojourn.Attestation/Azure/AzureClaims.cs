using System.Security.Cryptography;

namespace Sojourn.Attestation.Azure;

/// <summary>What Azure's evidence says: the hardware's claims below, the vTPM's above.</summary>
public sealed record AzureClaims : QuoteClaims
{
    /// <summary>What the hardware's report says.</summary>
    public required QuoteClaims Hardware { get; init; }

    /// <summary>The virtual machine's name, as the runtime data states it.</summary>
    public required string VmId { get; init; }

    /// <summary>Whether the virtual machine is set to secure boot.</summary>
    public required bool SecureBoot { get; init; }

    /// <inheritdoc/>
    public override bool Debug => Hardware.Debug;

    /// <summary>The vTPM quote's qualifying data is SHA-256 of the report data, or the bare challenge.</summary>
    /// <param name="expected">What the quote should carry.</param>
    public override bool Carries(ReportData expected) => CryptographicOperations.FixedTimeEquals(BoundData.Span, expected.ForTpm());

    /// <inheritdoc/>
    public override IEnumerable<ClaimText> Describe()
    {
        yield return new("kind", "Azure confidential VM: hardware report, and a vTPM quote by the key that the report names");
        yield return new("virtual machine", VmId);
        yield return new("secure boot", SecureBoot ? "on" : "off");
        foreach (var claim in Hardware.Describe())
        {
            yield return claim with { Name = $"hardware {claim.Name}" };
        }

        yield return new("qualifying data", Hex(BoundData));
    }
}
