using System.CommandLine;
using Sojourn.Cli.Keys;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Cli.Seal;
using Sojourn.Content.Car;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Hosting.Keys;
using Sojourn.Primitives;
using Sojourn.Protocol.Sealing;

namespace Sojourn.Cli.Custody;

/// <summary><c>sojourn custody split|show|refresh|recover</c>: keys that no one keeper holds.</summary>
internal static class CustodyCommands
{
    private const int RecordBytesMax = 1 << 20;

    /// <summary>The noun.</summary>
    public static Command Create()
    {
        ErrorRules.Add(KeysCommands.Explain);
        ErrorRules.Add(SealCommands.Explain);
        return new Command("custody", "Share a content's key among custodians, so that no one of them can release it.") { Split(), Show(), Refresh(), Recover() };
    }

    /// <summary>Splits a key, with words where that cannot be done.</summary>
    public static ShareSet Split(SecretKey key, int threshold, IReadOnlyList<(string Name, HpkePublicKey Key)> custodians, Cid? policy)
    {
        Check(threshold, custodians);
        return ShareSet.Split(key, threshold, custodians, policy);
    }

    /// <summary>Writes a record that must not be there yet.</summary>
    public static void WriteShares(string path, ShareSet set)
    {
        using var file = RegularFiles.CreateNew(path);
        file.Write(set.Encode());
        file.Flush(flushToDisk: true);
    }

    /// <summary>Reads a record; untrusted.</summary>
    public static ShareSet ReadShares(string path)
    {
        using var file = RegularFiles.OpenRead(path);
        var bytes = new byte[file.Length <= RecordBytesMax ? file.Length : throw new CliException(ExitCode.BadInput, $"{path} is too large for a record of shares")];
        file.ReadExactly(bytes);
        var fault = ShareSet.TryDecode(bytes, out var set);
        return fault == CustodyFault.None ? set! : throw new CliException(ExitCode.BadInput, $"{path} is no record of shares ({fault})", "'sojourn seal --custodian' and 'sojourn custody split' write one.");
    }

    private static Argument<string> CarArgument() => new("car") { Description = "A CAR with sealed content.", HelpName = "CAR" };

    private static Argument<string> RecordArgument() => new("shares") { Description = "A record of shares.", HelpName = "SHARES" };

    private static Option<string> KeyOption(string what) => new("--key") { Description = what, Required = true, HelpName = "NAME" };

    private static Option<string?> CidOption() => new("--cid") { Description = "Which content, where the CAR does not say.", HelpName = "CID" };

    private static Option<string> ToOption() => new("--to") { Description = "The file to write.", Required = true, HelpName = "FILE" };

    private static Command Split()
    {
        var car = CarArgument();
        var key = KeyOption("Your encryption key's name: one that the content is sealed to.");
        var (cid, to, shared, passphrases) = (CidOption(), ToOption(), new CustodianOptions(), new Passphrases());
        var command = new Command("split", "Share the key of content that is sealed to you among custodians.") { car, key, cid, to };
        shared.AddTo(command);
        passphrases.AddTo(command);
        command.SetRun(async run =>
        {
            RefuseExisting(run.Get(to)!);
            var (root, header, secret) = await OpenKeyAsync(run, run.Get(car)!, run.Get(cid), run.Get(key)!, passphrases).ConfigureAwait(false);
            using (secret)
            {
                WriteShares(run.Get(to)!, Split(secret, shared.ThresholdOf(run), shared.Of(run), header.Policy));
            }

            run.Out.WriteLine(run.Get(to));
            if (!header.Keys.IsEmpty)
            {
                run.Warn($"{root} is still sealed to {header.Keys.Length} key(s), which open it alone. 'sojourn seal --custodian' without --to leaves none.");
            }

            run.Note($"Each custodian takes its share with: sojourn keeper share add {run.Get(to)} --content {root}");
        });
        return command;
    }

