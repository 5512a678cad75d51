using System.CommandLine;
using Sojourn.Attestation;
using Sojourn.Attestation.Results;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust explain</c>: the same as appraise, in words for a person.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var inputs = new TrustInputs();
        var command = new Command("explain", "Tell in words which machine this is, what was measured, what that proves and what it does not.")
        {
            inputs.Evidence, inputs.Kind, inputs.Certificates, inputs.Collateral, inputs.At, inputs.Policy, inputs.References, inputs.Endorser, inputs.Challenge, inputs.ReportData,
        };
        command.SetRun(run =>
        {
            var (result, _) = AppraiseCommand.Appraise(inputs, run);
            run.Out.Write(Explanation.Of(result));
            return Task.FromResult(result.Accepted ? ExitCode.Ok : ExitCode.Refused);
        });
        return command;
    }
}
