using System.CommandLine;
using System.Security.Cryptography;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust key</c>: makes a verifier's signing key.</summary>
internal static class KeyCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("file") { Description = "Where to write the private key (PEM); the public one goes beside it with .pub." };
        var command = new Command("key", "Make a key that signs attestation results.") { path };
        command.SetRun(async run =>
        {
            var file = run.Get(path)!;
            if (File.Exists(file))
            {
                throw new CliException(ExitCode.Usage, $"{file} exists already", "A key is never overwritten; choose another name.");
            }

            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            await WriteSecretAsync(file, key.ExportPkcs8PrivateKeyPem() + "\n", run.Cancellation).ConfigureAwait(false);
            await File.WriteAllTextAsync(file + ".pub", key.ExportSubjectPublicKeyInfoPem() + "\n", run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(file + ".pub");
        });
        return command;
    }

    /// <summary>Only the owner may read what is written here.</summary>
    public static async Task WriteSecretAsync(string path, string text, CancellationToken cancellation)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var stream = new FileStream(path, options);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text), cancellation).ConfigureAwait(false);
    }
}
