using System.CommandLine;
using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.ConfigFs;
using Sojourn.Attestation.Devices.Nitro;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Attestation.Simulated;
using Sojourn.Cli.Running;
using Sojourn.Cli.Trust.Enrolment;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust quote</c>: makes evidence about this machine.</summary>
internal static class QuoteCommand
{
    public static Command Create()
    {
        var inputs = new TrustInputs();
        var kind = new Option<string>("--kind") { Description = "What to make: snp, tdx, nitro, tpm or simulated.", DefaultValueFactory = _ => "tpm" };
        kind.AcceptOnlyFromAmong("snp", "tdx", "nitro", "tpm", "simulated");
        var tpm = new Option<string?>("--tpm") { Description = "Where the TPM is: device:/dev/tpmrm0 (default), tcp:HOST:PORT or unix:PATH." };
        var certificates = new Option<string?>("--certificates") { Description = "The attestation key's certificate, as 'trust enrol' writes it." };
        var output = new Option<string>("--out") { Description = "Where to write the evidence.", DefaultValueFactory = _ => "evidence.cbor" };
        var command = new Command("quote", "Make evidence about this machine, bound to a challenge or report data.") { kind, inputs.Challenge, inputs.ReportData, tpm, certificates, output };
        command.SetRun(async run =>
        {
            var data = inputs.ReadExpected(run);
            if (data is null)
            {
                data = ReportData.ForChallenge(RandomNumberGenerator.GetBytes(32));
                run.Note($"No challenge was given; this one was drawn: {data}");
            }

            var attester = Attester(run, run.Get(kind)!, run.Get(tpm), run.Get(certificates));
            using var owned = attester as IDisposable;
            var evidence = await attester.AttestAsync(data, run.Cancellation).ConfigureAwait(false);
            var path = run.Get(output)!;
            await File.WriteAllBytesAsync(path, evidence.Encode(), run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(path);
            if (evidence.Kind == EvidenceKind.Simulated)
            {
                run.Warn("this evidence is simulated: it proves nothing about hardware.");
            }

            run.Note($"Next: sojourn trust explain {path} {(data.IsChallenge ? "--challenge" : "--report-data")} {data}");
        });
        return command;
    }

    private static IAttester Attester(CommandRun run, string kind, string? tpm, string? certificates)
    {
        switch (kind)
        {
            case "snp":
                return new TsmAttester(EvidenceKind.SevSnp);
            case "tdx":
                return new TsmAttester(EvidenceKind.Tdx);
            case "nitro":
                return new NitroAttester(new NsmDevice());
            case "simulated":
                return new SimulatedAttester(new byte[32], SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Environment.MachineName)), TimeProvider.System);
            default:
                var options = new TpmAttesterOptions { Certificates = certificates is null ? default : TrustInputs.Bytes(certificates) };
                if (certificates is null)
                {
                    run.Warn("no attestation-key certificate was given (--certificates): the quote is bound to no known TPM. 'sojourn trust enrol' makes one.");
                }

                return new TpmAttester(EnrolCommand.Endpoint(tpm), options);
        }
    }
}
