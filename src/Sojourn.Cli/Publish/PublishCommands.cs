using System.CommandLine;
using Sojourn.Attestation;
using Sojourn.Cli.Devnet;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol.Guards;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Cli.Publish;

/// <summary><c>sojourn data publish</c> and <c>sojourn app publish</c>: seal, store, and offer under a policy.</summary>
internal static class PublishCommands
{
    // A job names at most so many offers, and its program has one, too.
    private const int CustodiansMax = JobTerms.ListMax - 1;

    /// <summary>The noun <c>data</c>.</summary>
    public static Command CreateData()
    {
        var folder = DevnetCommands.FolderOption();
        var file = new Argument<FileInfo>("file") { Description = "The data, one file." };
        var owner = new Option<string>("--as") { Description = "The owner.", DefaultValueFactory = _ => "data-owner" };
        var code = new Option<string[]>("--code") { Description = "A program that may use it (CID); repeat for several." };
        var appOwners = new Option<string[]>("--app-owner") { Description = "An account whose published programs may use it, also later ones; repeat for several." };
        var custodians = new Option<string[]>("--custodian") { Description = "A party whose keeper holds a share of the key, in place of the owner's keeper; repeat for each." };
        var threshold = new Option<int?>("--threshold") { Description = "How many custodians must release their shares (default: more than half)." };
        var guard = new Option<FileInfo?>("--guard") { Description = "A guard (WASI program) that looks at every output." };
        var guardArguments = new Option<string[]>("--guard-arg") { Description = "An argument of the guard; repeat for several." };
        var outputMax = new Option<long>("--output-max") { Description = "The most bytes that may come out.", DefaultValueFactory = _ => 64 << 10 };
        var uses = new Option<int?>("--uses") { Description = "How many jobs may use it (default: no bound)." };
        var price = new Option<long>("--price") { Description = "The price of one job.", DefaultValueFactory = _ => 100 };
        var publish = new Command("publish", "Seal data onto the nodes that will hold it, and offer it under a policy.") { file, folder, owner, code, appOwners, custodians, threshold, guard, guardArguments, outputMax, uses, price };
        publish.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(owner)!);
            using var uploads = net.Uploads(party);
            if ((run.Get(code) ?? []).Length == 0 && (run.Get(appOwners) ?? []).Length == 0)
            {
                throw new CliException(ExitCode.Usage, "no program could use the data", "Name programs with --code, or owners of programs with --app-owner.");
            }

            var holders = (run.Get(custodians) ?? []).Distinct().Select(net.Party).ToList();
            using var closing = new PartyList(holders);
            if (holders.Count > CustodiansMax)
            {
                throw new CliException(ExitCode.Usage, $"{holders.Count} custodians are too many: a job can ask {CustodiansMax}", "Name fewer.");
            }

            if (run.Get(threshold) is not null && holders.Count == 0)
            {
                throw new CliException(ExitCode.Usage, "--threshold says how many custodians are needed, and none is named", "Name them with --custodian.");
            }

            if (holders.Count > 0 && run.Get(threshold) is { } asked && (asked < 1 || asked > holders.Count))
            {
                throw new CliException(ExitCode.Usage, $"the threshold is from 1 to the number of custodians, {holders.Count}", "Name more custodians, or a lower threshold.");
            }

