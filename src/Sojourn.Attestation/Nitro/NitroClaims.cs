using System.Security.Cryptography;

namespace Sojourn.Attestation.Nitro;

/// <summary>What a Nitro document says.</summary>
public sealed record NitroClaims : QuoteClaims
{
    /// <summary>The enclave's name.</summary>
    public required string ModuleId { get; init; }

    /// <summary>When the hypervisor made the document.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The caller's nonce; empty where there is none.</summary>
    public required ReadOnlyMemory<byte> Nonce { get; init; }

    /// <summary>The enclave's own data; empty where there is none.</summary>
    public required ReadOnlyMemory<byte> UserData { get; init; }

    /// <summary>The enclave's public key; empty where there is none.</summary>
    public required ReadOnlyMemory<byte> PublicKey { get; init; }

    /// <inheritdoc/>
    public override DateTimeOffset? MadeAt => Timestamp;

    /// <summary>In debug mode the hypervisor reports PCR 0, 1 and 2 as zero.</summary>
    public override bool Debug => Measurements.Any(m => m.Name is "pcr0" or "pcr1" or "pcr2" && IsZero(m.Value.Span)) || !Measurements.Any(m => m.Name == "pcr0");

    /// <summary>A job's digest is the user data; a challenge may be the nonce.</summary>
    /// <param name="expected">What the document should carry.</param>
    public override bool Carries(ReportData expected) =>
        CryptographicOperations.FixedTimeEquals(UserData.Span, expected.Bytes) || (expected.IsChallenge && CryptographicOperations.FixedTimeEquals(Nonce.Span, expected.Bytes));

    /// <inheritdoc/>
    public override IEnumerable<ClaimText> Describe()
    {
        yield return new("kind", "AWS Nitro Enclaves attestation document");
        yield return new("enclave", ModuleId);
        yield return new("made at", Timestamp.ToString("u"));
        yield return new("debug", Debug ? "ON" : "off");
        foreach (var measurement in Measurements)
        {
            if (!IsZero(measurement.Value.Span))
            {
                yield return new(measurement.Name, measurement.Hex);
            }
        }

        yield return new("nonce", Hex(Nonce));
        yield return new("user data", Hex(UserData));
    }
}
