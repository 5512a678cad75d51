using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Sojourn.Attestation;
using Sojourn.Attestation.Results;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust appraise</c>: is it acceptable? Signs the answer where a key is given.</summary>
internal static class AppraiseCommand
{
    public static Command Create()
    {
        var inputs = new TrustInputs();
        var key = new Option<string?>("--sign") { Description = "Sign the result with this P-256 private key (PEM); see 'trust key'." };
        var jwt = new Option<string?>("--jwt") { Description = "Where to write the signed result as a JWT." };
        var cwt = new Option<string?>("--cwt") { Description = "Where to write the signed result as a CWT." };
        var issuer = new Option<string>("--issuer") { Description = "The verifier's name in the signed result.", DefaultValueFactory = _ => Environment.MachineName };
        var command = new Command("appraise", "Is the evidence acceptable by a policy? Every reason against, and what to do about it.")
        {
            inputs.Evidence, inputs.Kind, inputs.Certificates, inputs.Collateral, inputs.At, inputs.Policy, inputs.References, inputs.Endorser, inputs.Challenge, inputs.ReportData, key, jwt, cwt, issuer, OutputOption.Create(),
        };
        command.SetRun(async run =>
        {
            if ((run.Get(key) is null) != (run.Get(jwt) is null && run.Get(cwt) is null))
            {
                throw new CliException(ExitCode.Usage, "--sign goes with --jwt or --cwt, and they with it", "Name the key and where the signed result is to go.");
            }

            var (result, expected) = Appraise(inputs, run);
            Print(run, result);
            if (run.Get(key) is { } keyPath)
            {
                using var signer = LoadSigner(keyPath);
                var claims = ResultClaims.From(result, run.Get(issuer)!, expected, TimeSpan.FromMinutes(10));
                if (run.Get(jwt) is { } jwtPath)
                {
                    await File.WriteAllTextAsync(jwtPath, signer.SignJwt(claims), run.Cancellation).ConfigureAwait(false);
                }

                if (run.Get(cwt) is { } cwtPath)
                {
                    await File.WriteAllBytesAsync(cwtPath, signer.SignCwt(claims), run.Cancellation).ConfigureAwait(false);
                }
            }

            return result.Accepted ? ExitCode.Ok : ExitCode.Refused;
        });
        return command;
    }

    public static (AttestationResult Result, ReportData Expected) Appraise(TrustInputs inputs, CommandRun run)
    {
        var expected = inputs.ReadExpected(run) ?? throw new CliException(ExitCode.Usage, "say what the evidence must carry", "Give --challenge HEX or --report-data HEX; without it a replay cannot be told from fresh evidence.");
        var evidence = inputs.ReadEvidence(run);
        var now = inputs.Now(run);
        var verdict = Verifier.Verify(evidence, inputs.ReadCollateral(run), now);
        return (Appraiser.Appraise(verdict, evidence, inputs.ReadPolicy(run), expected, now), expected);
    }

    public static ResultSigner LoadSigner(string path) => new(TrustInputs.ReadPrivateKey(path));

    private static void Print(CommandRun run, AttestationResult result) => run.Results.One(
        result,
        new Column<AttestationResult>("accepted", r => r.Accepted),
        new Column<AttestationResult>("genuine", r => r.Genuine),
        new Column<AttestationResult>("kind", r => r.Kind.ToString()),
        new Column<AttestationResult>("level", r => r.Level.Name()),
        new Column<AttestationResult>("chip", r => r.Chip.ToString()),
        new Column<AttestationResult>("custody", r => r.Custody.ToString()),
        new Column<AttestationResult>("root", r => r.AnchorName),
        new Column<AttestationResult>("tcb", r => r.Tcb.ToString()),
        new Column<AttestationResult>("reference", r => r.Reference),
        new Column<AttestationResult>("trustVector", r => new JsonObject(r.Vector.All().Select(v => KeyValuePair.Create<string, JsonNode?>(v.Name, (int)v.Value))), r => string.Join(" ", r.Vector.All().Where(v => v.Value != 0).Select(v => $"{v.Name}={v.Value}"))),
        new Column<AttestationResult>("reasons", r => new JsonArray([.. r.Reasons.Select(x => (JsonNode)new JsonObject { ["name"] = x.Name, ["words"] = x.Words, ["remedy"] = x.Remedy })]), r => r.Reasons.IsEmpty ? "none" : string.Join("; ", r.Reasons.Select(x => $"{x.Name}: {x.Words}"))),
        new Column<AttestationResult>("policySha256", r => Convert.ToHexStringLower(r.PolicyDigest.Span), OnlyData: true),
        new Column<AttestationResult>("evidenceSha256", r => Convert.ToHexStringLower(r.EvidenceDigest.Span), OnlyData: true));
}
