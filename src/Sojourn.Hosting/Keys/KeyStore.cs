using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Keys;
using Sojourn.Cryptography.Keystores;
using Sojourn.Cryptography.Secrets;
using Sojourn.Cryptography.VerifiableRandomness;

namespace Sojourn.Hosting.Keys;

/// <summary>What a stored key is for.</summary>
public enum KeyKind
{
    /// <summary>A ledger account: secp256k1.</summary>
    Account,

    /// <summary>Opens what is sealed to it: HPKE over P-256.</summary>
    Encryption,

    /// <summary>Proves draws: ECVRF over P-256.</summary>
    Vrf,
}

/// <summary>What is public of a stored key.</summary>
/// <param name="Name">Its name here.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Public">The address of an account; else the public key in hexadecimal.</param>
/// <param name="HasPassphrase">Whether a passphrase protects the file, or its permissions alone.</param>
public sealed record StoredKey(string Name, KeyKind Kind, string Public, bool HasPassphrase);

/// <summary>A key cannot be stored or opened. The message says why and what to do.</summary>
/// <param name="message">For people.</param>
/// <param name="reason">What kind of failure.</param>
public sealed class KeyStoreException(string message, KeyStoreFailure reason) : Exception(message)
{
    /// <summary>What kind of failure.</summary>
    public KeyStoreFailure Reason { get; } = reason;
}

/// <summary>Kinds of failure of a key store.</summary>
public enum KeyStoreFailure
{
    /// <summary>The name is not one.</summary>
    BadName,

    /// <summary>No key of that name.</summary>
    NotFound,

    /// <summary>A key of that name is there already.</summary>
    Exists,

    /// <summary>The passphrase is wrong.</summary>
    WrongPassphrase,

    /// <summary>The file is damaged.</summary>
    BadFile,

    /// <summary>The key is of another kind than the one that is needed.</summary>
    WrongKind,

    /// <summary>Others may read the file.</summary>
    Permissions,
}

/// <summary>Keys in files of a folder: accounts as Web3 keystores, the others as encrypted PKCS#8, each readable by its owner alone (0600).</summary>
/// <param name="folder">The folder; made (0700) when the first key is stored.</param>
public sealed class KeyStore(string folder)
{
    /// <summary>The folder below a state folder.</summary>
    /// <param name="stateFolder">The state folder.</param>
    public static KeyStore In(string stateFolder) => new(Path.Combine(stateFolder, "keys"));

    /// <summary>scrypt's cost for new account files.</summary>
    public int Cost { get; init; } = Web3Keystore.CostDefault;

    /// <summary>PBKDF2's rounds for new PKCS#8 files.</summary>
    public int Rounds { get; init; } = KeyEncoding.Rounds;

