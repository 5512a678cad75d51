using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Cryptography.Hashing;
using Sojourn.Cryptography.Identity;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.Identity;

public sealed class EthereumTests
{
    /// <summary>The addresses of EIP-55's own text.</summary>
    [Theory]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    [InlineData("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359")]
    [InlineData("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB")]
    [InlineData("0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb")]
    public void Checksums_are_written_and_checked(string text)
    {
        Assert.True(EthereumAddress.TryParse(text, out var address));
        Assert.Equal(text, address.ToChecksumText());
        Assert.True(EthereumAddress.TryParse(text.ToLowerInvariant(), out _));
        var swapped = text[..^1] + (char.IsUpper(text[^1]) ? char.ToLowerInvariant(text[^1]) : char.ToUpperInvariant(text[^1]));
        Assert.Equal(char.IsAsciiDigit(text[^1]), EthereumAddress.TryParse(swapped, out _));
        Assert.False(EthereumAddress.TryParse(text[..^1], out _));
        Assert.False(EthereumAddress.TryParse(null, out _));
    }

    [VectorFact("evm/ethers-eip712.json")]
    public void Typed_data_vectors()
    {
        using var document = Hex.Load("evm/ethers-eip712.json");
        var count = 0;
        foreach (var vector in document.RootElement.EnumerateArray())
        {
            var digest = TypedData.Digest(vector.GetProperty("domain"), vector.GetProperty("primaryType").GetString()!, vector.GetProperty("types"), vector.GetProperty("data"));
            Assert.Equal(vector.GetProperty("digest").GetString(), "0x" + Hex.Of(digest));
            count++;
        }

        Assert.Equal(22, count);
    }

    [Theory]
    [InlineData("""{"A":[{"name":"x","type":"uint8"}]}""", """{"x":256}""")]
    [InlineData("""{"A":[{"name":"x","type":"uint8"}]}""", """{"x":-1}""")]
    [InlineData("""{"A":[{"name":"x","type":"bytes4"}]}""", """{"x":"0x00"}""")]
    [InlineData("""{"A":[{"name":"x","type":"uint8[2]"}]}""", """{"x":[1]}""")]
    [InlineData("""{"A":[{"name":"x","type":"B"}]}""", """{"x":1}""")]
    [InlineData("""{"A":[{"name":"x","type":"bool"}]}""", """{}""")]
    [InlineData("""{"A":[{"name":"x","type":"address"}]}""", """{"x":"0x12"}""")]
    public void Values_that_do_not_fit_are_refused(string types, string message)
    {
        using var domain = JsonDocument.Parse("{}");
        using var declared = JsonDocument.Parse(types);
        using var value = JsonDocument.Parse(message);
        Assert.Throws<FormatException>(() => TypedData.Digest(domain.RootElement, "A", declared.RootElement, value.RootElement));
    }

    /// <summary>The same key signs the same in ethers and here: a message, typed data and a transaction; each side recovers the other's.</summary>
    [ToolFact("node", Ethers.Installed)]
    public void Ethers_signs_and_recovers_the_same()
    {
        using var identity = Secp256k1Identity.Generate();
        using var scalar = identity.ExportScalar();
        using var lease = scalar.Lend();
        const string Text = "Sojourn, ünïcode and all";
        const string Domain = """{"name":"Sojourn","version":"1","chainId":31337,"verifyingContract":"0x5FbDB2315678afecb367f032d93F642f64180aa3"}""";
        const string Types = """{"Vote":[{"name":"job","type":"bytes32"},{"name":"round","type":"uint64"},{"name":"accept","type":"bool"},{"name":"tags","type":"string[]"}]}""";
        const string Value = """{"job":"0x1111111111111111111111111111111111111111111111111111111111111111","round":"7","accept":true,"tags":["a","b"]}""";
        const string Transaction = """{"type":2,"chainId":31337,"nonce":5,"to":"0x5FbDB2315678afecb367f032d93F642f64180aa3","value":"0x10","gasLimit":"0x5208","maxFeePerGas":"0x77","maxPriorityFeePerGas":"0x7","data":"0xabcdef"}""";
        var theirs = Ethers.Ask(new JsonObject
        {
            ["action"] = "sign",
            ["key"] = "0x" + Hex.Of(lease.Span),
            ["text"] = Text,
            ["domain"] = JsonNode.Parse(Domain),
            ["types"] = JsonNode.Parse(Types),
            ["value"] = JsonNode.Parse(Value),
            ["transaction"] = JsonNode.Parse(Transaction),
        });

        var personal = identity.Sign(PersonalMessage.Digest(Text));
        Assert.Equal(theirs.GetProperty("personal").GetString(), personal.ToString());

        using var domain = JsonDocument.Parse(Domain);
        using var types = JsonDocument.Parse(Types);
        using var value = JsonDocument.Parse(Value);
        Assert.Equal(theirs.GetProperty("typed").GetString(), identity.Sign(TypedData.Digest(domain.RootElement, "Vote", types.RootElement, value.RootElement)).ToString());

        var unsigned = theirs.Bytes("unsigned");
        var signature = identity.Sign(Keccak256.Hash(unsigned));
        var signed = theirs.Bytes("signed");
        Assert.True(signed.AsSpan().IndexOf(signature.SBytes.AsSpan().TrimStart((byte)0)) > 0);
        Assert.True(signed.AsSpan().IndexOf(signature.RBytes.AsSpan().TrimStart((byte)0)) > 0);

        var verdict = Ethers.Ask(new JsonObject
        {
            ["action"] = "verify",
            ["text"] = Text,
            ["signature"] = personal.ToString(),
            ["transaction"] = JsonNode.Parse(Transaction),
            ["transactionSignature"] = signature.ToString(),
        });
        Assert.Equal(identity.Address.ToChecksumText(), verdict.GetProperty("signer").GetString());
        Assert.Equal(identity.Address.ToChecksumText(), verdict.GetProperty("from").GetString());
    }
}
