using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Cli.Running;
using Sojourn.Cryptography.Secrets;
using Sojourn.Hosting.Keys;

namespace Sojourn.Cli.Keys;

/// <summary>Where passphrases come from: a file, the environment or a prompt; never the command line, which other users can see.</summary>
internal sealed class Passphrases
{
    private const string Variable = "SOJOURN_PASSPHRASE";
    private const int LengthMax = 4096;

    private readonly Option<string?> file = new("--passphrase-file") { Description = "A file whose first line is the passphrase; else $SOJOURN_PASSPHRASE, else you are asked.", HelpName = "FILE" };

    /// <summary>Adds the option to a command.</summary>
    public void AddTo(Command command) => command.Options.Add(file);

    /// <summary>The passphrase of a stored key.</summary>
    public SecretKey For(CommandRun run, StoredKey key) => Get(run, $"Passphrase for '{key.Name}': ");

    /// <summary>A passphrase that opens something.</summary>
    public SecretKey Get(CommandRun run, string prompt) => FromFileOrEnvironment(run) ?? Ask(run, prompt);

    /// <summary>A new passphrase, asked for twice where it is typed.</summary>
    public SecretKey New(CommandRun run)
    {
        if (FromFileOrEnvironment(run) is { } given)
        {
            return given;
        }

        var first = Ask(run, "New passphrase: ");
        using var again = Ask(run, "Once more: ");
        if (!first.FixedTimeEquals(again))
        {
            first.Dispose();
            throw new CliException(ExitCode.Usage, "the two passphrases differ", "Run the command again.");
        }

        return first;
    }

    private SecretKey? FromFileOrEnvironment(CommandRun run)
    {
        if (run.Get(file) is { } path)
        {
            // A pipe will do: passphrases come out of password managers.
            var bytes = Directory.Exists(path) ? throw new CliException(ExitCode.BadInput, $"{path} is a folder; a file was expected", "Name a file whose first line is the passphrase.") : File.ReadAllBytes(path);
            try
            {
                var end = bytes.AsSpan().IndexOfAny((byte)'\n', (byte)'\r');
                var line = end < 0 ? bytes : bytes.AsSpan(0, end);
                return line.Length is 0 or > LengthMax
                    ? throw new CliException(ExitCode.BadInput, $"{path}: the first line must hold the passphrase")
                    : SecretKey.CopyOf(line);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(bytes);
            }
        }

        return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? SecretKey.Take(Encoding.UTF8.GetBytes(text)) : null;
    }

    private static SecretKey Ask(CommandRun run, string prompt)
    {
        if (!run.InputIsTerminal)
        {
            throw new CliException(ExitCode.Usage, "a passphrase is needed and there is no terminal to ask on", $"Give --passphrase-file FILE or set {Variable}.");
        }

        run.Error.Write(prompt);
        Span<char> typed = stackalloc char[LengthMax / 4];
        Span<byte> bytes = stackalloc byte[LengthMax];
        var length = 0;
        try
        {
            for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
            {
                if (key.Key == ConsoleKey.Backspace)
                {
                    length = Math.Max(0, length - 1);
                }
                else if (!char.IsControl(key.KeyChar) && length < typed.Length)
                {
                    typed[length++] = key.KeyChar;
                }
            }

            run.Error.WriteLine();
            return length == 0
                ? throw new CliException(ExitCode.Usage, "the passphrase is empty", "Type one, or give --no-passphrase where the command has it.")
                : SecretKey.CopyOf(bytes[..Encoding.UTF8.GetBytes(typed[..length], bytes)]);
        }
        finally
        {
            typed.Clear();
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
