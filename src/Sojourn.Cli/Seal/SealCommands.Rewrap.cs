using System.CommandLine;
using Sojourn.Cli.Keys;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Hosting.Keys;
using Sojourn.Primitives;
using Sojourn.Protocol.Sealing;

namespace Sojourn.Cli.Seal;

/// <content><c>sojourn rewrap</c>: other recipients or another policy for content that is sealed already.</content>
internal static partial class SealCommands
{
    /// <summary><c>sojourn rewrap</c>.</summary>
    public static Command CreateRewrap()
    {
        ErrorRules.Add(KeysCommands.Explain);
        ErrorRules.Add(Explain);
        Argument<string> input = new("car") { Description = "A CAR with sealed content.", HelpName = "CAR" };
        Option<string> key = new("--key") { Description = "Your encryption key's name: it must be one that the content is sealed to.", Required = true, HelpName = "NAME" };
        Option<string?> cid = new("--cid") { Description = "Which content, where the CAR does not say.", HelpName = "CID" };
        Option<string[]> to = new("--to") { Description = "Everyone who may open it from now on, as for 'seal'. May be repeated.", Required = true, HelpName = "KEY" };
        Option<string?> policy = new("--policy") { Description = "The signed policy from now on; without it the content carries none.", HelpName = "FILE" };
        Option<string> file = new("--car") { Description = "The CAR to write.", Required = true, HelpName = "FILE" };
        Option<bool> hide = new("--hide-recipients") { Description = "Leave out the recipients' key identifiers." };
        Option<bool> idOnly = new("--id-only") { Description = "Print the new CID alone." };
        var output = OutputOption.Create();
        var passphrases = new Passphrases();
        var command = new Command("rewrap", "Give sealed content other recipients or another policy, without sealing it anew. Who could open it before still can open the old copy.") { input, key, cid, to, policy, file, hide, idOnly, output };
        passphrases.AddTo(command);
        command.SetRun(async run =>
        {
            using var recipient = KeyStore.In(Places.StateFolder).OpenEncryption(run.Get(key)!, stored => passphrases.For(run, stored));
            await using var source = File.OpenRead(run.Get(input)!);
            using var car = await CarFileSource.OpenAsync(source, run.Cancellation).ConfigureAwait(false);
            var content = RootOf(car, run.Get(input)!, run.Get(cid));
            var signed = run.Get(policy) is { } path ? ReadPolicy(path) : null;
            var target = run.Get(file)!;
            if (File.Exists(target))
            {
                throw new CliException(ExitCode.Usage, $"{target} is there already", "Name another file with --car.");
            }

            var blocks = new MemoryBlocks();
            var recipients = run.Get(to)!.Select(FindRecipient).ToList();
            var (made, header) = await SealedDag.RewrapAsync(car, content, recipient, recipients, signed, run.Get(hide), blocks, run.Cancellation).ConfigureAwait(false);
            var temporary = target + ".part";
            try
            {
                await using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
                {
                    using var progress = run.Progress("copying", header.Size);
                    var writer = await CarWriter.CreateAsync(stream, [made], cancellationToken: run.Cancellation).ConfigureAwait(false);
                    foreach (var own in (Cid?[])[made, signed?.Cid])
                    {
                        if (own is not null)
                        {
                            await writer.PutAsync((await blocks.GetAsync(own, run.Cancellation).ConfigureAwait(false))!, run.Cancellation).ConfigureAwait(false);
                        }
                    }

                    await foreach (var block in DagWalker.WalkAsync(car, new DagRequest(ContentPath.Of(header.Body)) { Duplicates = false }, run.Cancellation).ConfigureAwait(false))
                    {
                        await writer.PutAsync(block, run.Cancellation).ConfigureAwait(false);
                        progress.Advance(block.Data.Length);
                    }

                    await writer.FinishAsync(run.Cancellation).ConfigureAwait(false);
                }

                File.Move(temporary, target, overwrite: false);
            }
            finally
            {
                File.Delete(temporary);
            }

            if (run.Get(idOnly))
            {
                run.Out.WriteLine(made);
            }
            else
            {
                run.Results.One(
                    header,
                    new Column<Cryptography.Sealing.SealedHeader>("cid", _ => made.ToString()),
                    new Column<Cryptography.Sealing.SealedHeader>("file", _ => target),
                    new Column<Cryptography.Sealing.SealedHeader>("recipients", h => h.Keys.Length),
                    new Column<Cryptography.Sealing.SealedHeader>("policy", h => h.Policy?.ToString()));
            }

            run.Warn($"Whoever has {content} and an old key can still open that copy. To take a key away, seal anew.");
        });
        return command;
    }
}
