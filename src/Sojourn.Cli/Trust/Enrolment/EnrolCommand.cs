using System.CommandLine;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust.Enrolment;

/// <summary><c>sojourn trust enrol</c>: binds this machine's attestation key to its TPM by credential activation.</summary>
internal static class EnrolCommand
{
    public static Command Create()
    {
        var tpm = new Option<string?>("--tpm") { Description = "Where the TPM is: device:/dev/tpmrm0 (default), tcp:HOST:PORT or unix:PATH." };
        var authority = new Option<string?>("--authority") { Description = "Enrol with an authority here: its certificate and key (PEM); made where it is absent." };
        var server = new Option<string?>("--server") { Description = "Enrol with an authority elsewhere ('trust authority serve'): its http or https address." };
        var output = new Option<string>("--out") { Description = "Where to write the attestation key's certificate.", DefaultValueFactory = _ => "attestation-key.der" };
        var unendorsed = new Option<bool>("--allow-unendorsed") { Description = "With --authority: enrol a TPM whose endorsement key chains to no vendor, such as swtpm. Its evidence counts on development ledgers only." };
        var collateral = new Option<string?>("--collateral") { Description = "With --authority: the collateral folder (default: the state folder's 'collateral')." };
        var command = new Command("enrol", "Bind this machine's attestation key to its TPM, once, so that quotes can be checked by anybody.") { tpm, authority, server, output, unendorsed, collateral };
        command.SetRun(async run =>
        {
            var endpoint = Endpoint(run.Get(tpm));
            if ((run.Get(authority) is null) == (run.Get(server) is null))
            {
                throw new CliException(ExitCode.Usage, "say with whom to enrol, and with one only", "Give --authority FILE for an authority on this machine, or --server URL for one elsewhere.");
            }

            if (run.Get(server) is { } url && (run.Has(unendorsed) || run.Has(collateral)))
            {
                throw new CliException(ExitCode.Usage, $"--allow-unendorsed and --collateral are for --authority: {url} has rules of its own");
            }

            var certificates = run.Get(server) is { } address
                ? await EnrolmentClient.EnrolAsync(endpoint, CollateralCommand.Address(address), run.Cancellation).ConfigureAwait(false)
                : await HereAsync(run, endpoint, new AuthorityFiles(run.Get(authority)!), run.Get(unendorsed), run.Get(collateral)).ConfigureAwait(false);
            await File.WriteAllBytesAsync(run.Get(output)!, certificates, run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(run.Get(output));
            run.Note(run.Get(authority) is { } path
                ? $"Verifiers that trust this authority: sojourn trust collateral root {path} --enrolment, and its list of revoked certificates: sojourn trust authority list --authority {path}"
                : $"Verifiers that trust this authority: its root and its list are at {run.Get(server)}/api/v1/enrolment/root and /list");
        });
        return command;
    }

    public static TpmEndpoint Endpoint(string? text) => text is null ? TpmEndpoint.Default
        : TpmEndpoint.TryParse(text, out var endpoint) ? endpoint! : throw new CliException(ExitCode.Usage, $"--tpm {text} is no place of a TPM", "Write device:/dev/tpmrm0, tcp:HOST:PORT or unix:PATH.");

    private static async Task<byte[]> HereAsync(CommandRun run, TpmEndpoint endpoint, AuthorityFiles files, bool unendorsed, string? collateral)
    {
        var now = DateTimeOffset.UtcNow;
        var known = TrustInputs.Store(collateral).Load();
        var timeout = TimeSpan.FromSeconds(120);
        var request = await TpmEnrolment.RequestAsync(endpoint, timeout, run.Cancellation).ConfigureAwait(false);
        using var authority = await files.OpenOrMakeAsync(now, run).ConfigureAwait(false);
        var decision = authority.Challenge(request, known, now, unendorsed);
        if (decision.Pending is not { } pending)
        {
            throw new CliException(
                ExitCode.Refused, $"the TPM at {endpoint} cannot be enrolled: {string.Join("; ", decision.Findings.Select(finding => $"{finding.Fault}: {finding.Detail}"))}",
                "Import its vendor's certificates (sojourn trust collateral import); a software TPM needs --allow-unendorsed, and counts on development ledgers only.");
        }

        var answer = await TpmEnrolment.AnswerAsync(endpoint, pending.Challenge, timeout, run.Cancellation).ConfigureAwait(false);
        var certificates = authority.Complete(pending, answer, now)
            ?? throw new CliException(ExitCode.Refused, $"the TPM at {endpoint} opened the challenge wrongly: it does not hold the endorsement key that it shows");
        await files.RecordAsync(authority, pending, certificates, now).ConfigureAwait(false);
        return certificates;
    }
}
