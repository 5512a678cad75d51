using System.CommandLine;
using System.Net;
using Sojourn.Attestation;
using Sojourn.Attestation.Tpm;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust.Enrolment;

/// <summary><c>sojourn trust authority</c>: enrols the TPMs of other machines, and takes certificates back.</summary>
internal static class AuthorityCommand
{
    public static Command Create() => new("authority", "Enrol the TPMs of other machines, take certificates back, publish the list of those.") { Serve(), Revoke(), List() };

    private static Option<string> File() => new("--authority") { Description = "The enrolment authority's certificate and key (PEM).", Required = true };

    private static Command Serve()
    {
        var file = File();
        file.Description += " Made where it is absent.";
        var listen = new Option<string>("--listen") { Description = "Address and port.", DefaultValueFactory = _ => "127.0.0.1:7481" };
        var unendorsed = new Option<bool>("--allow-unendorsed") { Description = "Enrol TPMs whose endorsement key chains to no vendor, such as swtpm. Their evidence counts on development ledgers only." };
        var revocation = new Option<bool>("--require-revocation") { Description = "Enrol a TPM as vendor-endorsed only where current revocation lists cover its endorsement key's chain." };
        var chips = new Option<string[]>("--chip") { Description = "Enrol this TPM (tpm-ek:DIGEST) and no other that is not named; may be given more than once." };
        var collateral = new Option<string?>("--collateral") { Description = "The collateral folder (default: the state folder's 'collateral')." };
        var command = new Command("serve", "Enrol over HTTP.") { file, listen, unendorsed, revocation, chips, collateral };
        command.SetRun(async run =>
        {
            if (!IPEndPoint.TryParse(run.Get(listen)!, out var endpoint))
            {
                throw new CliException(ExitCode.Usage, $"--listen {run.Get(listen)} is not an address and a port", "Write it like 127.0.0.1:7481.");
            }

            var rules = new EnrolmentRules { AllowUnendorsed = run.Get(unendorsed), RequireRevocation = run.Get(revocation), Chips = [.. (run.Get(chips) ?? []).Select(Chip)] };
            var files = new AuthorityFiles(run.Get(file)!);
            using var authority = await files.OpenOrMakeAsync(DateTimeOffset.UtcNow, run).ConfigureAwait(false);
            var store = TrustInputs.Store(run.Get(collateral));
            var server = new EnrolmentServer(new EnrolmentServerOptions { Endpoint = endpoint, Authority = authority, Files = files, Rules = rules, Collateral = store.Load });
            await using (server.ConfigureAwait(false))
            {
                var address = await server.StartAsync(run.Cancellation).ConfigureAwait(false);
                run.Out.WriteLine(address);
                run.Note($"On the machine: sojourn trust enrol --server {address}   Root: {address}/api/v1/enrolment/root   List: {address}/api/v1/enrolment/list   Ctrl+C ends.");
                await server.WaitAsync(run.Cancellation).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static Command Revoke()
    {
        var file = File();
        var what = new Argument<string>("what") { Description = "The attestation key's certificate (a file), or the TPM's name (tpm-ek:DIGEST) for all that it was issued." };
        var command = new Command("revoke", "Take certificates back; publish the list afterwards.") { what, file };
        command.SetRun(async run =>
        {
            var files = new AuthorityFiles(run.Get(file)!);
            using var authority = await files.OpenAsync(run.Cancellation).ConfigureAwait(false);
            var name = run.Get(what)!;
            var serials = name.StartsWith("tpm-ek:", StringComparison.OrdinalIgnoreCase) ? files.IssuedTo(name)
                : [authority.SerialOf(TrustInputs.Bytes(name)) ?? throw new CliException(ExitCode.BadInput, $"{name} is not a certificate that {files.Path} issued")];
            if (serials.Count == 0)
            {
                throw new CliException(ExitCode.NotFound, $"{files.Path} issued nothing to {name}", $"{files.IssuedPath} names what it issued.");
            }

            files.Revoke(serials, DateTimeOffset.UtcNow);
            foreach (var serial in serials)
            {
                run.Out.WriteLine(Convert.ToHexStringLower(serial));
            }

            run.Note($"Next: sojourn trust authority list --authority {files.Path} --out authority.crl, and hand the list to the verifiers (sojourn trust collateral import).");
        });
        return command;
    }

    private static Command List()
    {
        var file = File();
        var output = new Option<string>("--out") { Description = "Where to write the list.", DefaultValueFactory = _ => "authority.crl" };
        var days = new Option<int>("--days") { Description = "For how many days it holds.", DefaultValueFactory = _ => 7 };
        var command = new Command("list", "Write the signed list of what was taken back. Verifiers that ask for revocation believe no certificate without a current one.") { file, output, days };
        command.SetRun(async run =>
        {
            if (run.Get(days) is < 1 or > 366)
            {
                throw new CliException(ExitCode.Usage, "--days is 1 to 366");
            }

            var files = new AuthorityFiles(run.Get(file)!);
            using var authority = await files.OpenAsync(run.Cancellation).ConfigureAwait(false);
            await System.IO.File.WriteAllBytesAsync(run.Get(output)!, files.List(authority, DateTimeOffset.UtcNow, TimeSpan.FromDays(run.Get(days))), run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(run.Get(output));
        });
        return command;
    }

    private static ChipIdentity Chip(string text) => ChipIdentity.TryParse(text, out var chip) && chip.Scheme == "tpm-ek" ? chip
        : throw new CliException(ExitCode.Usage, $"--chip {text} is not the name of a TPM", "Write tpm-ek: and the SHA-256 of the endorsement key, as 'sojourn trust verify' prints it.");
}