    private static Command Show()
    {
        var record = RecordArgument();
        var output = OutputOption.Create();
        var command = new Command("show", "Show who holds shares. The record tells nothing of the key.") { record, output };
        command.SetRun(run =>
        {
            var set = ReadShares(run.Get(record)!);
            run.Results.List(
                set.Custodians.Select((custodian, i) => (Index: i + 1, Custodian: custodian)).ToList(),
                new Column<(int Index, Custodian Custodian)>("share", row => row.Index),
                new Column<(int Index, Custodian Custodian)>("custodian", row => row.Custodian.Name),
                new Column<(int Index, Custodian Custodian)>("commitment", row => row.Custodian.Commitment.ToString(), row => row.Custodian.Commitment.ToString()[..16]),
                new Column<(int Index, Custodian Custodian)>("key", row => Convert.ToHexStringLower(row.Custodian.Key.Span), OnlyData: true));
            run.Note($"{set.Threshold} of {set.Custodians.Length} shares give the key; epoch {set.Epoch}; policy {set.Policy?.ToString() ?? "none"}");
            return Task.CompletedTask;
        });
        return command;
    }

    private static Command Refresh()
    {
        var record = RecordArgument();
        var car = new Option<string>("--car") { Description = "The CAR with the sealed content.", Required = true, HelpName = "CAR" };
        var key = KeyOption("Your encryption key's name: one that the content is sealed to.");
        var (cid, to, shared, passphrases) = (CidOption(), ToOption(), new CustodianOptions(), new Passphrases());
        var command = new Command("refresh", "Deal new shares of the same key, to the same custodians or others: old shares fit no new one, so what leaked before is worth nothing once custodians have taken the new ones.") { record, car, key, cid, to };
        shared.AddTo(command);
        passphrases.AddTo(command);
        command.SetRun(async run =>
        {
            RefuseExisting(run.Get(to)!);
            var old = ReadShares(run.Get(record)!);
            IReadOnlyList<(string Name, HpkePublicKey Key)> custodians = shared.Of(run) is { Count: > 0 } named ? named : [.. old.Custodians.Select(KeyOf)];
            var threshold = shared.Threshold(run) ?? Math.Min(old.Threshold, custodians.Count);
            Check(threshold, custodians);
            var (root, _, secret) = await OpenKeyAsync(run, run.Get(car)!, run.Get(cid), run.Get(key)!, passphrases).ConfigureAwait(false);
            using (secret)
            {
                if (old.TryDealAnew(secret, threshold, custodians, out var refreshed) != CustodyFault.None)
                {
                    throw new CliException(ExitCode.BadInput, $"{run.Get(record)} holds shares of another key than that of {root}", "Name the content with --cid, or the right record.");
                }

                WriteShares(run.Get(to)!, refreshed!);
                run.Out.WriteLine(run.Get(to));
                run.Note($"Epoch {refreshed!.Epoch}. Each custodian takes its share with: sojourn keeper share add {run.Get(to)} --content {root}");
            }
        });
        return command;

        static (string Name, HpkePublicKey Key) KeyOf(Custodian custodian) => HpkePublicKey.TryImport(HpkeKem.P256, custodian.Key.Span, out var key)
            ? (custodian.Name, key) : throw new CliException(ExitCode.BadInput, $"the key of '{custodian.Name}' is no point of P-256", "Name the custodians with --custodian.");
    }

