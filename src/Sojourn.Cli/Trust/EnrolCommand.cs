using System.CommandLine;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.Collaterals;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Attestation.Tpm;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust enrol</c>: binds this machine's attestation key to its TPM by credential activation.</summary>
internal static class EnrolCommand
{
    public static Command Create()
    {
        var tpm = new Option<string?>("--tpm") { Description = "Where the TPM is: device:/dev/tpmrm0 (default), tcp:HOST:PORT or unix:PATH." };
        var authority = new Option<string>("--authority") { Description = "The enrolment authority's certificate and key (PEM); made where it is absent.", Required = true };
        var output = new Option<string>("--out") { Description = "Where to write the attestation key's certificate.", DefaultValueFactory = _ => "attestation-key.der" };
        var unendorsed = new Option<bool>("--allow-unendorsed") { Description = "Enrol a TPM whose endorsement key chains to no vendor, such as swtpm. Its evidence counts on development ledgers only." };
        var collateral = new Option<string?>("--collateral") { Description = "The collateral folder (default: the state folder's 'collateral')." };
        var command = new Command("enrol", "Bind this machine's attestation key to its TPM, once, so that quotes can be checked by anybody.") { tpm, authority, output, unendorsed, collateral };
        command.SetRun(async run =>
        {
            var now = DateTimeOffset.UtcNow;
            var store = TrustInputs.Store(run.Get(collateral));
            var path = run.Get(authority)!;
            using var enrolment = await AuthorityAsync(path, now, run).ConfigureAwait(false);
            var certificates = await TpmEnrolment.EnrolAsync(Endpoint(run.Get(tpm)), enrolment, store.Load(), run.Get(unendorsed), now, run.Cancellation).ConfigureAwait(false);
            await File.WriteAllBytesAsync(run.Get(output)!, certificates, run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(run.Get(output));
            run.Note($"Verifiers that trust this authority: sojourn trust collateral root {path} --enrolment");
        });
        return command;
    }

    public static TpmEndpoint Endpoint(string? text) => text is null ? TpmEndpoint.Default
        : TpmEndpoint.TryParse(text, out var endpoint) ? endpoint! : throw new CliException(ExitCode.Usage, $"--tpm {text} is no place of a TPM", "Write device:/dev/tpmrm0, tcp:HOST:PORT or unix:PATH.");

    private static async Task<EnrolmentAuthority> AuthorityAsync(string path, DateTimeOffset now, CommandRun run)
    {
        if (File.Exists(path))
        {
            try
            {
                return EnrolmentAuthority.FromPem(await File.ReadAllTextAsync(path, run.Cancellation).ConfigureAwait(false));
            }
            catch (Exception e) when (e is ArgumentException or System.Security.Cryptography.CryptographicException)
            {
                throw new CliException(ExitCode.BadInput, $"{path} holds no certificate with a private key in PEM");
            }
        }

        var made = EnrolmentAuthority.Create("Sojourn enrolment authority", now, TimeSpan.FromDays(5 * 365));
        await KeyCommand.WriteSecretAsync(path, made.ExportPem(), run.Cancellation).ConfigureAwait(false);
        run.Note($"A new enrolment authority was made: {path}");
        return made;
    }
}
