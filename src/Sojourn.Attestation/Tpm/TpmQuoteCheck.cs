using System.Collections.Immutable;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tpm;

/// <summary>A quoted register.</summary>
internal sealed record QuotedPcr(ushort Bank, int Register, ReadOnlyMemory<byte> Value)
{
    public Measurement ToMeasurement() => new($"pcr/{TpmAlg.Name(Bank)}/{Register}", Value);
}

/// <summary>Checks a quote against a key and the registers' values: the part that TPM and Azure evidence share.</summary>
internal static class TpmQuoteCheck
{
    public static TpmAttest? Check(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, PublicKeyInfo key, TpmPublic? area, ReadOnlyMemory<byte> values, Findings findings, out ImmutableArray<QuotedPcr> pcrs)
    {
        pcrs = [];
        var attest = TpmAttest.TryParse(message, findings);
        if (attest is null)
        {
            return null;
        }

        if (attest.Type != TpmAttest.QuoteType)
        {
            findings.Add(QuoteFault.NotATpmQuote, "the structure is a certification, not a quote");
            return null;
        }

        CheckSignature(message, signature, key, area, "quote", findings, out var hash);
        pcrs = CheckPcrs(attest, hash, values, findings);
        return attest;
    }

    public static void CheckSignature(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, PublicKeyInfo key, TpmPublic? area, string what, Findings findings, out ushort hash)
    {
        hash = TpmAlg.Null;
        var parsed = TpmSignature.TryParse(signature);
        if (parsed is null)
        {
            findings.Add(QuoteFault.Malformed, $"the {what}'s signature cannot be read");
            return;
        }

        hash = parsed.Hash;
        if (TpmAlg.Strong(parsed.Hash) is null)
        {
            findings.Add(QuoteFault.UnsupportedAlgorithm, $"the {what} is signed with {TpmAlg.Name(parsed.Hash)}");
            return;
        }

        if (area is not null && area.Scheme != TpmAlg.Null && (area.Scheme != parsed.Scheme || area.SchemeHash != parsed.Hash))
        {
            findings.Add(QuoteFault.UnsupportedAlgorithm, $"the {what} is signed by another scheme than its key's");
        }

        findings.Check(parsed.Verify(key, message), QuoteFault.QuoteSignature, $"the {what}'s signature is not by the attestation key");
    }

    /// <summary>pcrDigest is the hash, by the signing scheme's hash, of the selected registers in order (TPM 2.0 Library, part 3, TPM2_Quote).</summary>
    private static ImmutableArray<QuotedPcr> CheckPcrs(TpmAttest attest, ushort hash, ReadOnlyMemory<byte> values, Findings findings)
    {
        var quoted = ImmutableArray.CreateBuilder<QuotedPcr>();
        var rest = values;
        foreach (var selection in attest.Selection)
        {
            var length = TpmAlg.DigestLength(selection.Bank);
            foreach (var register in selection.Registers)
            {
                if (length == 0 || rest.Length < length)
                {
                    findings.Add(values.Length == 0 ? QuoteFault.PartMissing : QuoteFault.PcrDigestMismatch, "the values of the quoted PCRs are not all there");
                    return [];
                }

                quoted.Add(new QuotedPcr(selection.Bank, register, rest[..length]));
                rest = rest[length..];
            }
        }

        if (rest.Length != 0)
        {
            findings.Add(QuoteFault.PcrDigestMismatch, "more PCR values are there than were quoted");
        }
        else if (TpmAlg.DigestLength(hash) > 0)
        {
            findings.Check(attest.PcrDigest.AsSpan().SequenceEqual(TpmAlg.Hash(hash, values.Span)), QuoteFault.PcrDigestMismatch, "the PCR values are not those that were quoted");
        }

        return quoted.ToImmutable();
    }
}
