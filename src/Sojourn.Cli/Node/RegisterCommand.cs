using System.CommandLine;
using System.Globalization;
using Sojourn.Attestation;
using Sojourn.Cli.Account;
using Sojourn.Cli.Market;
using Sojourn.Cli.Running;
using Sojourn.Primitives;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Cli.Node;

/// <summary><c>sojourn node register</c>: say on the ledger what a node offers, and stake for it. <c>node run</c> does so by itself from its file.</summary>
internal static class RegisterCommand
{
    public static Command Create()
    {
        var key = SigningKey.CreateOption();
        var at = MarketCommands.LedgerOption();
        var stake = new Option<ulong>("--stake") { Description = "Free tokens to stake besides what is staked already." };
        var chip = new Option<string>("--chip") { Description = "The chip's identity as evidence shows it: 64 hexadecimal digits.", Required = true };
        var level = new Option<TrustLevel>("--level") { Description = "The proof that the node can give.", DefaultValueFactory = _ => TrustLevel.Tee };
        var custody = new Option<CustodyClass>("--custody") { Description = "In whose hands the hardware is." };
        var gateway = new Option<string>("--gateway") { Description = "Where the node serves content, as a URL.", DefaultValueFactory = _ => "" };
        var regions = new Option<ulong>("--regions") { Description = "Regions, one bit each." };
        var memory = new Option<uint>("--memory") { Description = "Memory that one job may take, in MiB.", DefaultValueFactory = _ => 512 };
        var price = new Option<ulong>("--price") { Description = "What the node asks for taking a job." };
        var gigafuel = new Option<ulong>("--price-per-gigafuel") { Description = "What it asks for each thousand million units of a job's fuel limit." };
        var pins = new Option<string[]>("--pin") { Description = "A content that the node holds (CID); may be repeated.", AllowMultipleArgumentsPerToken = false };
        var noExecute = new Option<bool>("--no-execute") { Description = "Do not offer to execute." };
        var noVerify = new Option<bool>("--no-verify") { Description = "Do not offer to verify." };
        var command = new Command("register", "Register a node on the ledger, or change what it says of itself.")
        {
            key, at, stake, chip, level, custody, gateway, regions, memory, price, gigafuel, pins, noExecute, noVerify,
        };
        command.SetRun(async run =>
        {
            using var signer = SigningKey.Load(run.Get(key)!);
            var vrf = signer.VrfKey ?? throw new CliException(ExitCode.BadInput, "the key file holds no VRF key, which a node needs to be drawn", "'sojourn node init' makes one.");
            var profile = new NodeProfile
            {
                VrfKey = vrf,
                Chip = Digest.TryParse(run.Get(chip), out var identity) ? identity : throw new CliException(ExitCode.Usage, $"'{run.Get(chip)}' is not a chip's identity", "It has 64 hexadecimal digits."),
                Level = run.Get(level),
                Custody = run.Get(custody),
                Regions = run.Get(regions),
                MemoryMebibytes = run.Get(memory),
                PricePerJob = run.Get(price),
                PricePerGigafuel = run.Get(gigafuel),
                Executes = !run.Get(noExecute),
                Verifies = !run.Get(noVerify),
                Gateway = run.Get(gateway)!,
                Pins = [.. (run.Get(pins) ?? []).Select(text => Cid.TryParse(text, out var cid) ? ContentKey.Of(cid!) : throw new CliException(ExitCode.Usage, $"'{text}' is not a CID")).Distinct().Order()],
            };
            using var ledger = await MarketCommands.ConnectAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var result = await signer.SubmitAsync(ledger, new NodeRegister(profile, run.Get(stake)), run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(signer.Address);
            run.Note(string.Create(CultureInfo.InvariantCulture, $"Registered at height {result.Height}; it counts for jobs posted from then on. Next: sojourn market nodes"));
        });
        return command;
    }
}
