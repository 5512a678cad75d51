using System.CommandLine;
using System.Text.Json.Nodes;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Primitives.Cose;
using Sojourn.Protocol.Receipts;

namespace Sojourn.Cli.Receipt;

/// <summary><c>sojourn receipt show|verify</c>: offline.</summary>
internal static class ReceiptCommands
{
    /// <summary>The noun.</summary>
    public static Command Create() => new("receipt", "Signed statements of what ran on what, and what came out.") { Show(), Verify(), LogCommand.Log(), LogCommand.Prove() };

    private static Command Show()
    {
        var file = new Argument<FileInfo>("file") { Description = "A receipt (COSE_Sign1)." };
        var output = OutputOption.Create();
        var command = new Command("show", "Print a receipt. Nothing is verified by this.") { file, output };
        command.SetRun(async run =>
        {
            var (receipt, _, key) = await ReadAsync(run, run.Get(file)!).ConfigureAwait(false);
            Print(run, receipt, key);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Verify()
    {
        var file = new Argument<FileInfo>("file") { Description = "A receipt (COSE_Sign1)." };
        var key = new Option<string>("--key") { Description = "The admitted receipt key: 66 hexadecimal digits, or a file that holds them. The ledger names it in the executor's evidence.", Required = true };
        var output = OutputOption.Create();
        var again = ReexecuteOptions.Create();
        var command = new Command("verify", "Check a receipt's signature under the key that was admitted, offline; with --re-execute, run a public job again and compare.") { file, key, output };
        again.AddTo(command);
        command.SetRun(async run =>
        {
            var text = run.Get(key)!;
            if (File.Exists(text))
            {
                text = (await File.ReadAllTextAsync(text, run.Cancellation).ConfigureAwait(false)).Trim();
            }

            if (text.Length != 66 || !text.All(char.IsAsciiHexDigit))
            {
                throw new CliException(ExitCode.Usage, "the key is not a compressed P-256 point: 66 hexadecimal digits were expected.", "sojourn job get writes it beside the receipt.");
            }

            var (receipt, bytes, named) = await ReadAsync(run, run.Get(file)!).ConfigureAwait(false);
            var fault = JobReceipt.Verify(bytes, Convert.FromHexString(text));
            if (fault != CoseFault.None)
            {
                throw new CliException(ExitCode.BadInput, $"{run.Get(file)!.Name} does not verify under that key: {fault}.", "The receipt was changed, or another enclave signed it.");
            }

            Print(run, receipt, named);
            run.Note("verified: the enclave with this key signed it. That the key was admitted for this job is what the ledger says.");
            return await again.RunAsync(run, receipt, run.Get(file)!).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<(JobReceipt Receipt, byte[] Bytes, byte[] Key)> ReadAsync(CommandRun run, FileInfo file)
    {
        if (file.Exists && file.Length > 1 << 20)
        {
            throw new CliException(ExitCode.BadInput, $"{file.Name} is too large for a receipt ({file.Length} bytes).", "A receipt is a few kilobytes of COSE_Sign1.");
        }

        var bytes = await File.ReadAllBytesAsync(file.FullName, run.Cancellation).ConfigureAwait(false);
        return JobReceipt.TryDecode(bytes, out var receipt, out var key) ? (receipt!, bytes, key)
            : throw new CliException(ExitCode.BadInput, $"{file.Name} is no receipt.", "A COSE_Sign1 message with the receipt's claims was expected.");
    }

    private static void Print(CommandRun run, JobReceipt receipt, byte[] key)
    {
        var node = new JsonObject
        {
            ["job"] = receipt.Job.ToString(),
            ["round"] = receipt.Round,
            ["executor"] = receipt.Executor.ToString(),
            ["ledger"] = receipt.Genesis.ToString(),
            ["beacon"] = receipt.Beacon.ToString(),
            ["code"] = receipt.Code.ToString(),
            ["inputs"] = new JsonArray([.. receipt.Inputs.Select(input => (JsonNode)input.ToString())]),
            ["specification"] = receipt.Spec.ToString(),
            ["output"] = receipt.Output.ToString(),
            ["tag"] = receipt.Tag.ToString(),
            ["exit"] = receipt.Exit,
            ["fuel"] = receipt.Fuel,
            ["engine"] = receipt.Engine,
            ["deterministic"] = receipt.Deterministic,
            ["admission"] = receipt.Admission.ToString(),
            ["evidence"] = receipt.Evidence.ToString(),
            ["guards"] = new JsonArray([.. receipt.Guards.Select(guard => (JsonNode)$"{guard.Guard} {guard.Verdict}, {guard.Struck} bytes struck out")]),
            ["checked"] = receipt.Checked is { } report ? $"{report.Checker} {(report.Accepted ? "accepted" : "rejected")}" : null,
            ["signedAt"] = JsonText.Instant(receipt.Signed),
            ["receiptKey"] = Convert.ToHexStringLower(key),
        };
        if (run.Format == OutputFormat.Table)
        {
            run.Out.Write(Yaml.Print(node));
        }
        else
        {
            run.Results.Document(node);
        }
    }
}
