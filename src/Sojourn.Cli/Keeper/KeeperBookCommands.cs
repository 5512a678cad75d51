using System.CommandLine;
using Sojourn.Cli.Custody;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Cli.Seal;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.Identity;
using Sojourn.Hosting.Keepers;
using Sojourn.Hosting.Keys;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Cli.Keeper;

/// <summary><c>sojourn keeper member|consent|consents|share</c>: what a keeper is told on its own machine, while it runs or not.</summary>
internal static class KeeperBookCommands
{
    internal static Option<FileInfo?> KeeperOption() => new("--keeper") { Description = "The keeper's file (default: keeper.yaml in the state folder's 'keeper').", HelpName = "FILE" };

    /// <summary><c>keeper key</c>.</summary>
    public static Command Key()
    {
        var keeper = KeeperOption();
        var command = new Command("key", "Print the key that contents are sealed to for this keeper to release, and custodians' shares.") { keeper };
        command.SetRun(run =>
        {
            var options = KeeperCommands.Read(run.Get(keeper));
            using var keys = PartyKeys.LoadOrCreate(options.KeysFile, options.Name);
            run.Out.WriteLine(Convert.ToHexStringLower(keys.Sealing.Public.Bytes.Span));
            return Task.CompletedTask;
        });
        return command;
    }

    /// <summary><c>keeper member</c>.</summary>
    public static Command Member()
    {
        var account = new Argument<string>("account") { Description = "The member's account.", HelpName = "ACCOUNT" };
        var pool = new Option<string?>("--policy") { Description = "The pool's signed policy: its CID. Without it the key serves all of the member's pools, and is dropped with the first that the member leaves.", HelpName = "CID" };
        var keeper = KeeperOption();
        var command = new Command("member", "Make a key for a pool member's records, or show it. It is dropped when the member withdraws.") { account, pool, keeper };
        command.SetRun(run =>
        {
            if (!Address.TryParse(run.Get(account)!, out var member) || member.IsZero)
            {
                throw new CliException(ExitCode.Usage, $"'{run.Get(account)}' is no account", "0x and 40 hexadecimal digits were expected.");
            }

            var books = BooksOf(run.Get(keeper), out _);
            run.Out.WriteLine(Convert.ToHexStringLower(books.Members.Create(member, run.Get(pool) is { } policy ? CidOf(policy) : null).Bytes.Span));
            run.Note("The member seals its records to this key alone: sojourn seal FILE --policy POLICY --to KEY");
            return Task.CompletedTask;
        });
        return command;
    }

    /// <summary><c>keeper consent</c>.</summary>
    public static Command Consent()
    {
        var word = new Argument<string>("word") { Description = "A member's signed word ('sojourn policy consent' or 'withdraw').", HelpName = "FILE" };
        var keeper = KeeperOption();
        var command = new Command("consent", "Take a pool member's word: consent, or its withdrawal, with which the member's key is dropped for good.") { word, keeper };
        command.SetRun(run =>
        {
            using var file = RegularFiles.OpenRead(run.Get(word)!);
            var bytes = new byte[file.Length <= 4096 ? file.Length : throw new CliException(ExitCode.BadInput, $"{run.Get(word)} is too large for a member's word")];
            file.ReadExactly(bytes);
            var fault = PoolConsent.TryDecode(bytes, out var consent);
            if (fault != PolicyFault.None)
            {
                throw new CliException(ExitCode.BadInput, $"{run.Get(word)} is no signed word of a pool member ({fault})", "'sojourn policy consent' writes one.");
            }

            var books = BooksOf(run.Get(keeper), out _);
            if (!books.Consents.Add(consent!))
            {
                throw new CliException(ExitCode.Refused, $"{consent!.Member.ToChecksumText()} has said something later", "A word with a higher number counts; 'sojourn keeper consents' shows it.");
            }

            run.Out.WriteLine($"{(consent!.Granted ? "consents" : "withdrawn")} {consent.Member.ToChecksumText()} {consent.Content}");
            if (!consent.Granted)
            {
                run.Note(books.Members.Drop(consent.Member, consent.Policy, out var shared) ? "The member's key is dropped: what was sealed to it is noise." : "This keeper holds no key of the member's; it releases nothing of these records from now on.");
                if (shared)
                {
                    run.Warn("it was the key for all of the member's pools at this keeper: records of other pools that were sealed to it are noise, too");
                }
            }

            return Task.CompletedTask;
        });
        return command;
    }

    /// <summary><c>keeper consents</c>.</summary>
    public static Command Consents()
    {
        var policy = new Argument<string>("policy") { Description = "The pool's signed policy: its CID.", HelpName = "CID" };
        var keeper = KeeperOption();
        var output = OutputOption.Create();
        var command = new Command("consents", "Show every pool member's last word under a policy.") { policy, keeper, output };
        command.SetRun(run =>
        {
            if (!Cid.TryParse(run.Get(policy)!, out var cid))
            {
                throw new CliException(ExitCode.Usage, $"'{run.Get(policy)}' is no CID", "'sojourn policy explain' prints it.");
            }

            run.Results.List(
                BooksOf(run.Get(keeper), out _).Consents.Words(cid).OrderBy(word => word.Member).ToList(),
                new Column<PoolConsent>("member", word => word.Member.ToChecksumText()),
                new Column<PoolConsent>("word", word => word.Granted ? "consents" : "withdrawn"),
                new Column<PoolConsent>("content", word => word.Content.ToString()),
                new Column<PoolConsent>("number", word => (long)word.Sequence));
            return Task.CompletedTask;
        });
        return command;
    }

    /// <summary><c>keeper share add|list|deal|take|adopt|drop|hand-over</c>.</summary>
    public static Command Share() => new("share", "Shares of content keys, of which this keeper is a custodian.") { Add(), List(), ShareRefreshCommands.Deal(), ShareRefreshCommands.Take(), ShareRefreshCommands.Adopt(), Drop(), HandOver() };

