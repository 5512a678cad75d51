using System.CommandLine;
using Sojourn.Attestation.References;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust reference</c>: reference values for policies.</summary>
internal static class ReferenceCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "A published program's folder, such as the enclave's." };
        var name = new Option<string>("--name") { Description = "The state's name.", DefaultValueFactory = _ => "enclave" };
        var key = new Option<string?>("--sign") { Description = "Vouch for the files with this P-256 private key (PEM); see 'trust key'. Needs --out." };
        var output = new Option<string?>("--out") { Description = "Where to write the signed reference values, for --references." };
        var command = new Command("reference", "Print the SHA-256 of every file of a published program, as an IMA list shows them, and one digest over all.") { folder, name, key, output };
        command.SetRun(run =>
        {
            var path = run.Get(folder)!;
            if (!Directory.Exists(path))
            {
                throw new CliException(ExitCode.NotFound, $"there is no folder {path}");
            }

            var files = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                .Select(file => (Path.GetRelativePath(path, file).Replace('\\', '/'), (ReadOnlyMemory<byte>)File.ReadAllBytes(file)));
            var reference = ProgramReference.Of(run.Get(name)!, files);
            if (run.Get(key) is { } keyPath)
            {
                var target = run.Get(output) ?? throw new CliException(ExitCode.Usage, "--sign needs --out", "Name the file for the signed reference values.");
                using var signer = TrustInputs.ReadPrivateKey(keyPath);
                File.WriteAllBytes(target, SignedReferences.Sign([], reference.KnownFiles, signer));
            }

            run.Out.Write(System.Text.Encoding.UTF8.GetString(reference.ToJson()));
            run.Out.WriteLine();
            return Task.CompletedTask;
        });
        return command;
    }
}
