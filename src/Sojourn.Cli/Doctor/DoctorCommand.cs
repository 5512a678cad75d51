using System.CommandLine;
using System.Text.Json.Nodes;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Doctor;

namespace Sojourn.Cli.Doctor;

/// <summary><c>sojourn doctor</c>: what this machine can prove and run, what is missing, and the command that mends it.</summary>
internal static class DoctorCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var output = OutputOption.Create();
        var command = new Command("doctor", "Show what this machine can prove and run, what is missing, and the command that mends it.") { output };
        command.SetRun(run =>
        {
            var findings = Examination.Run(Places.EnclaveFolder, Places.StateFolder);
            run.Results.List(
                findings,
                new Column<Finding>("what", f => f.What),
                new Column<Finding>("state", f => f.State switch { FindingState.Good => "good", FindingState.Missing => "MISSING", _ => "not here" }),
                new Column<Finding>("detail", f => f.Detail),
                new Column<Finding>("remedy", f => f.Remedy, OnlyData: true));
            if (run.Format == OutputFormat.Table)
            {
                foreach (var finding in findings.Where(f => f.State == FindingState.Missing && f.Remedy.Length > 0))
                {
                    run.Note($"To mend {finding.What}: {finding.Remedy}");
                }
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