    private static Command Recover()
    {
        var car = CarArgument();
        Option<string> record = new("--record") { Description = "The record of shares.", Required = true, HelpName = "SHARES" };
        Option<string[]> shares = new("--share") { Description = "What a custodian handed over ('sojourn keeper share hand-over'). Repeat for each.", Required = true, HelpName = "FILE" };
        var key = KeyOption("Your encryption key's name: the one that the custodians sealed their shares to; the content will be sealed to it.");
        Option<string> made = new("--to") { Description = "The CAR to write.", Required = true, HelpName = "FILE" };
        var (cid, passphrases) = (CidOption(), new Passphrases());
        var command = new Command("recover", "For the owner who lost the key: put it together again from custodians' shares, on this machine, and seal it to your key.") { car, record, shares, key, cid, made };
        passphrases.AddTo(command);
        command.SetRun(async run =>
        {
            RefuseExisting(run.Get(made)!);
            using var own = KeyStore.In(Places.StateFolder).OpenEncryption(run.Get(key)!, stored => passphrases.For(run, stored));
            var set = ReadShares(run.Get(record)!);
            var opened = new List<Share>();
            try
            {
                foreach (var file in run.Get(shares)!)
                {
                    var fault = ShareHandOver.TryOpen(own, await ReadSmallAsync(file, run.Cancellation).ConfigureAwait(false), out var share);
                    opened.Add(fault == CustodyFault.None ? share! : throw new CliException(fault == CustodyFault.NotForThisKey ? ExitCode.Refused : ExitCode.BadInput, $"{file} is no share that was handed over to '{run.Get(key)}' ({fault})"));
                }

                var combined = set.TryCombine(opened, out var secret, out var wrong);
                if (!wrong.IsEmpty)
                {
                    run.Warn($"wrong shares came from: {string.Join(", ", wrong)}");
                }

                using (secret)
                {
                    if (combined != CustodyFault.None)
                    {
                        throw new CliException(ExitCode.BadInput, combined switch
                        {
                            CustodyFault.WrongShare => $"too few of the shares are right; wrong ones came from: {string.Join(", ", wrong)}",
                            CustodyFault.OtherSet => "the shares belong to another record, or to another epoch of this one",
                            CustodyFault.WrongSecret => "the shares are those of the record, and give another key than the record says",
                            _ => $"{set.Threshold} shares are needed",
                        });
                    }

                    await SealCommands.RewrapAsync(run, run.Get(car)!, run.Get(cid), secret!, [own.Public], run.Get(made)!).ConfigureAwait(false);
                }
            }
            finally
            {
                opened.ForEach(share => share.Dispose());
            }

            run.Note("The key was put together on this machine. Deal new shares if anybody but you could have looked: sojourn custody refresh");
        });
        return command;
    }

    private static void Check(int threshold, IReadOnlyList<(string Name, HpkePublicKey Key)> custodians)
    {
        var words = custodians.Count is 0 or > ShareSet.SharesMax ? $"1 to {ShareSet.SharesMax} custodians are needed"
            : threshold < 1 || threshold > custodians.Count ? $"the threshold is from 1 to the number of custodians, {custodians.Count}"
            : custodians.Any(custodian => custodian.Name.Length > 50 || custodian.Name.Any(char.IsControl)) ? "a custodian's name has at most 50 characters, none of them a control character"
            : custodians.Select(custodian => custodian.Name).Distinct(StringComparer.Ordinal).Count() != custodians.Count ? "two custodians have one name"
            : custodians.Select(custodian => Convert.ToHexString(custodian.Key.Bytes.Span)).Distinct(StringComparer.Ordinal).Count() != custodians.Count ? "two custodians have one key: it would count twice"
            : null;
        if (words is not null)
        {
            throw new CliException(ExitCode.Usage, words, "Name custodians with --custodian NAME=KEY, and how many are needed with --threshold.");
        }
    }

    private static void RefuseExisting(string path)
    {
        if (File.Exists(path))
        {
            throw new CliException(ExitCode.Usage, $"{path} is there already", "Name another file with --to.");
        }
    }

    private static async Task<byte[]> ReadSmallAsync(string path, CancellationToken cancel)
    {
        await using var file = RegularFiles.OpenRead(path);
        var bytes = new byte[file.Length <= 16_384 ? file.Length : throw new CliException(ExitCode.BadInput, $"{path} is too large for a share")];
        await file.ReadExactlyAsync(bytes, cancel).ConfigureAwait(false);
        return bytes;
    }

    private static async Task<(Cid Root, SealedHeader Header, SecretKey Key)> OpenKeyAsync(CommandRun run, string car, string? cid, string key, Passphrases passphrases)
    {
        using var recipient = KeyStore.In(Places.StateFolder).OpenEncryption(key, stored => passphrases.For(run, stored));
        await using var file = RegularFiles.OpenRead(car);
        using var source = await CarFileSource.OpenAsync(file, run.Cancellation).ConfigureAwait(false);
        var root = SealCommands.RootOf(source, car, cid);
        var header = await SealedDag.ReadHeaderAsync(source, root, run.Cancellation).ConfigureAwait(false);
        var fault = header.TryOpenKey(recipient, out var secret);
        return fault == SealedFault.None ? (root, header, secret!) : throw new SealedContentException(fault);
    }
}
