using System.CommandLine;
using Sojourn.Cli.Keys;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Hosting.Keys;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;
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
        Option<string?> policy = new("--policy") { Description = "The signed policy from now on (default: the one it has).", HelpName = "FILE" };
        Option<bool> drop = new("--no-policy") { Description = "Carry no policy from now on." };
        Option<string> file = new("--car") { Description = "The CAR to write.", Required = true, HelpName = "FILE" };
        Option<bool> hide = new("--hide-recipients") { Description = "Leave out the recipients' key identifiers." };
        Option<bool> idOnly = new("--id-only") { Description = "Print the new CID alone." };
        var output = OutputOption.Create();
        var passphrases = new Passphrases();
        var command = new Command("rewrap", "Give sealed content other recipients or another policy, without sealing it anew. Who could open it before still can open the old copy.") { input, key, cid, to, policy, drop, file, hide, idOnly, output };
        passphrases.AddTo(command);
        command.SetRun(async run =>
        {
            using var recipient = KeyStore.In(Places.StateFolder).OpenEncryption(run.Get(key)!, stored => passphrases.For(run, stored));
            if (run.Get(drop) && run.Get(policy) is not null)
            {
                throw new CliException(ExitCode.Usage, "--policy and --no-policy contradict each other", "Leave one of them out.");
            }

            await using var source = RegularFiles.OpenRead(run.Get(input)!);
            using var car = await CarFileSource.OpenAsync(source, run.Cancellation).ConfigureAwait(false);
            var content = RootOf(car, run.Get(input)!, run.Get(cid));
            var signed = run.Get(policy) is { } path ? ReadPolicy(path) : null;
            var old = await SealedDag.ReadHeaderAsync(car, content, run.Cancellation).ConfigureAwait(false);
            var fault = old.TryOpenKey(recipient, out var secret);
            using (secret)
            {
                SealedHeader? header = null;
                fault = fault != SealedFault.None ? fault
                    : old.TryRewrap(secret!, [.. run.Get(to)!.Select(FindRecipient)], signed?.Cid ?? (run.Get(drop) ? null : old.Policy), run.Get(hide), out header);
                if (fault != SealedFault.None)
                {
                    throw new SealedContentException(fault);
                }

                await WriteAsync(run, car, header!, signed, run.Get(file)!).ConfigureAwait(false);
                Print(run, header!, run.Get(file)!, run.Get(idOnly));
            }

            run.Warn($"Whoever has {content} and an old key can still open that copy. To take a key away, seal anew.");
        });
        return command;
    }

    /// <summary>Seals content to other recipients with its content key, under the same policy, into another CAR.</summary>
    internal static async Task RewrapAsync(CommandRun run, string input, string? cid, SecretKey key, IReadOnlyCollection<HpkePublicKey> recipients, string target)
    {
        await using var source = RegularFiles.OpenRead(input);
        using var car = await CarFileSource.OpenAsync(source, run.Cancellation).ConfigureAwait(false);
        var old = await SealedDag.ReadHeaderAsync(car, RootOf(car, input, cid), run.Cancellation).ConfigureAwait(false);
        var fault = old.TryRewrap(key, recipients, old.Policy, hideRecipients: false, out var header);
        if (fault != SealedFault.None)
        {
            throw new SealedContentException(fault);
        }

        await WriteAsync(run, car, header!, null, target).ConfigureAwait(false);
        Print(run, header!, target, idOnly: false);
    }

    // The new header, its policy, and the old body as it is.
    private static async Task WriteAsync(CommandRun run, CarFileSource car, SealedHeader header, SignedPolicy? signed, string target)
    {
        if (File.Exists(target))
        {
            throw new CliException(ExitCode.Usage, $"{target} is there already", "Name another file with --car.");
        }

        var temporary = RegularFiles.Beside(target);
        try
        {
            await using (var stream = RegularFiles.CreateNew(temporary))
            {
                using var progress = run.Progress("copying", header.Size);
                var writer = await CarWriter.CreateAsync(stream, [header.Cid], cancellationToken: run.Cancellation).ConfigureAwait(false);
                await writer.PutAsync(Block.Create(Multicodec.DagCbor, header.Encode()), run.Cancellation).ConfigureAwait(false);
                var policy = signed is not null ? new Block(signed.Cid, signed.Block)
                    : header.Policy is { } kept ? await car.GetAsync(kept, run.Cancellation).ConfigureAwait(false) : null;
                if (policy is not null)
                {
                    await writer.PutAsync(policy, run.Cancellation).ConfigureAwait(false);
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
    }

    private static void Print(CommandRun run, SealedHeader header, string target, bool idOnly)
    {
        if (idOnly)
        {
            run.Out.WriteLine(header.Cid);
            return;
        }

        run.Results.One(
            header,
            new Column<SealedHeader>("cid", h => h.Cid.ToString()),
            new Column<SealedHeader>("file", _ => target),
            new Column<SealedHeader>("recipients", h => h.Keys.Length),
            new Column<SealedHeader>("policy", h => h.Policy?.ToString()));
    }
}
