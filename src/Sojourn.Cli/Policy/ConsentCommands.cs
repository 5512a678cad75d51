using System.CommandLine;
using Sojourn.Cli.Keys;
using Sojourn.Cli.Running;
using Sojourn.Cli.Seal;
using Sojourn.Cryptography.Identity;
using Sojourn.Hosting.Keys;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Cli.Policy;

/// <summary><c>sojourn policy consent|withdraw</c>: a pool member's signed word.</summary>
internal static class ConsentCommands
{
    /// <summary><c>policy consent</c>.</summary>
    public static Command Consent() => Word("consent", "Let your own sealed records be used under a pool's policy.", granted: true);

    /// <summary><c>policy withdraw</c>.</summary>
    public static Command Withdraw() => Word("withdraw", "Take your consent back: your keeper drops the key to your records, and nobody can open them any more.", granted: false);

    private static Command Word(string verb, string description, bool granted)
    {
        Argument<string> policy = new("policy") { Description = "The pool's signed policy.", HelpName = "POLICY" };
        Option<string> content = new("--content") { Description = "Your sealed records (CID).", Required = true, HelpName = "CID" };
        Option<string> key = new("--key") { Description = "Your account: a key's name; the policy names it as a member.", Required = true, HelpName = "NAME" };
        Option<long?> number = new("--number") { Description = "The word's number: the highest counts (default: the time in milliseconds).", HelpName = "N" };
        Option<string> to = new("--to") { Description = "The file to write.", Required = true, HelpName = "FILE" };
        var passphrases = new Passphrases();
        var command = new Command(verb, description) { policy, content, key, number, to };
        passphrases.AddTo(command);
        command.SetRun(run =>
        {
            var signed = SealCommands.ReadPolicy(run.Get(policy)!);
            if (signed.Policy is not DataPolicy { Pool: { } pool })
            {
                throw new CliException(ExitCode.BadInput, $"{run.Get(policy)} is not the policy of a pool: it belongs to {signed.Policy.Owner.ToChecksumText()} alone", "A pool's policy has members: see 'sojourn policy new'.");
            }

            if (!Cid.TryParse(run.Get(content)!, out var cid))
            {
                throw new CliException(ExitCode.Usage, $"'{run.Get(content)}' is no CID", "'sojourn seal' prints it.");
            }

            if (run.Get(number) is < 0)
            {
                throw new CliException(ExitCode.Usage, "a word's number counts from 0", "Leave --number out.");
            }

            using var member = KeyStore.In(Places.StateFolder).OpenAccount(run.Get(key)!, stored => passphrases.For(run, stored));
            if (!pool.Members.Contains(member.Address))
            {
                throw new CliException(ExitCode.Refused, $"{member.Address.ToChecksumText()} is no member of this pool", "Use the key of an account that the policy names.");
            }

            var word = PoolConsent.Sign(signed.Cid, cid, granted, (ulong)(run.Get(number) ?? DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), member);
            using (var file = RegularFiles.CreateNew(run.Get(to)!))
            {
                file.Write(word.Encode());
            }

            run.Out.WriteLine(run.Get(to));
            run.Note(granted
                ? $"Each keeper of the pool takes it with: sojourn keeper consent {run.Get(to)}"
                : $"Each keeper of the pool takes it with: sojourn keeper consent {run.Get(to)}; the keeper that holds your key drops it then");
            return Task.CompletedTask;
        });
        return command;
    }
}