    private static Command Add()
    {
        var record = new Argument<string>("shares") { Description = "The record of shares.", HelpName = "SHARES" };
        var content = ContentOption();
        var keeper = KeeperOption();
        var command = new Command("add", "Take this keeper's share of a content's key; one of an earlier epoch is wiped.") { record, content, keeper };
        command.SetRun(run =>
        {
            var cid = CidOf(run.Get(content)!);
            var set = CustodyCommands.ReadShares(run.Get(record)!);
            var books = BooksOf(run.Get(keeper), out var options);
            using var keys = PartyKeys.LoadOrCreate(options.KeysFile, options.Name);
            var fault = set.TryOpen(keys.Sealing, out var share);
            using (share)
            {
                if (fault != CustodyFault.None)
                {
                    throw new CliException(
                        fault == CustodyFault.NotForThisKey ? ExitCode.Refused : ExitCode.BadInput,
                        fault == CustodyFault.WrongShare ? "the share that the dealer gave this keeper does not match its commitment" : "the record holds no share for this keeper's key",
                        "Tell whoever dealt the shares.");
                }

                if (!books.Custody.Add(cid, set))
                {
                    throw new CliException(ExitCode.Refused, $"a share of a later epoch of {cid}, or of another policy, is there already", "'sojourn keeper share list' shows it.");
                }

                run.Out.WriteLine($"share {share!.Index} of {set.Custodians.Length} for {cid}, epoch {set.Epoch}");
            }

            if (set.Policy is null)
            {
                run.Warn("the record names no policy: this keeper will release its share to no enclave");
            }

            return Task.CompletedTask;
        });
        return command;
    }

    private static Command List()
    {
        var keeper = KeeperOption();
        var output = OutputOption.Create();
        var command = new Command("list", "Show which contents this keeper holds a share for.") { keeper, output };
        command.SetRun(run =>
        {
            run.Results.List(
                BooksOf(run.Get(keeper), out _).Custody.All().ToList(),
                new Column<(Cid Content, ShareSet Set)>("content", row => row.Content.ToString()),
                new Column<(Cid Content, ShareSet Set)>("needed", row => row.Set.Threshold),
                new Column<(Cid Content, ShareSet Set)>("custodians", row => string.Join(", ", row.Set.Custodians.Select(custodian => custodian.Name))),
                new Column<(Cid Content, ShareSet Set)>("epoch", row => row.Set.Epoch),
                new Column<(Cid Content, ShareSet Set)>("policy", row => row.Set.Policy?.ToString()));
            return Task.CompletedTask;
        });
        return command;
    }

    private static Command Drop()
    {
        var content = new Argument<string>("content") { Description = "The sealed content.", HelpName = "CID" };
        var keeper = KeeperOption();
        var command = new Command("drop", "Wipe this keeper's share of a content's key.") { content, keeper };
        command.SetRun(run =>
        {
            var cid = CidOf(run.Get(content)!);
            if (!BooksOf(run.Get(keeper), out _).Custody.Drop(cid))
            {
                throw new CliException(ExitCode.NotFound, $"this keeper holds no share for {cid}", "'sojourn keeper share list' shows them.");
            }

            run.Out.WriteLine($"dropped {cid}");
            return Task.CompletedTask;
        });
        return command;
    }

    private static Command HandOver()
    {
        var content = new Argument<string>("content") { Description = "The sealed content.", HelpName = "CID" };
        Option<string> to = new("--to") { Description = "The owner's encryption key, as for 'seal --to'. Make sure that it is the owner's: with enough shares, it opens the content.", Required = true, HelpName = "KEY" };
        Option<string> file = new("--file") { Description = "The file to write.", Required = true, HelpName = "FILE" };
        var keeper = KeeperOption();
        var command = new Command("hand-over", "Give this keeper's share back to the owner who lost the key. No policy is asked: it is the operator's own decision, and the keeper's log keeps it.") { content, to, file, keeper };
        command.SetRun(run =>
        {
            var cid = CidOf(run.Get(content)!);
            var books = BooksOf(run.Get(keeper), out var options);
            var set = books.Custody.Find(cid) ?? throw new CliException(ExitCode.NotFound, $"this keeper holds no share for {cid}", "'sojourn keeper share list' shows them.");
            var owner = SealCommands.FindRecipient(run.Get(to)!);
            using var keys = PartyKeys.LoadOrCreate(options.KeysFile, options.Name);
            var fault = set.TryOpen(keys.Sealing, out var share);
            using (share)
            {
                if (fault != CustodyFault.None)
                {
                    throw new CliException(ExitCode.BadInput, $"this keeper's share does not open ({fault})");
                }

                using var made = RegularFiles.CreateNew(run.Get(file)!);
                HandOvers.Note(options.StateFolder, cid, owner, DateTimeOffset.UtcNow);
                made.Write(ShareHandOver.Seal(share!, owner));
            }

            run.Out.WriteLine(run.Get(file));
            run.Note("The owner puts it together with others: sojourn custody recover");
            return Task.CompletedTask;
        });
        return command;
    }

    internal static Option<string> ContentOption() => new("--content") { Description = "The sealed content whose key is shared.", Required = true, HelpName = "CID" };

    internal static Cid CidOf(string text) => Cid.TryParse(text, out var cid) ? cid : throw new CliException(ExitCode.Usage, $"'{text}' is no CID", "'sojourn seal' prints it.");

    internal static KeeperBooks BooksOf(FileInfo? given, out KeeperOptions options)
    {
        options = KeeperCommands.Read(given);
        return new KeeperBooks(options.StateFolder);
    }
}
