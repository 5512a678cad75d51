using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Primitives;
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
        var proof = new Option<FileInfo?>("--proof") { Description = "The proof that it is in the ledger's log, as 'receipt log --to' writes it." };
        var genesis = new Option<FileInfo?>("--genesis") { Description = "The ledger's genesis, from a source that you trust; needed with --proof." };
        var identity = new Option<string?>("--ledger-id") { Description = "The ledger's identity, where the genesis file itself is not trusted: 64 hexadecimal digits." };
        var head = new Option<FileInfo?>("--head") { Description = "A signed head that you kept ('ledger head --save'): the log must be the one it signed." };
        var consistency = new Option<FileInfo?>("--consistency") { Description = "The proof that the two logs are one, as 'receipt log --to DIR --head FILE' writes it." };
        var output = OutputOption.Create();
        var again = ReexecuteOptions.Create();
        var command = new Command("verify", "Check a receipt offline: its signature under the key that was admitted, that it is in the ledger's log, and that the log is the one whose head you kept; with --re-execute, run a public job again and compare.")
        {
            file, key, proof, genesis, identity, head, consistency, output,
        };
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
                throw new CliException(ExitCode.Usage, $"'{run.Get(key)}' is neither a file nor a key: 66 hexadecimal digits (a compressed P-256 point) were expected, or a file that holds them.", "sojourn job get writes it beside the receipt.");
            }

            var (receipt, bytes, named) = await ReadAsync(run, run.Get(file)!).ConfigureAwait(false);
            var fault = JobReceipt.Verify(bytes, Convert.FromHexString(text));
            if (fault != CoseFault.None)
            {
                throw new CliException(ExitCode.BadInput, $"{run.Get(file)!.Name} does not verify under that key: {fault}.", "The receipt was changed, or another enclave signed it.");
            }

            if (run.Get(proof) is null && (run.Get(head) ?? run.Get(consistency) ?? run.Get(genesis)) is not null)
            {
                throw new CliException(ExitCode.Usage, "--genesis, --head and --consistency say something of a proof: --proof is missing", "'sojourn receipt log JOB --to DIR' writes it.");
            }

            var logged = run.Get(proof) is { } inclusion ? await LogAsync(run, receipt, bytes, inclusion, run.Get(genesis), run.Get(identity), run.Get(head), run.Get(consistency)).ConfigureAwait(false) : null;
            Print(run, receipt, named);
            run.Note("verified: the enclave with this key signed it. That the key was admitted for this job is what the ledger says.");
            if (logged is not null)
            {
                run.Note(logged);
            }

            return await again.RunAsync(run, receipt, run.Get(file)!).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<string> LogAsync(CommandRun run, JobReceipt receipt, byte[] bytes, FileInfo inclusion, FileInfo? genesis, string? identity, FileInfo? head, FileInfo? consistency)
    {
        var digest = Digest.Of(bytes);
        var (proof, ledger) = await LogCheck.IncludesAsync(run, digest, inclusion, genesis ?? throw new CliException(ExitCode.Usage, "--proof needs --genesis", "The genesis names the sequencers whose signature counts."), identity).ConfigureAwait(false);
        if (receipt.Genesis != proof.Ledger)
        {
            throw new CliException(ExitCode.BadInput, $"the receipt names the ledger {receipt.Genesis}, and the proof is of {proof.Ledger}");
        }

        var said = string.Create(CultureInfo.InvariantCulture, $"proved: receipt {proof.Index} of {proof.Size} in the log of ledger {proof.Ledger}, signed by a sequencer of the genesis.");
        if (head is null)
        {
            return said;
        }

        var kept = await LogCheck.BelongsAsync(run, digest, proof, ledger, head, consistency).ConfigureAwait(false);
        return said + string.Create(CultureInfo.InvariantCulture, $" It is the log that the head of block {kept.Number} signed.");
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
