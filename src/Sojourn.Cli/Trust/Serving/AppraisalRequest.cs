using System.Text.Json;
using Sojourn.Attestation;
using Sojourn.Primitives;

namespace Sojourn.Cli.Trust.Serving;

/// <summary>What a client asks: judge this evidence, which must carry that.</summary>
internal sealed record AppraisalRequest(byte[] Evidence, ReportData Expected, Address? Account, byte[] Authorization, byte[] PaymentChallenge)
{
    public static AppraisalRequest Read(JsonElement root)
    {
        Http.OnlyMembers(root, "evidence", "challenge", "reportData", "account", "authorization", "paymentChallenge");
        var challenged = root.TryGetProperty("challenge", out var challenge);
        if (challenged == root.TryGetProperty("reportData", out var data))
        {
            throw new FormatException("challenge or reportData, one of them");
        }

        var expected = challenged ? ReportData.ForChallenge(Hex(challenge)) : ReportData.FromDigest(Hex(data));
        return new AppraisalRequest(
            root.GetProperty("evidence").GetBytesFromBase64(),
            expected,
            root.TryGetProperty("account", out var account) ? Address.Parse(account.GetString() ?? "") : null,
            root.TryGetProperty("authorization", out var authorization) ? Hex(authorization) : [],
            root.TryGetProperty("paymentChallenge", out var payment) ? Hex(payment) : challenged ? expected.Bytes.ToArray() : []);
    }

    private static byte[] Hex(JsonElement text)
    {
        var digits = text.GetString() ?? throw new FormatException();
        return Convert.FromHexString(digits.StartsWith("0x", StringComparison.Ordinal) ? digits.AsSpan(2) : digits);
    }
}
