using System.Text;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Secrets;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Hosting.Keys;

namespace Sojourn.Jobs.Tests.Keys;

public sealed class KeyStoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sojourn-keys").FullName;

    private KeyStore Store => new(Path.Combine(folder, "keys")) { Cost = 16, Rounds = 1000 };

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static SecretKey Secret(string text) => SecretKey.CopyOf(Encoding.UTF8.GetBytes(text));

    private static SecretKey Never(StoredKey key) => throw new InvalidOperationException("No passphrase should be asked for.");

    [Fact]
    public void Keys_of_every_kind_survive_with_and_without_a_passphrase()
    {
        foreach (var guarded in new[] { true, false })
        {
            using var secret = guarded ? Secret("pass") : null;
            Func<StoredKey, SecretKey> ask = guarded ? _ => Secret("pass") : Never;
            var suffix = guarded ? "1" : "2";
            using var account = Secp256k1Identity.Generate();
            using var encryption = HpkePrivateKey.Generate();
            using var vrf = VrfPrivateKey.Generate();
            Store.Store("a" + suffix, account, secret);
            Store.Store("e" + suffix, encryption, secret);
            Store.Store("v" + suffix, vrf, secret);
            Assert.Equal(account.Address, Store.OpenAccount("a" + suffix, ask).Address);
            Assert.Equal(encryption.Public, Store.OpenEncryption("e" + suffix, ask).Public);
            Assert.Equal(vrf.Public, Store.OpenVrf("v" + suffix, ask).Public);
            Assert.Equal(account.Address.ToChecksumText(), Store.Describe("a" + suffix).Public);
        }

        Assert.Equal(["a1", "a2", "e1", "e2", "v1", "v2"], Store.List().Select(key => key.Name));
    }

    [Fact]
    public void Failures_are_told_apart()
    {
        using var secret = Secret("pass");
        using var account = Secp256k1Identity.Generate();
        Store.Store("mine", account, secret);
        Assert.Equal(KeyStoreFailure.Exists, Failure(() => Store.Store("mine", account, secret)));
        Assert.Equal(KeyStoreFailure.NotFound, Failure(() => Store.Describe("other")));
        Assert.Equal(KeyStoreFailure.BadName, Failure(() => Store.Store("../x", account, secret)));
        Assert.Equal(KeyStoreFailure.BadName, Failure(() => Store.Describe("")));
        Assert.Equal(KeyStoreFailure.WrongPassphrase, Failure(() => Store.OpenAccount("mine", _ => Secret("word"))));
        Assert.Equal(KeyStoreFailure.WrongKind, Failure(() => Store.OpenEncryption("mine", _ => Secret("pass"))));
        var file = Path.Combine(folder, "keys", "mine.json");
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(folder, "keys")));
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
            Assert.Equal(KeyStoreFailure.Permissions, Failure(() => Store.OpenAccount("mine", _ => Secret("pass"))));
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.WriteAllText(file, "{}");
        Assert.Equal(KeyStoreFailure.BadFile, Failure(() => Store.OpenAccount("mine", _ => Secret("pass"))));
        File.WriteAllText(Path.Combine(folder, "keys", "mine.public.json"), "[]");
        Assert.Equal(KeyStoreFailure.BadFile, Failure(() => Store.Describe("mine")));
    }

    private static KeyStoreFailure Failure(Func<object> work) => Assert.Throws<KeyStoreException>(work).Reason;
}