    /// <summary>All keys, by name.</summary>
    public IReadOnlyList<StoredKey> List() => !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateFiles(folder, "*.public.json").Select(file => Describe(Path.GetFileName(file)[..^".public.json".Length])).OrderBy(key => key.Name, StringComparer.Ordinal)];

    /// <summary>What is public of one key.</summary>
    /// <param name="name">Its name.</param>
    public StoredKey Describe(string name)
    {
        var file = PublicFile(Checked(name));
        if (!File.Exists(file))
        {
            throw new KeyStoreException($"there is no key named '{name}' in {folder}; 'sojourn keys list' shows those that there are", KeyStoreFailure.NotFound);
        }

        try
        {
            var node = JsonNode.Parse(File.ReadAllText(file))!;
            return new StoredKey(name, Enum.Parse<KeyKind>((string)node["kind"]!, ignoreCase: true), (string)node["public"]!, (bool)node["passphrase"]!);
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or ArgumentException or InvalidOperationException)
        {
            throw new KeyStoreException($"{file} is damaged: {e.Message}", KeyStoreFailure.BadFile);
        }
    }

    /// <summary>Stores an account.</summary>
    /// <param name="name">A name that is free.</param>
    /// <param name="identity">The key.</param>
    /// <param name="passphrase">Null to rely on the file's permissions alone.</param>
    public StoredKey Store(string name, Secp256k1Identity identity, SecretKey? passphrase)
    {
        ArgumentNullException.ThrowIfNull(identity);
        using var used = Effective(passphrase);
        return Store(new StoredKey(name, KeyKind.Account, identity.Address.ToChecksumText(), passphrase is not null), Web3Keystore.Encrypt(identity, used, passphrase is null ? 2 : Cost));
    }

    /// <summary>Stores an encryption key.</summary>
    /// <param name="name">A name that is free.</param>
    /// <param name="key">The key.</param>
    /// <param name="passphrase">Null to rely on the file's permissions alone.</param>
    public StoredKey Store(string name, HpkePrivateKey key, SecretKey? passphrase) => Store(name, key, passphrase, KeyKind.Encryption, Convert.ToHexStringLower(key.Public.Bytes.Span));

    /// <summary>Stores a VRF key.</summary>
    /// <param name="name">A name that is free.</param>
    /// <param name="key">The key.</param>
    /// <param name="passphrase">Null to rely on the file's permissions alone.</param>
    public StoredKey Store(string name, VrfPrivateKey key, SecretKey? passphrase)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var scalar = key.ExportScalar();
        using var lease = scalar.Lend();
        using var same = HpkePrivateKey.Import(HpkeKem.P256, lease.Span);
        return Store(name, same, passphrase, KeyKind.Vrf, Convert.ToHexStringLower(key.Public.Bytes.Span));
    }

    /// <summary>Opens an account.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="passphrase">Asked for only where the key has one.</param>
    public Secp256k1Identity OpenAccount(string name, Func<StoredKey, SecretKey> passphrase)
    {
        var key = Expect(name, KeyKind.Account);
        using var used = key.HasPassphrase ? passphrase(key) : Effective(null);
        var fault = Web3Keystore.TryDecrypt(ReadSecret(name, KeyKind.Account), used, out var identity);
        return fault switch
        {
            KeystoreFault.None => identity!,
            KeystoreFault.WrongPassphrase => throw Wrong(name),
            _ => throw new KeyStoreException($"the key file of '{name}' is damaged: {fault}", KeyStoreFailure.BadFile),
        };
    }

    /// <summary>Opens an encryption key.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="passphrase">Asked for only where the key has one.</param>
    public HpkePrivateKey OpenEncryption(string name, Func<StoredKey, SecretKey> passphrase) => OpenPem(Expect(name, KeyKind.Encryption), passphrase);

    /// <summary>Opens a VRF key.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="passphrase">Asked for only where the key has one.</param>
    public VrfPrivateKey OpenVrf(string name, Func<StoredKey, SecretKey> passphrase)
    {
        using var key = OpenPem(Expect(name, KeyKind.Vrf), passphrase);
        using var scalar = key.ExportScalar();
        using var lease = scalar.Lend();
        return VrfPrivateKey.Import(lease.Span);
    }

    /// <summary>Writes a file that only its owner may read, whole or not at all.</summary>
    /// <param name="path">Where; must not exist yet.</param>
    /// <param name="text">The text.</param>
    public static void WritePrivate(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.WriteThrough };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    private StoredKey Store(string name, HpkePrivateKey key, SecretKey? passphrase, KeyKind kind, string shown)
    {
        using var used = Effective(passphrase);
        return Store(new StoredKey(name, kind, shown, passphrase is not null), key.ToEncryptedPem(used, passphrase is null ? 1 : Rounds));
    }

    private StoredKey Store(StoredKey key, string text)
    {
        var name = Checked(key.Name);
        if (File.Exists(PublicFile(name)))
        {
            throw new KeyStoreException($"there is a key named '{name}' already; choose another name", KeyStoreFailure.Exists);
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        try
        {
            WritePrivate(SecretFile(name, key.Kind), text);
        }
        catch (IOException) when (File.Exists(SecretFile(name, key.Kind)))
        {
            throw new KeyStoreException($"the file {SecretFile(name, key.Kind)} is there already; choose another name", KeyStoreFailure.Exists);
        }

        // The public file last: a key without it is not listed, and nothing is lost by storing it again under another name.
        WritePrivate(PublicFile(name), new JsonObject { ["kind"] = key.Kind.ToString().ToLowerInvariant(), ["public"] = key.Public, ["passphrase"] = key.HasPassphrase }.ToJsonString() + "\n");
        return key;
    }

    private HpkePrivateKey OpenPem(StoredKey key, Func<StoredKey, SecretKey> passphrase)
    {
        using var used = key.HasPassphrase ? passphrase(key) : Effective(null);
        return KeyEncoding.TryParsePrivate(ReadSecret(key.Name, key.Kind), used, out var opened) ? opened : throw Wrong(key.Name);
    }

    private StoredKey Expect(string name, KeyKind kind)
    {
        var key = Describe(name);
        return key.Kind == kind ? key : throw new KeyStoreException($"the key '{name}' is of the kind {key.Kind.ToString().ToLowerInvariant()}; one of the kind {kind.ToString().ToLowerInvariant()} is needed", KeyStoreFailure.WrongKind);
    }

    private string ReadSecret(string name, KeyKind kind)
    {
        var file = SecretFile(name, kind);
        if (!File.Exists(file))
        {
            throw new KeyStoreException($"{file} is missing", KeyStoreFailure.NotFound);
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != UnixFileMode.None)
        {
            throw new KeyStoreException($"{file} can be read or written by others; run 'chmod 600 {file}'", KeyStoreFailure.Permissions);
        }

        return File.ReadAllText(file);
    }

    private string SecretFile(string name, KeyKind kind) => Path.Combine(folder, name + (kind == KeyKind.Account ? ".json" : ".pem"));

    private string PublicFile(string name) => Path.Combine(folder, name + ".public.json");

    // Formats want a passphrase: where people choose none, a fixed one stands in and protects nothing.
    private static SecretKey Effective(SecretKey? passphrase) => passphrase?.Copy() ?? SecretKey.CopyOf("none"u8);

    private static KeyStoreException Wrong(string name) => new($"the passphrase for '{name}' is wrong, or its file was changed", KeyStoreFailure.WrongPassphrase);

    private static string Checked(string name) =>
        name.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? name
        : throw new KeyStoreException($"'{name}' is not a name for a key: letters, digits, hyphen and underscore, at most 64, beginning with a letter or digit", KeyStoreFailure.BadName);
}
