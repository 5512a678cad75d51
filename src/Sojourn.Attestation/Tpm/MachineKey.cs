namespace Sojourn.Attestation.Tpm;

/// <summary>The wrapping key in a TPM's evidence.</summary>
public static class MachineKey
{
    /// <summary>Its public point. It means something only where the evidence is genuine: the verifier holds the key to the quote and to the quoted registers.</summary>
    /// <param name="evidence">The evidence.</param>
    /// <returns>P-256, uncompressed, 65 bytes; null where the evidence carries none.</returns>
    public static byte[]? PointOf(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return evidence.Has(EvidencePart.WrapKey) && TpmPublic.TryParse(evidence[EvidencePart.WrapKey].Span)?.Key?.Point is { Length: 64 } point ? [4, .. point] : null;
    }
}
