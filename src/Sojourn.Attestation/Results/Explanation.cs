using System.Text;

namespace Sojourn.Attestation.Results;

/// <summary>A result in words for a person: which machine, which firmware, what was measured, what it proves and what it does not.</summary>
public static class Explanation
{
    /// <summary>Writes the explanation.</summary>
    /// <param name="result">The result.</param>
    public static string Of(AttestationResult result)
    {
        var text = new StringBuilder();
        text.AppendLine(result.Accepted ? $"ACCEPTED by the policy \"{result.PolicyName}\"." : result.Genuine ? $"Genuine, but REFUSED by the policy \"{result.PolicyName}\"." : "REFUSED: not known to be genuine. What follows is only what the evidence says of itself.");
        foreach (var reason in result.Reasons)
        {
            text.AppendLine().AppendLine($"  {reason.Name}: {reason.Words}.").AppendLine($"    {reason.Remedy}");
        }

        text.AppendLine().AppendLine("The machine");
        Line(text, "chip", result.Chip.IsNone ? "not shown" : result.Chip.ToString());
        Line(text, "custody", result.Custody switch
        {
            CustodyClass.EndorsedDataCentre => $"a data centre that {result.CustodyEndorser} vouches for",
            CustodyClass.KnownOperator => $"a known operator, says {result.CustodyEndorser}",
            _ => "unknown: nobody vouches for the place, so assume physical attacks",
        });
        Line(text, "chain ends in", result.Anchor == AnchorClass.None ? "nobody's root" : $"{result.AnchorName} ({result.Anchor})");
        if (result.Tcb != TcbStatus.NotApplicable)
        {
            Line(text, "vendor's status", result.Tcb + (result.Advisories.IsEmpty ? "" : $" ({string.Join(", ", result.Advisories)})"));
        }

        if (result.Claims is { } claims)
        {
            text.AppendLine().AppendLine("What it says");
            foreach (var claim in claims.Describe())
            {
                Line(text, claim.Name, claim.Value);
            }
        }

        text.AppendLine().AppendLine("What it proves");
        foreach (var line in result.Genuine ? Proves(result) : ["nothing"])
        {
            text.AppendLine($"  {line}");
        }

        text.AppendLine().AppendLine("What it does not prove");
        foreach (var line in DoesNotProve(result))
        {
            text.AppendLine($"  {line}");
        }

        return text.ToString();
    }

    private static IEnumerable<string> Proves(AttestationResult result)
    {
        switch (result.Level)
        {
            case TrustLevel.Simulated:
                yield return "that a program signed these words; nothing about hardware";
                break;
            case TrustLevel.Tpm:
                yield return "which firmware, boot loader and kernel the machine started, as its TPM recorded them";
                break;
            case TrustLevel.Tee:
                yield return "that the guest was launched from the measured image on genuine hardware, with its memory hidden from the operator's software";
                break;
            default:
                yield return "that the guest was launched from the measured image on genuine hardware, with its memory hidden from the operator's software";
                yield return "what the guest booted and ran, as a virtual TPM inside the protected guest recorded it";
                break;
        }

        if (result.Reference.Length > 0)
        {
            yield return $"that what was measured is the known state \"{result.Reference}\"";
        }
    }

    private static IEnumerable<string> DoesNotProve(AttestationResult result)
    {
        if (result.Reference.Length == 0)
        {
            yield return "that what runs is what you expect: no reference value was compared";
        }

        if (result.Level <= TrustLevel.Tpm)
        {
            yield return "that the operator cannot read the memory: whoever controls the machine can";
        }

        if (result.Level >= TrustLevel.Tee && result.Custody == CustodyClass.Unknown)
        {
            yield return "that nobody has opened the case: memory interposers have broken this kind of hardware";
        }

        if (result.Chip.Scheme == "aws-instance")
        {
            yield return "which chip it is: AWS names the instance only";
        }

        yield return "that the software is free of faults, or that timing and sizes tell nothing";
    }

    private static void Line(StringBuilder text, string name, string value) => text.Append("  ").Append(name.PadRight(20)).Append(' ').AppendLine(Clean(value));

    /// <summary>Values come from untrusted bytes: no control characters reach a terminal.</summary>
    private static string Clean(string value) => string.Concat(value.Select(c => char.IsControl(c) ? '?' : c));
}
