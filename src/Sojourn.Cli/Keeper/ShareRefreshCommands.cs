using System.Collections.Immutable;
using System.CommandLine;
using Sojourn.Cli.Running;
using Sojourn.Cryptography.Custody;
using Sojourn.Hosting.Keys;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;

namespace Sojourn.Cli.Keeper;

/// <summary><c>sojourn keeper share deal|take|adopt</c>: custodians change their shares among themselves; the key is whole nowhere, and its owner is not needed.</summary>
internal static class ShareRefreshCommands
{
    private const int FileBytesMax = 1 << 20;

    /// <summary><c>keeper share deal</c>.</summary>
    public static Command Deal()
    {
        var (content, to, keeper) = (KeeperBookCommands.ContentOption(), ToOption(), KeeperBookCommands.KeeperOption());
        var command = new Command("deal", "Refresh, first step: write this keeper's dealing, which changes every custodian's share and leaves the key as it is. Give it to all custodians; it is public.") { content, to, keeper };
        command.SetRun(run =>
        {
            var (set, _, keys, cid) = Open(run, content, keeper);
            using (keys)
            {
                Check(ShareDealing.TryMake(set, keys.Sealing, out var dealing), set);
                Write(run, run.Get(to)!, dealing!.Encode());
                run.Note($"Once the dealings of {set.Threshold} custodians or more are there, each custodian takes the same ones: sojourn keeper share take DEALING … --content {cid} --to FILE");
            }

            return Task.CompletedTask;
        });
        return command;
    }

    /// <summary><c>keeper share take</c>.</summary>
    public static Command Take()
    {
        var dealings = new Argument<string[]>("dealing") { Description = "Custodians' dealings; all custodians take the same ones.", HelpName = "DEALING", Arity = ArgumentArity.OneOrMore };
        var (content, to, keeper) = (KeeperBookCommands.ContentOption(), ToOption(), KeeperBookCommands.KeeperOption());
        var command = new Command("take", "Refresh, second step: check the dealings, and write what the other custodians need to know of this keeper's new share. A wrong dealing is named. The old share stays in force.") { dealings, content, to, keeper };
        command.SetRun(run =>
        {
            var (set, _, keys, cid) = Open(run, content, keeper);
            using (keys)
            {
                var read = run.Get(dealings)!.Select(file => Read(file, (ReadOnlySpan<byte> bytes, out ShareDealing? dealing) => ShareDealing.TryDecode(bytes, out dealing), "dealing", "deal")).ToList();
                var fault = ShareRefresh.TryTake(set, keys.Sealing, read, out var refreshed, out var wrong);
                if (!wrong.IsEmpty)
                {
                    throw new CliException(ExitCode.BadInput, $"wrong dealings came from: {Names(wrong)}", "Tell the other custodians, and take the others' dealings without them.");
                }

                if (fault == CustodyFault.TooFewShares)
                {
                    throw new CliException(ExitCode.BadInput, $"the dealings of {set.Threshold} different custodians are needed, one of each; {read.Select(dealing => dealing.Dealer).Distinct().Count()} dealt", "Ask the others for theirs: sojourn keeper share deal");
                }

                Check(fault, set);
                Write(run, run.Get(to)!, refreshed!.Encode());
                run.Note($"Once every custodian's file is there, each adopts them: sojourn keeper share adopt FILE … --content {cid}");
            }

            return Task.CompletedTask;
        });
        return command;
    }

    /// <summary><c>keeper share adopt</c>.</summary>
    public static Command Adopt()
    {
        var files = new Argument<string[]>("refreshed") { Description = "What 'keeper share take' wrote at every custodian, this one among them.", HelpName = "FILE", Arity = ArgumentArity.OneOrMore };
        var (content, keeper) = (KeeperBookCommands.ContentOption(), KeeperBookCommands.KeeperOption());
        var command = new Command("adopt", "Refresh, last step: put the new share in force and wipe the old one.") { files, content, keeper };
        command.SetRun(run =>
        {
            var (set, books, keys, cid) = Open(run, content, keeper);
            using (keys)
            {
                var read = run.Get(files)!.Select(file => Read(file, (ReadOnlySpan<byte> bytes, out RefreshedShare? share) => RefreshedShare.TryDecode(bytes, out share), "refreshed share", "take")).ToList();
                var fault = ShareRefresh.TryAdopt(set, keys.Sealing, read, out var next, out var wrong);
                if (!wrong.IsEmpty)
                {
                    throw new CliException(ExitCode.BadInput, $"no right file is there of: {Names(wrong)}. It is missing, it is not theirs, or they took other dealings", "Every custodian's file is needed, and all must have taken the same dealings. Nothing was changed.");
                }

                Check(fault, set);
                if (!books.Custody.Add(cid, next!))
                {
                    throw new CliException(ExitCode.Refused, $"a share of a later epoch of {cid} is there already", "'sojourn keeper share list' shows it.");
                }

                run.Out.WriteLine($"epoch {next!.Epoch} of {cid}");
            }

            return Task.CompletedTask;
        });
        return command;
    }

    private delegate CustodyFault Decoder<T>(ReadOnlySpan<byte> bytes, out T? value);

    private static Option<string> ToOption() => new("--to") { Description = "The file to write.", Required = true, HelpName = "FILE" };

    private static string Names(ImmutableArray<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));

    private static (ShareSet Set, KeeperBooks Books, PartyKeys Keys, Cid Content) Open(CommandRun run, Option<string> content, Option<FileInfo?> keeper)
    {
        var cid = KeeperBookCommands.CidOf(run.Get(content)!);
        var books = KeeperBookCommands.BooksOf(run.Get(keeper), out var options);
        var set = books.Custody.Find(cid) ?? throw new CliException(ExitCode.NotFound, $"this keeper holds no share for {cid}", "'sojourn keeper share list' shows them.");
        return (set, books, PartyKeys.LoadOrCreate(options.KeysFile, options.Name), cid);
    }

    private static void Check(CustodyFault fault, ShareSet set)
    {
        if (fault != CustodyFault.None)
        {
            throw fault switch
            {
                CustodyFault.CannotRefresh => new CliException(ExitCode.Refused, set.Threshold < 2 ? "with a threshold of 1 every share is the key: nothing can be refreshed" : "these shares cannot be refreshed among custodians", "Whoever has the key deals new ones: sojourn custody refresh"),
                CustodyFault.OtherSet => new CliException(ExitCode.BadInput, "a dealing is for another content, or for another epoch of this one", $"This keeper's share is of epoch {set.Epoch}: 'sojourn keeper share list' shows it."),
                _ => new CliException(ExitCode.BadInput, $"this keeper's own share does not open ({fault})", "The record may be for another keeper: sojourn keeper key prints this one's key."),
            };
        }
    }

    private static T Read<T>(string path, Decoder<T> decode, string what, string verb)
    {
        using var file = RegularFiles.OpenRead(path);
        var bytes = new byte[file.Length <= FileBytesMax ? file.Length : throw new CliException(ExitCode.BadInput, $"{path} is too large for a {what}")];
        file.ReadExactly(bytes);
        return decode(bytes, out var value) == CustodyFault.None ? value! : throw new CliException(ExitCode.BadInput, $"{path} is no {what}", $"'sojourn keeper share {verb}' writes one.");
    }

    private static void Write(CommandRun run, string path, byte[] bytes)
    {
        using var file = RegularFiles.CreateNew(path);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
        run.Out.WriteLine(path);
    }
}
