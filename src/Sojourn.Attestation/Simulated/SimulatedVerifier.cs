using System.Buffers.Binary;
using System.Security.Cryptography;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Simulated;

/// <summary>Checks a simulated statement: its form and its own signature, which is all there is to check.</summary>
internal static class SimulatedVerifier
{
    /// <summary>How far another machine's clock may run ahead.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(2);

    public static VerifiedQuote? Verify(Evidence evidence, Collateral collateral, DateTimeOffset now, Findings findings, out QuoteClaims? claims)
    {
        claims = null;
        var bytes = evidence[EvidencePart.Report];
        if (bytes.Length < SimulatedStatement.Length)
        {
            findings.Add(QuoteFault.Truncated, $"a simulated statement is {SimulatedStatement.Length} bytes, this one {bytes.Length}");
            return null;
        }

        var span = bytes.Span;
        if (bytes.Length > SimulatedStatement.Length || !span.StartsWith(SimulatedStatement.Header))
        {
            findings.Add(QuoteFault.Malformed, "this is not a simulated statement");
            return null;
        }

        if (BinaryPrimitives.ReadInt32BigEndian(span[40..]) != SimulatedStatement.Version)
        {
            findings.Add(QuoteFault.UnsupportedVersion, "a simulated statement of another version");
            return null;
        }

        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(span[44..]);
        if (milliseconds is < 0 or > 253_402_300_799_999)
        {
            findings.Add(QuoteFault.Malformed, "the time is out of range");
            return null;
        }

        var stated = new SimulatedClaims
        {
            IssuedAt = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds),
            BoundData = bytes.Slice(52, 64),
            Measurements = [new Measurement("simulated", bytes.Slice(116, 32))],
            Chip = bytes.Slice(148, 32),
        };
        claims = stated;
        var key = PublicKeyInfo.FromEcPoint(Oids.P256, span.Slice(180, 32), span.Slice(212, 32));
        findings.Check(
            key?.Ec!.VerifyData(span[..SimulatedStatement.SignedLength], span[SimulatedStatement.SignedLength..], HashAlgorithmName.SHA256) == true,
            QuoteFault.QuoteSignature, "the statement's signature is wrong");
        findings.Check(stated.IssuedAt <= now + Skew, QuoteFault.TimeInFuture, $"the statement was made {stated.IssuedAt:u}, after the time of verification");
        var chip = ChipIdentity.Of("simulated", stated.Chip.Span);
        return findings.Any ? null : new VerifiedQuote(EvidenceKind.Simulated, stated) { Level = TrustLevel.Simulated, Chip = chip, Anchor = AnchorClass.None, AnchorName = "nobody" };
    }
}
