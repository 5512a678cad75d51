using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Ledgers;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Market;

/// <summary><c>sojourn market</c>: who offers what, and what a committee is worth.</summary>
internal static class MarketCommands
{
    public static Command Create()
    {
        ErrorRules.Add(Ledger.LedgerCommands.Explain);
        ErrorRules.Add(Chain.ChainCommands.Explain);
        return new Command("market", "Nodes, offers, and what a committee is worth.") { Odds(), Nodes(), Offers() };
    }

    internal static Option<string> LedgerOption() => new("--ledger") { Description = "The ledger's address, or those of its sequencers in the order of the genesis, with commas. Else SOJOURN_LEDGER.", DefaultValueFactory = _ => Environment.GetEnvironmentVariable("SOJOURN_LEDGER") ?? "http://127.0.0.1:7070" };

    /// <summary>A ledger of ours over HTTP, for commands that write to it.</summary>
    internal static async Task<HttpLedger> ConnectAsync(string addresses, CancellationToken cancellation) =>
        await HttpLedger.ConnectAsync(AddressesOf(addresses), cancellation: cancellation).ConfigureAwait(false);

    /// <summary>Any ledger, ours or a contract on a chain, for commands that read it.</summary>
    internal static async Task<LedgerConnection> OpenAsync(string addresses, CancellationToken cancellation) =>
        await LedgerConnection.OpenAsync(AddressesOf(addresses), cancellation).ConfigureAwait(false);

    private static Uri[] AddressesOf(string addresses) =>
        (Uri[])[.. addresses.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(AddressOf)] is { Length: > 0 } several ? several : [AddressOf(addresses)];

    internal static Uri AddressOf(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "ws" or "wss"
        ? uri
        : throw new CliException(ExitCode.Usage, $"'{address}' is not a ledger's address", "Give one such as http://127.0.0.1:7070, or a chain's endpoint with the contract: http://127.0.0.1:8545/#0x…");

    private sealed record Chance(int Percent, double Capture, double Block, double Results);

    private static Command Odds()
    {
        var units = new Option<ulong>("--units") { Description = "All staked units of the network.", DefaultValueFactory = _ => 1000 };
        var verifiers = new Option<int>("--verifiers") { Description = "Verifier seats.", DefaultValueFactory = _ => 21 };
        var executors = new Option<int>("--executors") { Description = "Executors.", DefaultValueFactory = _ => 3 };
        var output = OutputOption.Create();
        var command = new Command("odds", "What a coalition's chances against one job are, by its share of the stake.") { units, verifiers, executors, output };
        command.SetRun(run =>
        {
            var (all, seats, runs) = (run.Get(units), run.Get(verifiers), run.Get(executors));
            if (all is 0 or > 100_000_000 || seats is < 1 or > 63 || runs is < 1 or > 16 || all < (ulong)Math.Max(seats, runs))
            {
                throw new CliException(ExitCode.Usage, "units are 1 to 100,000,000, verifiers 1 to 63, executors 1 to 16, and there are at least as many units as seats");
            }

            var rows = new[] { 5, 10, 20, 25, 33, 40, 50 }.Select(percent =>
            {
                var coalition = all * (ulong)percent / 100;
                return new Chance(percent, CommitteeOdds.Capture(all, coalition, seats), CommitteeOdds.Block(all, coalition, seats), CommitteeOdds.Agree(all, coalition, runs, (runs / 2) + 1));
            }).ToList();
            run.Results.List(
                rows,
                new Column<Chance>("stake", row => $"{row.Percent} %"),
                new Column<Chance>("admits", row => Text(row.Capture)),
                new Column<Chance>("stops", row => Text(row.Block)),
                new Column<Chance>("results", row => Text(row.Results)));
            run.Note("Admits: it holds a quorum of the verifiers. Stops: the others do not. Results: it is the agreeing majority of the executors.");
            return Task.CompletedTask;
        });
        return command;
    }

    private static JsonNode? Text(double chance) => chance.ToString("0.0e+0", CultureInfo.InvariantCulture);

    private static Command Nodes()
    {
        var at = LedgerOption();
        var output = OutputOption.Create();
        var command = new Command("nodes", "Registered nodes.") { at, output };
        command.SetRun(async run =>
        {
            await using var connection = await OpenAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var ledger = connection.Ledger;
            run.Results.List(
                await ledger.NodesAsync(cancellation: run.Cancellation).ConfigureAwait(false),
                new Column<NodeView>("node", node => node.Address.ToString()),
                new Column<NodeView>("level", node => node.Profile.Level.ToString()),
                new Column<NodeView>("units", node => JsonValue.Create(node.Units)),
                new Column<NodeView>("agreed", node => JsonValue.Create(node.Record.Agreed)),
                new Column<NodeView>("wrong", node => JsonValue.Create(node.Record.Wrong)),
                new Column<NodeView>("gateway", node => node.Profile.Gateway));
        });
        return command;
    }

    private static Command Offers()
    {
        var at = LedgerOption();
        var output = OutputOption.Create();
        var command = new Command("offers", "Open offers of data and code.") { at, output };
        command.SetRun(async run =>
        {
            await using var connection = await OpenAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var ledger = connection.Ledger;
            run.Results.List(
                await ledger.OffersAsync(new OfferQuery(), run.Cancellation).ConfigureAwait(false),
                new Column<OfferView>("offer", offer => offer.Id.ToString()),
                new Column<OfferView>("kind", offer => offer.Terms.Kind.ToString()),
                new Column<OfferView>("content", offer => offer.Terms.Content.ToString()),
                new Column<OfferView>("price", offer => offer.Terms.Price.ToString()),
                new Column<OfferView>("level", offer => offer.Terms.LevelMin.ToString()),
                new Column<OfferView>("uses", offer => JsonValue.Create(offer.Uses)));
        });
        return command;
    }
}
