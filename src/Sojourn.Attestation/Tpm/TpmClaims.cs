using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Sojourn.Attestation.Tpm;

/// <summary>What a TPM quote, and the logs that lead to it, say.</summary>
public sealed record TpmClaims : QuoteClaims
{
    /// <summary>The attestation key's name (nameAlg ‖ digest).</summary>
    public required ReadOnlyMemory<byte> KeyName { get; init; }

    /// <summary>The TPM's clock in milliseconds.</summary>
    public required ulong Clock { get; init; }

    /// <summary>How often the TPM was reset; not comparable for a key of the owner hierarchy.</summary>
    public required uint ResetCount { get; init; }

    /// <summary>How often the machine resumed.</summary>
    public required uint RestartCount { get; init; }

    /// <summary>Firmware version as the TPM states it.</summary>
    public required ulong FirmwareVersion { get; init; }

    /// <summary>Whether a boot event log came along and led to the quoted registers.</summary>
    public bool HasEventLog { get; init; }

    /// <summary>What the log says of secure boot; null where it says nothing.</summary>
    public bool? SecureBoot { get; init; }

    /// <summary>Whether an IMA list came along and led to the quoted PCR 10.</summary>
    public bool HasImaLog { get; init; }

    /// <summary>The list's entries that the quote covers.</summary>
    public ImmutableArray<ImaEntry> ImaEntries { get; init; } = [];

    /// <summary>Whether a wrapping key came along that is sealed to the quoted registers.</summary>
    public bool HasWrapKey { get; init; }

    /// <summary>The entries of the IMA list as measurements, so that reference values can ask that a file ran: <c>ima/NAME</c>, NAME without its folder.</summary>
    internal IEnumerable<Measurement> ImaMeasurements()
    {
        foreach (var entry in ImaEntries)
        {
            if (!entry.Violation && entry.Digest.Length is > 0 and <= 128)
            {
                yield return new Measurement(ReferenceSet.ImaPrefix + entry.Path[(entry.Path.LastIndexOf('/') + 1)..], Convert.FromHexString(entry.Digest));
            }
        }
    }

    internal ImmutableArray<QuotedPcr> Pcrs { get; init; } = [];

    /// <summary>The quote's qualifying data is SHA-256 of the report data, or the bare challenge.</summary>
    /// <param name="expected">What the quote should carry.</param>
    public override bool Carries(ReportData expected) => CryptographicOperations.FixedTimeEquals(BoundData.Span, expected.ForTpm());

    /// <inheritdoc/>
    public override IEnumerable<ClaimText> Describe()
    {
        yield return new("kind", "TPM 2.0 quote");
        yield return new("attestation key", Hex(KeyName));
        yield return new("clock", $"{Clock} ms, {ResetCount} resets, {RestartCount} restarts");
        yield return new("firmware", FirmwareVersion.ToString("x16"));
        yield return new("event log", HasEventLog ? $"leads to the quoted registers; secure boot {(SecureBoot switch { true => "on", false => "off", _ => "not stated" })}" : "not sent");
        yield return new("IMA list", HasImaLog ? $"{ImaEntries.Length} entries lead to PCR 10" : "not sent");
        foreach (var measurement in Measurements)
        {
            if (!IsZero(measurement.Value.Span))
            {
                yield return new(measurement.Name, measurement.Hex);
            }
        }

        yield return new("qualifying data", Hex(BoundData));
    }
}

/// <summary>One entry of an IMA measurement list.</summary>
/// <param name="Path">The file's name, or what the entry is about.</param>
/// <param name="Digest">The file's digest, lower-case hexadecimal; empty for a violation.</param>
/// <param name="Violation">Whether IMA could not vouch for the file (it was open for writing).</param>
public sealed record ImaEntry(string Path, string Digest, bool Violation);
