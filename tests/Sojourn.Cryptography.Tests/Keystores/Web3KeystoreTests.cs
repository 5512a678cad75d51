using System.Text;
using System.Text.Json.Nodes;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Keystores;
using Sojourn.Cryptography.Secrets;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.Keystores;

public sealed class Web3KeystoreTests
{
    private static SecretKey Passphrase(string text) => SecretKey.CopyOf(Encoding.UTF8.GetBytes(text));

    /// <summary>RFC 7914, section 12, the vectors that need little memory.</summary>
    [Theory]
    [InlineData("", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")]
    [InlineData("password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")]
    [InlineData("pleaseletmein", "SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")]
    public void Scrypt_vectors(string passphrase, string salt, int n, int r, int p, string expected)
    {
        var output = new byte[64];
        Scrypt.Derive(Encoding.ASCII.GetBytes(passphrase), Encoding.ASCII.GetBytes(salt), n, r, p, output);
        Assert.Equal(expected, Hex.Of(output));
    }

    /// <summary>The two files of the Web3 Secret Storage definition's test vectors: PBKDF2 and scrypt.</summary>
    [Theory]
    [InlineData("""{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}""")]
    [InlineData("""{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},"ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt","kdfparams":{"dklen":32,"n":262144,"p":8,"r":1,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},"mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}""")]
    public void Definition_vectors(string json)
    {
        using var passphrase = Passphrase("testpassword");
        Assert.Equal(KeystoreFault.None, Web3Keystore.TryDecrypt(json, passphrase, out var identity));
        using (identity)
        {
            using var scalar = identity!.ExportScalar();
            using var lease = scalar.Lend();
            Assert.Equal("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d", Hex.Of(lease.Span));
        }

        using var wrong = Passphrase("testpasswort");
        Assert.Equal(KeystoreFault.WrongPassphrase, Web3Keystore.TryDecrypt(json, wrong, out _));
    }

    [Fact]
    public void Files_survive_and_changes_are_named()
    {
        using var identity = Secp256k1Identity.Generate();
        using var passphrase = Passphrase("pass");
        var json = Web3Keystore.Encrypt(identity, passphrase, cost: 256);
        Assert.Equal(identity.Address, Web3Keystore.AddressOf(json));
        Assert.Equal(KeystoreFault.None, Web3Keystore.TryDecrypt(json, passphrase, out var read));
        Assert.Equal(identity.Address, read!.Address);

        Assert.Equal(KeystoreFault.WrongPassphrase, Change(json, passphrase, root => root["crypto"]!["ciphertext"] = new string('0', 64)));
        Assert.Equal(KeystoreFault.WrongPassphrase, Change(json, passphrase, root => root["crypto"]!["mac"] = new string('0', 64)));
        Assert.Equal(KeystoreFault.AddressMismatch, Change(json, passphrase, root => root["address"] = new string('1', 40)));
        Assert.Equal(KeystoreFault.Unsupported, Change(json, passphrase, root => root["version"] = 1));
        Assert.Equal(KeystoreFault.Unsupported, Change(json, passphrase, root => root["crypto"]!["kdf"] = "argon2"));
        Assert.Equal(KeystoreFault.Unsupported, Change(json, passphrase, root => root["crypto"]!["kdfparams"]!["n"] = 1 << 30));
        Assert.Equal(KeystoreFault.Unsupported, Change(json, passphrase, root => root["crypto"]!["kdfparams"]!["n"] = 1000));
        Assert.Equal(KeystoreFault.Malformed, Change(json, passphrase, root => root["crypto"]!["kdfparams"]!.AsObject().Remove("salt")));
        Assert.Equal(KeystoreFault.Malformed, Change(json, passphrase, root => root["crypto"]!["ciphertext"] = "00"));
        Assert.Equal(KeystoreFault.Malformed, Web3Keystore.TryDecrypt("[]", passphrase, out _));
        Assert.Equal(KeystoreFault.Malformed, Web3Keystore.TryDecrypt("{", passphrase, out _));
        Assert.Equal(KeystoreFault.Malformed, Web3Keystore.TryDecrypt("{}", passphrase, out _));
    }

    [Fact]
    public void Random_damage_never_throws()
    {
        using var identity = Secp256k1Identity.Generate();
        using var passphrase = Passphrase("pass");
        var json = Web3Keystore.Encrypt(identity, passphrase, cost: 2).ToCharArray();
        var random = new Random(33);
        for (var i = 0; i < 3000; i++)
        {
            var bad = (char[])json.Clone();
            for (var edits = random.Next(1, 3); edits > 0; edits--)
            {
                bad[random.Next(bad.Length)] = "{}[]\":,0a9x \u00e9"[random.Next(13)];
            }

            _ = Web3Keystore.TryDecrypt(new string(bad), passphrase, out _);
        }
    }

    [ToolFact("node", Ethers.Installed)]
    public void Ethers_reads_ours_and_we_read_its()
    {
        using var identity = Secp256k1Identity.Generate();
        using var passphrase = Passphrase("correct horse");
        using var scalar = identity.ExportScalar();
        using var lease = scalar.Lend();
        var key = "0x" + Hex.Of(lease.Span);
        var theirs = Ethers.Ask(new JsonObject { ["action"] = "encrypt", ["key"] = key, ["passphrase"] = "correct horse" });
        Assert.Equal(KeystoreFault.None, Web3Keystore.TryDecrypt(theirs.GetProperty("json").GetString()!, passphrase, out var read));
        Assert.Equal(identity.Address, read!.Address);

        var ours = Web3Keystore.Encrypt(identity, passphrase, cost: 1024);
        var answer = Ethers.Ask(new JsonObject { ["action"] = "decrypt", ["json"] = ours, ["passphrase"] = "correct horse" });
        Assert.Equal(key, answer.GetProperty("key").GetString());
    }

    private static KeystoreFault Change(string json, SecretKey passphrase, Action<JsonNode> change)
    {
        var root = JsonNode.Parse(json)!;
        change(root);
        return Web3Keystore.TryDecrypt(root.ToJsonString(), passphrase, out _);
    }
}
