using System.CommandLine;
using System.Text.Json.Nodes;
using Sojourn.Cli.Keys;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Cryptography.Identity;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Policies;
using Sojourn.Hosting.Yaml;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Cli.Policy;

/// <summary><c>sojourn policy</c>: write, check, explain and sign policies.</summary>
internal static class PolicyCommands
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        ErrorRules.Add(KeysCommands.Explain);
        ErrorRules.Add(exception => exception is YamlFileException e ? new CliError(ExitCode.Usage, e.Message) : null);
        return new Command("policy", "Write, check, explain and sign owners' policies.") { New(), Check(), Explain(), Sign(), ConsentCommands.Consent(), ConsentCommands.Withdraw() };
    }

    // Stands for the account that will sign, where a file names none.
    private static readonly Address s_signer = new([.. Enumerable.Repeat((byte)0xEE, 20)]);

    private static bool IsSigned(string path)
    {
        using var file = RegularFiles.OpenRead(path);
        var bytes = new byte[Math.Min(file.Length, PolicyCodec.SizeMax)];
        file.ReadExactly(bytes);
        return SignedPolicy.TryDecode(bytes, out _) == PolicyFault.None;
    }

    private static Argument<string> FileArgument() => new("file") { Description = "A policy: YAML, or a signed one.", HelpName = "FILE" };

    private static Option<string?> KeyOption(bool required) => new("--key") { Description = "The owner's account: a key's name.", Required = required, HelpName = "NAME" };

    private static Command New()
    {
        Option<string> kind = new("--kind") { Description = "data or app.", DefaultValueFactory = _ => "data", HelpName = "KIND" };
        kind.AcceptOnlyFromAmong("data", "app");
        Argument<string?> what = new("policy") { Description = "The same, without --kind.", HelpName = "data|app", Arity = ArgumentArity.ZeroOrOne };
        what.AcceptOnlyFromAmong("data", "app");
        var command = new Command("new", "Print a template with every key and its default.") { what, kind };
        command.SetRun(run =>
        {
            run.Out.Write(PolicyFile.Template(run.Get(what) ?? run.Get(kind)!, DateTimeOffset.UtcNow));
            run.Note("Save it, fill it in, then: sojourn policy check FILE");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command Check()
    {
        Argument<string> file = FileArgument();
        Option<string?> key = KeyOption(required: false);
        var command = new Command("check", "Check a policy without signing it.") { file, key };
        command.SetRun(run =>
        {
            var policy = Read(run.Get(file)!, OwnerOf(run.Get(key)), out _);
            run.Note(policy.Owner == s_signer ? $"{run.Get(file)} is a policy of whoever signs it." : $"{run.Get(file)} is a policy of {policy.Owner.ToChecksumText()}.");
            foreach (var warning in Warnings(policy))
            {
                run.Warn(warning);
            }

            run.Note($"See what it allows with: sojourn policy explain {run.Get(file)}");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command Explain()
    {
        Argument<string> file = FileArgument();
        Option<string?> key = KeyOption(required: false);
        Option<int> committee = new("--committee") { Description = "Verifiers in a committee, for the cost of breaking it.", HelpName = "N" };
        Option<string?> stake = new("--stake") { Description = "What each verifier has at stake, in smallest units.", HelpName = "UNITS" };
        Option<string?> deposit = new("--deposit") { Description = "What an executor has at stake, in smallest units.", HelpName = "UNITS" };
        var output = OutputOption.Create();
        var command = new Command("explain", "Say in plain English what a policy allows and what it costs to break it.") { file, key, committee, stake, deposit, output };
        command.SetRun(run =>
        {
            var policy = Read(run.Get(file)!, OwnerOf(run.Get(key)), out var signed);
            var market = run.Get(committee) > 0 ? new MarketFacts(run.Get(committee), AmountOf(run.Get(stake)), AmountOf(run.Get(deposit))) : null;
            var parts = PolicyExplainer.Explain(policy, market);
            if (run.Format != OutputFormat.Table)
            {
                var document = new JsonObject();
                foreach (var part in parts)
                {
                    document[part.Heading] = new JsonArray([.. part.Lines.Select(line => JsonValue.Create(line))]);
                }

                run.Results.Document(document);
                return Task.FromResult(ExitCode.Ok);
            }

            foreach (var part in parts)
            {
                run.Out.WriteLine(part.Heading);
                foreach (var line in part.Lines)
                {
                    run.Out.WriteLine($"  {TerminalText.Safe(policy.Owner == s_signer ? line.Replace(s_signer.ToString(), "whoever signs it", StringComparison.OrdinalIgnoreCase) : line)}");
                }

                run.Out.WriteLine();
            }

            run.Note(signed is null ? "This policy is not signed yet: sojourn policy sign FILE --key NAME --to FILE" : $"Signed by its owner. CID: {signed.Cid}");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command Sign()
    {
        Argument<string> file = FileArgument();
        Option<string?> key = KeyOption(required: true);
        Option<string?> to = new("--to") { Description = "The file to write.", HelpName = "FILE" };
        Option<bool> idOnly = new("--id-only") { Description = "Print the CID alone." };
        var output = OutputOption.Create();
        var passphrases = new Passphrases();
        var command = new Command("sign", "Sign a policy; the result goes to 'sojourn seal --policy'.") { file, key, to, idOnly, output };
        passphrases.AddTo(command);
        command.SetRun(run =>
        {
            var policy = Read(run.Get(file)!, OwnerOf(run.Get(key)), out _);
            using var owner = KeyStore.In(Places.StateFolder).OpenAccount(run.Get(key)!, stored => passphrases.For(run, stored));
            if (owner.Address != policy.Owner)
            {
                throw new CliException(ExitCode.Refused, $"{run.Get(file)} belongs to {policy.Owner.ToChecksumText()}, the key '{run.Get(key)}' is {owner.Address.ToChecksumText()}'s", "Sign with the owner's key, or leave Owner out of the file.");
            }

            var signed = SignedPolicy.Sign(policy, owner);
            var target = run.Get(to) ?? Path.ChangeExtension(run.Get(file)!, ".policy");
            if (Path.GetFullPath(target) == Path.GetFullPath(run.Get(file)!))
            {
                throw new CliException(ExitCode.Usage, $"{target} would be written over by its own signature", "Name another file with --to.");
            }

            // A policy that is signed again replaces the file as a whole; a link in its place is replaced, not followed. Nothing else is lost.
            if (File.Exists(target) && !IsSigned(target))
            {
                throw new CliException(ExitCode.Usage, $"{target} is there already, and is no signed policy", "Name another file with --to.");
            }

            var temporary = RegularFiles.Beside(target);
            using (var made = RegularFiles.CreateNew(temporary))
            {
                made.Write(signed.Block.Span);
            }

            File.Move(temporary, target, overwrite: true);
            if (run.Get(idOnly))
            {
                run.Out.WriteLine(signed.Cid);
            }
            else
            {
                run.Results.One(
                    signed,
                    new Column<SignedPolicy>("cid", s => s.Cid.ToString()),
                    new Column<SignedPolicy>("file", _ => target),
                    new Column<SignedPolicy>("owner", s => s.Policy.Owner.ToChecksumText()),
                    new Column<SignedPolicy>("title", s => s.Policy.Title));
            }

            foreach (var warning in Warnings(policy))
            {
                run.Warn(warning);
            }

            run.Note($"Seal data under it with: sojourn seal FILE --policy {target} --to KEY");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static OwnerPolicy Read(string file, Address? owner, out SignedPolicy? signed)
    {
        using var stream = RegularFiles.OpenRead(file);
        var bytes = new byte[stream.Length <= PolicyCodec.SizeMax ? stream.Length : throw new CliException(ExitCode.BadInput, $"{file} is too large for a policy")];
        stream.ReadExactly(bytes);
        if (bytes.Length > 0 && bytes[0] is >= 0xA0 and <= 0xBF)
        {
            var fault = SignedPolicy.TryDecode(bytes, out signed);
            return fault == PolicyFault.None ? signed!.Policy : throw new CliException(ExitCode.BadInput, $"{file} is not a signed policy: {fault}");
        }

        signed = null;

        // To check and explain, any account will do where the file names none; to sign, the key's is the owner.
        return PolicyFile.Read(file, System.Text.Encoding.UTF8.GetString(bytes), owner ?? s_signer);
    }

    private static Address? OwnerOf(string? key)
    {
        if (key is null)
        {
            return null;
        }

        var stored = KeyStore.In(Places.StateFolder).Describe(key);
        return stored.Kind == KeyKind.Account && EthereumAddress.TryParse(stored.Public, out var address)
            ? address
            : throw new CliException(ExitCode.Usage, $"the key '{key}' is of the kind {stored.Kind.ToString().ToLowerInvariant()}; an account is needed");
    }

    private static Amount AmountOf(string? text) => text is null ? Amount.Zero
        : Amount.TryParse(text, out var amount) ? amount : throw new CliException(ExitCode.Usage, $"'{text}' is not a whole number of smallest units");

    /// <summary>What is allowed to be written and is probably not meant.</summary>
    private static IEnumerable<string> Warnings(OwnerPolicy policy)
    {
        if (!policy.AnyRequester && policy.Requesters.IsEmpty)
        {
            yield return "nobody may ask for a run: Requesters is empty";
        }

        if (policy is DataPolicy { Code.IsEmpty: true, AppOwners.IsEmpty: true })
        {
            yield return "no code may see the data: Code and AppOwners are empty";
        }

        if (policy is AppPolicy { Code.IsEmpty: true })
        {
            yield return "the policy answers for no module: owners who trust you (AppOwners) let none of yours see their data. 'sojourn seal' prints a module's body for Code";
        }

        if (policy is DataPolicy { Pool: { } pool } && pool.MembersMin > Sojourn.Protocol.Terms.JobTerms.ListMax - 1)
        {
            yield return $"a job takes at most {Sojourn.Protocol.Terms.JobTerms.ListMax - 1} contents besides its code, and the pool asks for {pool.MembersMin} members' records in each: no job can satisfy it";
        }

        if (!policy.Proof.AnyMeasurement && policy.Proof.Measurements.IsEmpty)
        {
            yield return "no measured state is named, so every machine is refused: see Proof.Measurements";
        }

        if (policy.Proof.AnyMeasurement)
        {
            yield return "any measured state will do: nothing says that the software in the enclave is Sojourn's";
        }

        if (policy.Proof.Level == Sojourn.Attestation.TrustLevel.Simulated)
        {
            yield return "simulated evidence proves nothing and is refused outside development ledgers";
        }

        if (policy is DataPolicy { Output.Guards.IsEmpty: true, Limits.Uses: null })
        {
            yield return "no guard looks at the output and uses are not limited: allowed code can carry everything out in time";
        }
    }
}
