using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Mnemonics;
using Sojourn.Cryptography.Secrets;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.Mnemonics;

public sealed class MnemonicTests
{
    /// <summary>The digest of the specification's english.txt.</summary>
    [Fact]
    public void The_word_list_is_the_specifications()
    {
        Assert.Equal(2048, Mnemonic.WordList.Count);
        var text = string.Join('\n', Mnemonic.WordList) + "\n";
        Assert.Equal("2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda", Hex.Of(SHA256.HashData(Encoding.ASCII.GetBytes(text))));
    }

    /// <summary>Vectors of BIP-39 (Trezor's, passphrase TREZOR).</summary>
    [Theory]
    [InlineData("00000000000000000000000000000000", "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about", "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04")]
    [InlineData("7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f", "legal winner thank year wave sausage worth useful legal winner thank yellow", "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6fa457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607")]
    [InlineData("ffffffffffffffffffffffffffffffff", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong", "ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art", "bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd3097170af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8")]
    public void Specification_vectors(string entropy, string phrase, string seed)
    {
        using var encoded = Mnemonic.Encode(Hex.Bytes(entropy));
        using (var lease = encoded.Lend())
        {
            Assert.Equal(phrase, Encoding.ASCII.GetString(lease.Span));
        }

        Assert.Equal(MnemonicFault.None, Mnemonic.TryDecode("  " + phrase.ToUpperInvariant().Replace(" ", " \n ", StringComparison.Ordinal), out var decoded));
        using var derived = Mnemonic.ToSeed(decoded!, "TREZOR");
        using var bytes = derived.Lend();
        Assert.Equal(seed, Hex.Of(bytes.Span));
    }

    [Theory]
    [InlineData("abandon abandon", MnemonicFault.WordCount)]
    [InlineData("", MnemonicFault.WordCount)]
    [InlineData("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon", MnemonicFault.Checksum)]
    [InlineData("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon xylophone", MnemonicFault.UnknownWord)]
    [InlineData("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon averyveryverylongwordindeed", MnemonicFault.UnknownWord)]
    public void Bad_phrases_are_named(string phrase, MnemonicFault fault) => Assert.Equal(fault, Mnemonic.TryDecode(phrase, out _));

    [Fact]
    public void Drawn_phrases_survive()
    {
        foreach (var bits in new[] { 128, 160, 192, 224, 256 })
        {
            using var phrase = Mnemonic.Generate(bits);
            using var lease = phrase.Lend();
            Assert.Equal(MnemonicFault.None, Mnemonic.TryDecode(Encoding.ASCII.GetString(lease.Span), out var entropy));
            Assert.Equal(bits / 8, entropy!.Length);
        }
    }

    /// <summary>Test vector 1 of BIP-32, chain m/0'/1/2'/2/1000000000.</summary>
    [Theory]
    [InlineData("m", "e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35", "873dff81c02f525623fd1fe5167eac3a55a049de3d314bb42ee227ffed37d508")]
    [InlineData("m/0'", "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea", "47fdacbd0f1097043b78c63c20c34ef4ed9a111d980047ad16282c7ae6236141")]
    [InlineData("m/0'/1", "3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368", "2a7857631386ba23dacac34180dd1983734e444fdbf774041578e9b6adb37c19")]
    [InlineData("m/0h/1/2h/2/1000000000", "471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8", "c783e67b921d2beb8f6b389cc646d7263b4145701dadd2161548a8b078e65e9e")]
    public void Derivation_vectors(string path, string key, string chainCode)
    {
        using var seed = SecretKey.CopyOf(Hex.Bytes("000102030405060708090a0b0c0d0e0f"));
        using var root = HdKey.FromSeed(seed);
        Assert.Equal(MnemonicFault.None, root.TryDerive(path, out var derived));
        using (derived)
        using (var scalar = derived!.ExportScalar())
        using (var code = derived.ExportChainCode())
        {
            using var scalarLease = scalar.Lend();
            using var codeLease = code.Lend();
            Assert.Equal(key, Hex.Of(scalarLease.Span));
            Assert.Equal(chainCode, Hex.Of(codeLease.Span));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("44'/60'")]
    [InlineData("m/2147483648")]
    [InlineData("m/-1")]
    [InlineData("m//1")]
    [InlineData("m/1''")]
    public void Bad_paths_are_refused(string path)
    {
        using var seed = SecretKey.Random(64);
        using var root = HdKey.FromSeed(seed);
        Assert.Equal(MnemonicFault.Path, root.TryDerive(path, out _));
    }

    [ToolFact("node", Ethers.Installed)]
    public void Ethers_derives_the_same_account()
    {
        var theirs = Ethers.Ask(new JsonObject { ["action"] = "draw" });
        Assert.Equal(MnemonicFault.None, Mnemonic.TryDecode(theirs.GetProperty("phrase").GetString()!, out var entropy));
        using (entropy)
        using (var seed = Mnemonic.ToSeed(entropy!))
        using (var root = HdKey.FromSeed(seed))
        {
            Assert.Equal(MnemonicFault.None, root.TryDerive(HdKey.EthereumPath, out var key));
            using var identity = key!.ToIdentity();
            Assert.Equal(theirs.GetProperty("address").GetString(), identity.Address.ToChecksumText());
        }
    }
}