            var needed = run.Get(threshold) ?? (holders.Count / 2) + 1;
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
                    AppOwners = [.. (run.Get(appOwners) ?? []).Select(text => Address.TryParse(text, out var account) && !account.IsZero ? account : throw new CliException(ExitCode.Usage, $"'{text}' is no account.", "0x and 40 hexadecimal digits were expected."))],
                    Code = [.. (run.Get(code) ?? []).Select(text => Cid.TryParse(text, out var cid) ? cid : throw new CliException(ExitCode.Usage, $"'{text}' is no CID.", "app publish prints the program's."))],
                    Proof = Proof(net),
                    Limits = new UseLimits { Uses = run.Get(uses) },
                    Output = new OutputRule { BytesMax = run.Get(outputMax), AnyRecipient = true, Guards = guardCid is null ? [] : [guardCid] },
                }, party.Identity);
            await uploads.PutAsync(new Block(policy.Cid, policy.Block), run.Cancellation).ConfigureAwait(false);
            PublishedContent content;
            using (var data = RegularFiles.OpenRead(run.Get(file)!.FullName))
            {
                content = holders.Count > 0 ? await SealSharedAsync(run, net, data, policy, holders, needed).ConfigureAwait(false) : await new Publisher(net.DataStores()).SealAsync(data, policy, [party.Sealing.Public], run.Get(file)!.Name, run.Cancellation).ConfigureAwait(false);
            }

            // The header is public and tells nothing; keepers and requesters must find it also where nodes serve nothing.
            await uploads.PutAsync(await net.HeldAsync(content.Content, run.Cancellation).ConfigureAwait(false), run.Cancellation).ConfigureAwait(false);
            await net.PinAsync(content.Content, run.Cancellation).ConfigureAwait(false);
            // Each custodian answers under an offer of its own; the price stands in the first.
            foreach (var (keeper, i) in (holders.Count > 0 ? holders : [party]).Select((keeper, i) => (keeper, i)))
            {
                var terms = Terms(net, keeper, OfferKind.Data, content) with { Price = i == 0 ? (ulong)run.Get(price) : 0, UsesMax = (uint)(run.Get(uses) ?? 0), Threshold = (byte)(holders.Count > 0 ? needed : 0) };
                await OfferAsync(run, net, party, terms, print: i == 0).ConfigureAwait(false);
            }

            run.Note($"held by {string.Join(", ", net.File.Nodes)}; {(holders.Count > 0 ? $"the key is shared among {string.Join(", ", holders.Select(holder => holder.Name))}" : $"the key stays with {party.Name}'s keeper")}");
            run.Note("Next: a requester names this CID and a program's in a job file (docs/tutorials/requester.md shows one), then: ./sojourn job run JOB.yaml");
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
            SignedPolicy Sign(Cid body) => SignedPolicy.Sign(
                new AppPolicy
                {
                    Code = [body],
                    Title = run.Get(file)!.Name,
                    Owner = party.Address,
                    NotBefore = DateTimeOffset.UtcNow.AddMinutes(-5),
                    NotAfter = DateTimeOffset.UtcNow.AddDays(365),
                    AnyRequester = true,
                    Proof = Proof(net),
                    OutputMayRevealCode = true,
                }, party.Identity);
            using var app = RegularFiles.OpenRead(run.Get(file)!.FullName);
            var content = await new Publisher(uploads).SealAppAsync(app, Sign, [party.Sealing.Public], run.Get(file)!.Name, run.Cancellation).ConfigureAwait(false);
            await OfferAsync(run, net, party, Terms(net, party, OfferKind.App, content) with { Price = (ulong)run.Get(price) }, print: true).ConfigureAwait(false);
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

    // On a development network the custodians' keepers lie on this machine; elsewhere each takes its share with 'keeper share add'.
    private static async Task<PublishedContent> SealSharedAsync(CommandRun run, DevnetClient net, Stream data, SignedPolicy policy, IReadOnlyList<PartyKeys> holders, int threshold)
    {
        var (content, shares) = await new Publisher(net.DataStores()).SealSharedAsync(
            data, policy, threshold, [.. holders.Select(holder => (holder.Name, holder.Sealing.Public))], [], null, run.Cancellation).ConfigureAwait(false);
        foreach (var holder in holders)
        {
            new KeeperBooks(DevnetFile.KeeperOf(net.Folder, holder.Name)).Custody.Add(content.Content, shares);
        }

        run.Note($"{threshold} of {holders.Count} custodians give the key; none of them has it");
        return content;
    }

    private sealed class PartyList(IReadOnlyList<PartyKeys> parties) : IDisposable
    {
        public void Dispose()
        {
            foreach (var party in parties)
            {
                party.Dispose();
            }
        }
    }

    private static OfferTerms Terms(DevnetClient net, PartyKeys keeper, OfferKind kind, PublishedContent content) =>
        new() { Kind = kind, Content = content.Content, Policy = content.Policy, Keeper = keeper.Address, LevelMin = Proof(net).Level };

    private static async Task OfferAsync(CommandRun run, DevnetClient net, PartyKeys party, OfferTerms terms, bool print)
    {
        var result = await net.SubmitAsync(party, new OfferPublish(terms), run.Cancellation).ConfigureAwait(false);
        if (!result.Applied)
        {
            throw new CliException(ExitCode.Refused, $"the ledger refused the offer: {result.Refusal}.", "sojourn account show tells what the owner has.");
        }

        if (print)
        {
            run.Out.WriteLine(terms.Content);
        }

        run.Note($"offer {result.Subject}, policy {terms.Policy}");
    }
}
