using System.CommandLine;
using System.Text.Json.Nodes;
using Sojourn.Attestation;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust verify</c>: is it genuine?</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var inputs = new TrustInputs();
        var command = new Command("verify", "Is the evidence genuine? Signatures, chains, revocation, collateral; not yet whether it is acceptable.")
        {
            inputs.Evidence, inputs.Kind, inputs.Certificates, inputs.Collateral, inputs.At, OutputOption.Create(),
        };
        command.SetRun(run =>
        {
            var evidence = inputs.ReadEvidence(run);
            var verdict = Verifier.Verify(evidence, inputs.ReadCollateral(run), inputs.Now(run));
            run.Results.One(
                verdict,
                new Column<QuoteVerdict>("outcome", v => v.Outcome.ToString().ToLowerInvariant()),
                new Column<QuoteVerdict>("kind", _ => evidence.Kind.ToString()),
                new Column<QuoteVerdict>("level", v => v.Quote?.Level.Name() ?? "-"),
                new Column<QuoteVerdict>("chip", v => v.Quote?.Chip.ToString() ?? "-"),
                new Column<QuoteVerdict>("root", v => v.Quote?.AnchorName ?? "-"),
                new Column<QuoteVerdict>("tcb", v => v.Quote?.Tcb.ToString() ?? "-"),
                new Column<QuoteVerdict>("revocationChecked", v => v.Quote?.RevocationChecked ?? false),
                new Column<QuoteVerdict>("findings", v => new JsonArray([.. v.Findings.Select(f => (JsonNode)new JsonObject { ["fault"] = f.Fault.ToString(), ["detail"] = f.Detail })]), v => v.Findings.IsEmpty ? "none" : string.Join("; ", v.Findings.Select(f => $"{f.Fault}: {f.Detail}"))));
            return Task.FromResult(verdict.Outcome == QuoteOutcome.Genuine ? ExitCode.Ok : ExitCode.Refused);
        });
        return command;
    }
}
