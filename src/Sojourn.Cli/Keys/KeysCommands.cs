using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Keys;
using Sojourn.Cryptography.Keystores;
using Sojourn.Cryptography.Mnemonics;
using Sojourn.Cryptography.Secrets;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Hosting.Keys;

namespace Sojourn.Cli.Keys;

/// <summary><c>sojourn keys</c>: make, bring, take and show keys.</summary>
internal static class KeysCommands
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        ErrorRules.Add(Explain);
        return new Command("keys", "Make, import, export and show keys: accounts, encryption keys and VRF keys.")
        {
            New(), Import(), Export(), List(), Show(),
        };
    }

    /// <summary>Messages of the key store.</summary>
    public static CliError? Explain(Exception exception) => exception is KeyStoreException e
        ? new CliError(
            e.Reason switch
            {
                KeyStoreFailure.NotFound => ExitCode.NotFound,
                KeyStoreFailure.BadName or KeyStoreFailure.Exists or KeyStoreFailure.WrongKind => ExitCode.Usage,
                KeyStoreFailure.Permissions => ExitCode.Environment,
                KeyStoreFailure.WrongPassphrase => ExitCode.Refused,
                _ => ExitCode.BadInput,
            },
            e.Message)
        : null;

    private static KeyStore Store => KeyStore.In(Places.StateFolder);

    private static Argument<string> NameArgument() => new("name") { Description = "The key's name here.", HelpName = "NAME" };

    private static Option<string> KindOption()
    {
        var kind = new Option<string>("--kind") { Description = "account, encryption or vrf.", DefaultValueFactory = _ => "account", HelpName = "KIND" };
        kind.AcceptOnlyFromAmong("account", "encryption", "vrf");
        return kind;
    }

    private static Option<bool> NoPassphrase() => new("--no-passphrase") { Description = "Rely on the file's permissions (0600) alone: for nodes that start by themselves." };

    private static Command New()
    {
        Argument<string> name = NameArgument();
        Option<string> kind = KindOption();
        Option<bool> bare = NoPassphrase();
        Option<string?> phrase = new("--mnemonic-out") { Description = "Draws an account from a new recovery phrase and writes the phrase to this file (0600).", HelpName = "FILE" };
        var output = OutputOption.Create();
        var passphrases = new Passphrases();
        var command = new Command("new", "Make a key.") { name, kind, bare, phrase, output };
        passphrases.AddTo(command);
        command.SetRun(run =>
        {
            using var secret = run.Get(bare) ? null : passphrases.New(run);
            var store = Store;
            StoredKey made;
            switch (run.Get(kind))
            {
                case "encryption":
                    using (var key = HpkePrivateKey.Generate())
                    {
                        made = store.Store(run.Get(name)!, key, secret);
                    }

                    break;
                case "vrf":
                    using (var key = VrfPrivateKey.Generate())
                    {
                        made = store.Store(run.Get(name)!, key, secret);
                    }

                    break;
                default:
                    using (var identity = run.Get(phrase) is { } file ? FromNewPhrase(file) : Secp256k1Identity.Generate())
                    {
                        made = store.Store(run.Get(name)!, identity, secret);
                    }

                    break;
            }

            Print(run, made);
            run.Note(secret is null ? "The key's file is protected by its permissions alone." : "Keep the passphrase: without it the key is lost.");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command Import()
    {
        Argument<string> name = NameArgument();
        Option<string> kind = KindOption();
        Option<string> from = new("--from") { Description = "A Web3 keystore, a PEM or JWK file, a file of hexadecimal digits, or a recovery phrase.", Required = true, HelpName = "FILE" };
        Option<string> path = new("--path") { Description = "The derivation path, for recovery phrases.", DefaultValueFactory = _ => HdKey.EthereumPath, HelpName = "PATH" };
        Option<bool> bare = NoPassphrase();
        var output = OutputOption.Create();
        var passphrases = new Passphrases();
        var command = new Command("import", "Bring a key that you have. A protected file keeps its passphrase.") { name, kind, from, path, bare, output };
        passphrases.AddTo(command);
        command.SetRun(run =>
        {
            var text = ReadSmall(run.Get(from)!);
            var isProtected = text.Contains("ENCRYPTED PRIVATE KEY", StringComparison.Ordinal) || (text.TrimStart().StartsWith('{') && text.Contains("cipherparams", StringComparison.Ordinal));
            using var secret = isProtected ? passphrases.Get(run, "Passphrase of the file: ") : run.Get(bare) ? null : passphrases.New(run);
            var stored = run.Get(bare) ? null : secret;
            var store = Store;
            StoredKey made;
            switch (run.Get(kind))
            {
                case "encryption":
                    using (var key = ReadEncryption(run.Get(from)!, text, secret))
                    {
                        made = store.Store(run.Get(name)!, key, stored);
                    }

                    break;
                case "vrf":
                    using (var key = ReadEncryption(run.Get(from)!, text, secret))
                    using (var scalar = key.ExportScalar())
                    {
                        using var lease = scalar.Lend();
                        using var vrf = VrfPrivateKey.Import(lease.Span);
                        made = store.Store(run.Get(name)!, vrf, stored);
                    }

                    break;
                default:
                    using (var identity = ReadAccount(run.Get(from)!, text, run.Get(path)!, secret))
                    {
                        made = store.Store(run.Get(name)!, identity, stored);
                    }

                    break;
            }

            Print(run, made);
            run.Note($"Imported. If {run.Get(from)} is not protected, delete it.");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command Export()
    {
        Argument<string> name = NameArgument();
        Option<string> format = new("--format") { Description = "keystore (accounts), pem (the others), jwk (encryption), hex.", HelpName = "FORMAT" };
        format.AcceptOnlyFromAmong("keystore", "pem", "jwk", "hex");
        Option<string> to = new("--to") { Description = "The file to write (0600); it must not exist.", Required = true, HelpName = "FILE" };
        var passphrases = new Passphrases();
        var command = new Command("export", "Take a private key out. keystore and pem stay under the passphrase; jwk and hex are bare.") { name, format, to };
        passphrases.AddTo(command);
        command.SetRun(run =>
        {
            var store = Store;
            var key = store.Describe(run.Get(name)!);
            var chosen = run.Get(format) ?? (key.Kind == KeyKind.Account ? "keystore" : "pem");
            using var secret = key.HasPassphrase ? passphrases.For(run, key) : chosen is "keystore" or "pem" ? passphrases.New(run) : null;
            SecretKey Again(StoredKey _) => secret!.Copy();
            string text;
            if (key.Kind == KeyKind.Account)
            {
                using var identity = store.OpenAccount(key.Name, Again);
                text = chosen switch
                {
                    "keystore" => Web3Keystore.Encrypt(identity, secret!),
                    "hex" => HexOf(identity.ExportScalar()),
                    _ => throw new CliException(ExitCode.Usage, $"an account is exported as keystore or hex, not as {chosen}"),
                };
            }
            else
            {
                using var opened = key.Kind == KeyKind.Encryption ? store.OpenEncryption(key.Name, Again) : FromVrf(store, key.Name, Again);
                text = chosen switch
                {
                    "pem" => opened.ToEncryptedPem(secret!),
                    "hex" => HexOf(opened.ExportScalar()),
                    "jwk" => TextOf(opened.ExportJwk()),
                    _ => throw new CliException(ExitCode.Usage, $"this key is exported as pem, jwk or hex, not as {chosen}"),
                };
            }

            KeyStore.WritePrivate(run.Get(to)!, text);
            run.Note($"Wrote {run.Get(to)}{(chosen is "jwk" or "hex" ? ". It is not protected: whoever reads it has the key" : "")}.");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command List()
    {
        var output = OutputOption.Create();
        var command = new Command("list", "List keys.") { output };
        command.SetRun(run =>
        {
            var keys = Store.List();
            run.Results.List(keys, Columns);
            if (keys.Count == 0 && run.Format == OutputFormat.Table)
            {
                run.Note("No keys yet. Make one with 'sojourn keys new NAME'.");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command Show()
    {
        Argument<string> name = NameArgument();
        Option<string?> format = new("--format") { Description = "Print the public key alone: hex, pem or jwk.", HelpName = "FORMAT" };
        format.AcceptOnlyFromAmong("hex", "pem", "jwk");
        var output = OutputOption.Create();
        var command = new Command("show", "Show what is public of a key.") { name, format, output };
        command.SetRun(run =>
        {
            var key = Store.Describe(run.Get(name)!);
            if (run.Get(format) is not { } chosen)
            {
                Print(run, key);
                return Task.FromResult(ExitCode.Ok);
            }

            if (chosen == "hex")
            {
                run.Out.WriteLine(key.Public);
                return Task.FromResult(ExitCode.Ok);
            }

            if (key.Kind != KeyKind.Encryption || !KeyEncoding.TryParsePublic(key.Public, out var parsed))
            {
                throw new CliException(ExitCode.Usage, $"only encryption keys are shown as {chosen}");
            }

            run.Out.WriteLine(chosen == "pem" ? parsed.ToPem() : parsed.ToJwk());
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Column<StoredKey>[] Columns =>
    [
        new("name", key => key.Name),
        new("kind", key => key.Kind.ToString().ToLowerInvariant()),
        new("public", key => key.Public),
        new("passphrase", key => key.HasPassphrase),
    ];

    private static void Print(CommandRun run, StoredKey key) => run.Results.One(key, Columns);

    private static Secp256k1Identity FromNewPhrase(string file)
    {
        using var phrase = Mnemonic.Generate(128);
        using var lease = phrase.Lend();
        var text = Encoding.ASCII.GetString(lease.Span);
        KeyStore.WritePrivate(file, text + "\n");
        return FromPhrase(text, HdKey.EthereumPath);
    }

    private static Secp256k1Identity FromPhrase(string text, string path)
    {
        var fault = Mnemonic.TryDecode(text, out var entropy);
        if (fault != MnemonicFault.None)
        {
            throw new CliException(ExitCode.BadInput, fault switch
            {
                MnemonicFault.WordCount => "a recovery phrase has 12, 15, 18, 21 or 24 words",
                MnemonicFault.UnknownWord => "a word of the recovery phrase is not in the English list",
                _ => "the recovery phrase's checksum does not match: a word is wrong or out of place",
            });
        }

        using (entropy)
        using (var seed = Mnemonic.ToSeed(entropy!))
        using (var root = HdKey.FromSeed(seed))
        {
            if (root.TryDerive(path, out var key) != MnemonicFault.None)
            {
                throw new CliException(ExitCode.Usage, $"'{path}' is not a derivation path like {HdKey.EthereumPath}");
            }

            using (key)
            {
                return key!.ToIdentity();
            }
        }
    }

    private static Secp256k1Identity ReadAccount(string file, string text, string path, SecretKey? passphrase)
    {
        var trimmed = text.Trim();
        if (trimmed.StartsWith('{'))
        {
            var fault = Web3Keystore.TryDecrypt(trimmed, passphrase!, out var identity);
            return fault switch
            {
                KeystoreFault.None => identity!,
                KeystoreFault.WrongPassphrase => throw new CliException(ExitCode.Refused, $"{file}: the passphrase is wrong"),
                _ => throw new CliException(ExitCode.BadInput, $"{file} is not a Web3 keystore of version 3 that can be read: {fault}"),
            };
        }

        if (trimmed.Contains(' '))
        {
            return FromPhrase(trimmed, path);
        }

        return UseHex(file, trimmed, bytes => Secp256k1Identity.Import(bytes));
    }

    private static HpkePrivateKey ReadEncryption(string file, string text, SecretKey? passphrase)
    {
        var trimmed = text.Trim();
        if (trimmed.StartsWith('{') || trimmed.StartsWith("-----", StringComparison.Ordinal))
        {
            return KeyEncoding.TryParsePrivate(trimmed, passphrase, out var key) && key.Public.Kem == HpkeKem.P256
                ? key
                : throw new CliException(ExitCode.BadInput, $"{file} is no private key on P-256, or the passphrase is wrong");
        }

        return UseHex(file, trimmed, bytes => HpkePrivateKey.Import(HpkeKem.P256, bytes));
    }

    private static T UseHex<T>(string file, string text, Func<byte[], T> read)
    {
        byte[] bytes;
        try
        {
            bytes = Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text);
        }
        catch (FormatException)
        {
            throw new CliException(ExitCode.BadInput, $"{file} holds no key: a keystore, PEM, JWK, 64 hexadecimal digits or a recovery phrase was expected");
        }

        try
        {
            return read(bytes);
        }
        catch (CryptographicException e)
        {
            throw new CliException(ExitCode.BadInput, $"{file}: {e.Message}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static HpkePrivateKey FromVrf(KeyStore store, string name, Func<StoredKey, SecretKey> passphrase)
    {
        using var vrf = store.OpenVrf(name, passphrase);
        using var scalar = vrf.ExportScalar();
        using var lease = scalar.Lend();
        return HpkePrivateKey.Import(HpkeKem.P256, lease.Span);
    }

    private static string HexOf(SecretKey secret)
    {
        using (secret)
        {
            using var lease = secret.Lend();
            return Convert.ToHexStringLower(lease.Span) + "\n";
        }
    }

    private static string TextOf(SecretKey secret)
    {
        using (secret)
        {
            using var lease = secret.Lend();
            return Encoding.UTF8.GetString(lease.Span) + "\n";
        }
    }

    private static string ReadSmall(string file) => new FileInfo(file) is { Exists: true, Length: > 64 * 1024 }
        ? throw new CliException(ExitCode.BadInput, $"{file} is too large for a key")
        : File.ReadAllText(file);
}
