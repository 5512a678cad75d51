using System.CommandLine;
using System.Globalization;
using System.Net;
using Sojourn.Attestation;
using Sojourn.Cli.Running;
using Sojourn.Cli.Trust.Serving;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust serve</c>: Trust as a Service over HTTP.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var inputs = new TrustInputs();
        var listen = new Option<string>("--listen") { Description = "Address and port.", DefaultValueFactory = _ => "127.0.0.1:7480" };
        var key = new Option<string>("--sign") { Description = "The verifier's P-256 private key (PEM); see 'trust key'.", Required = true };
        var issuer = new Option<string>("--issuer") { Description = "The verifier's name in signed results.", DefaultValueFactory = _ => Environment.MachineName };
        var audit = new Option<string?>("--audit") { Description = "Append one JSON line per verdict to this file." };
        var price = new Option<string>("--price") { Description = "What a verdict costs, in the ledger's smallest units. Charging needs a ledger account.", DefaultValueFactory = _ => "0" };
        var rate = new Option<int>("--rate") { Description = "Requests per minute that one address may make.", DefaultValueFactory = _ => 600 };
        var command = new Command("serve", "Verify evidence for others over HTTP and sign the results.") { listen, key, issuer, inputs.Policy, inputs.References, inputs.Endorser, inputs.Collateral, audit, price, rate };
        command.SetRun(async run =>
        {
            if (!IPEndPoint.TryParse(run.Get(listen)!, out var endpoint))
            {
                throw new CliException(ExitCode.Usage, $"--listen {run.Get(listen)} is not an address and a port", "Write it like 127.0.0.1:7480.");
            }

            if (!UInt128.TryParse(run.Get(price), NumberStyles.None, CultureInfo.InvariantCulture, out var amount) || run.Get(rate) < 1)
            {
                throw new CliException(ExitCode.Usage, "--price is a number of smallest units, and --rate at least 1");
            }

            if (amount > 0)
            {
                throw new CliException(ExitCode.Usage, "a price needs a ledger to charge, and this command has none yet", "Leave --price at 0.");
            }

            using var signer = AppraiseCommand.LoadSigner(run.Get(key)!);
            var store = TrustInputs.Store(run.Get(inputs.Collateral));
            var server = new TrustServer(new TrustServerOptions
            {
                Endpoint = endpoint,
                Signer = signer,
                Issuer = run.Get(issuer)!,
                Policy = inputs.ReadPolicy(run),
                Collateral = store.Load,
                AuditPath = run.Get(audit),
                Price = amount,
                RequestsPerMinute = run.Get(rate),
            });
            await using (server.ConfigureAwait(false))
            {
                var address = await server.StartAsync(run.Cancellation).ConfigureAwait(false);
                run.Out.WriteLine(address);
                run.Note($"Verifier's key: {address}/api/v1/key   API: {address}/openapi/v1.json   Ctrl+C ends.");
                await server.WaitAsync(run.Cancellation).ConfigureAwait(false);
            }
        });
        return command;
    }
}
