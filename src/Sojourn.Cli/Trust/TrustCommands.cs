using System.CommandLine;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices;
using Sojourn.Attestation.Devices.Collaterals;
using Sojourn.Cli.Running;
using Sojourn.Cli.Trust.Enrolment;
using Sojourn.Cli.Trust.Measuring;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust</c>: makes, verifies, appraises and explains proof of what a machine is and runs.</summary>
internal static class TrustCommands
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        ErrorRules.Add(exception => exception switch
        {
            CollateralConsentException e => new CliError(ExitCode.Refused, e.Message, $"If you know where they come from: {string.Join(" ", e.Roots.Select(root => $"--accept-root {root.Name}").Concat(e.Custody > 0 ? ["--accept-custody"] : []))}"),
            CollateralException e => new CliError(ExitCode.BadInput, e.Message, "Nothing was taken over from it. Where the store itself is damaged, remove the file that is named, or import it again."),
            AttestationDeviceException e => new CliError(ExitCode.Unreachable, e.Message),
            _ => null,
        });
        return new Command("trust", "Prove what this machine is, and check what others prove.")
        {
            QuoteCommand.Create(),
            VerifyCommand.Create(),
            AppraiseCommand.Create(),
            ExplainCommand.Create(),
            CheckCommand.Create(),
            EnrolCommand.Create(),
            AuthorityCommand.Create(),
            CollateralCommand.Create(),
            ReferenceCommand.Create(),
            MeasureCommand.Create(),
            KeyCommand.Create(),
            ServeCommand.Create(),
        };
    }
}
