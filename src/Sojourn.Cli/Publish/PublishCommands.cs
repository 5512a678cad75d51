using System.CommandLine;
using Sojourn.Attestation;
using Sojourn.Cli.Devnet;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Primitives;
using Sojourn.Protocol.Guards;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Cli.Publish;

/// <summary><c>sojourn data publish</c> and <c>sojourn app publish</c>: seal, store, and offer under a policy.</summary>
internal static class PublishCommands
{
    /// <summary>The noun <c>data</c>.</summary>
    public static Command CreateData()
    {
        var folder = DevnetCommands.FolderOption();
        var file = new Argument<FileInfo>("file") { Description = "The data, one file." };
        var owner = new Option<string>("--as") { Description = "The owner.", DefaultValueFactory = _ => "data-owner" };
        var code = new Option<string[]>("--code") { Description = "A program that may use it (CID); repeat for several.", Required = true };
        var guard = new Option<FileInfo?>("--guard") { Description = "A guard (WASI program) that looks at every output." };
        var guardArguments = new Option<string[]>("--guard-arg") { Description = "An argument of the guard; repeat for several." };
        var outputMax = new Option<long>("--output-max") { Description = "The most bytes that may come out.", DefaultValueFactory = _ => 64 << 10 };
        var uses = new Option<int?>("--uses") { Description = "How many jobs may use it (default: no bound)." };
        var price = new Option<long>("--price") { Description = "The price of one job.", DefaultValueFactory = _ => 100 };
        var publish = new Command("publish", "Seal data onto the nodes that will hold it, and offer it under a policy.") { file, folder, owner, code, guard, guardArguments, outputMax, uses, price };
        publish.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(owner)!);
            using var uploads = net.Uploads(party);
            Cid? guardCid = null;
            if (run.Get(guard) is { } module)
            {
                var bytes = GuardArguments.Embed(await File.ReadAllBytesAsync(module.FullName, run.Cancellation).ConfigureAwait(false), run.Get(guardArguments) ?? []);
                guardCid = await new Publisher(uploads).FileAsync(new MemoryStream(bytes), run.Cancellation).ConfigureAwait(false);
            }

            var policy = SignedPolicy.Sign(
                new DataPolicy
                {
                    Title = run.Get(file)!.Name,
                    Owner = party.Address,
                    NotBefore = DateTimeOffset.UtcNow.AddMinutes(-5),
                    NotAfter = DateTimeOffset.UtcNow.AddDays(365),
                    AnyRequester = true,
                    Code = [.. run.Get(code)!.Select(text => Cid.TryParse(text, out var cid) ? cid : throw new CliException(ExitCode.Usage, $"'{text}' is no CID.", "app publish prints the program's."))],
                    Proof = Proof(net),
                    Limits = new UseLimits { Uses = run.Get(uses) },
                    Output = new OutputRule { BytesMax = run.Get(outputMax), AnyRecipient = true, Guards = guardCid is null ? [] : [guardCid] },
                }, party.Identity);
            await uploads.PutAsync(new Block(policy.Cid, policy.Block), run.Cancellation).ConfigureAwait(false);
            PublishedContent content;
            using (var data = run.Get(file)!.OpenRead())
            {
                content = await new Publisher(net.DataStores()).SealAsync(data, policy, [party.Sealing.Public], run.Get(file)!.Name, run.Cancellation).ConfigureAwait(false);
            }

            // The header is public and tells nothing; keepers and requesters must find it also where nodes serve nothing.
            await uploads.PutAsync(await net.HeldAsync(content.Content, run.Cancellation).ConfigureAwait(false), run.Cancellation).ConfigureAwait(false);
            await net.PinAsync(content.Content, run.Cancellation).ConfigureAwait(false);
            await OfferAsync(run, net, party, OfferKind.Data, content, (ulong)run.Get(price), (uint)(run.Get(uses) ?? 0)).ConfigureAwait(false);
            run.Note($"held by {string.Join(", ", net.File.Nodes)}; the key stays with {party.Name}'s keeper");
            return ExitCode.Ok;
        });
        return new Command("data", "Publish data that stays where it is: seal it, offer it under a policy, take consent back.") { publish, OfferCommands.Offer("data-owner"), OfferCommands.Revoke("data-owner") };
    }

    /// <summary>The noun <c>app</c>.</summary>
    public static Command CreateApp()
    {
        var folder = DevnetCommands.FolderOption();
        var file = new Argument<FileInfo>("file") { Description = "The program: WebAssembly, WASI preview 1." };
        var owner = new Option<string>("--as") { Description = "The owner.", DefaultValueFactory = _ => "app-owner" };
        var price = new Option<long>("--price") { Description = "The price of one job.", DefaultValueFactory = _ => 10 };
        var publish = new Command("publish", "Seal a program and offer it under a policy.") { file, folder, owner, price };
        publish.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(owner)!);
            using var uploads = net.Uploads(party);
            var policy = SignedPolicy.Sign(
                new AppPolicy
                {
                    Title = run.Get(file)!.Name,
                    Owner = party.Address,
                    NotBefore = DateTimeOffset.UtcNow.AddMinutes(-5),
                    NotAfter = DateTimeOffset.UtcNow.AddDays(365),
                    AnyRequester = true,
                    Proof = Proof(net),
                    OutputMayRevealCode = true,
                }, party.Identity);
            using var app = run.Get(file)!.OpenRead();
            var content = await new Publisher(uploads).SealAsync(app, policy, [party.Sealing.Public], run.Get(file)!.Name, run.Cancellation).ConfigureAwait(false);
            await OfferAsync(run, net, party, OfferKind.App, content, (ulong)run.Get(price), 0).ConfigureAwait(false);
            run.Note($"Next: ./sojourn data publish TABLE.csv --code {content.Content}");
            return ExitCode.Ok;
        });
        return new Command("app", "Publish programs that travel to the data: seal them, offer them, take consent back.") { publish, OfferCommands.Offer("app-owner"), OfferCommands.Revoke("app-owner") };
    }

    private static ProofRequirement Proof(DevnetClient net) => net.File.Proof?.ToRequirement() ?? new ProofRequirement
    {
        Level = TrustLevel.Simulated,
        Kinds = [EvidenceKind.Simulated],
        Measurements = [ReferenceSet.Of("sojourn-enclave", ("simulated", net.File.EnclaveMeasurement().ToString()))],
        RequireRevocation = false,
    };

    private static async Task OfferAsync(CommandRun run, DevnetClient net, PartyKeys party, OfferKind kind, PublishedContent content, ulong price, uint uses)
    {
        var terms = new OfferTerms { Kind = kind, Content = content.Content, Policy = content.Policy, Keeper = party.Address, Price = price, LevelMin = Proof(net).Level, UsesMax = uses };
        var result = await net.SubmitAsync(party, new OfferPublish(terms), run.Cancellation).ConfigureAwait(false);
        if (!result.Applied)
        {
            throw new CliException(ExitCode.Refused, $"the ledger refused the offer: {result.Refusal}.", "sojourn account show tells what the owner has.");
        }

        run.Out.WriteLine(content.Content);
        run.Note($"offer {result.Subject}, policy {content.Policy}");
    }
}
