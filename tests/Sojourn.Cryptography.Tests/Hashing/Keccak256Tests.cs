using Sojourn.Cryptography.Hashing;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.Hashing;

public sealed class Keccak256Tests
{
    [VectorFact("evm/ethers-keccak256.json")]
    public void All_vectors_pass()
    {
        using var document = Hex.Load("evm/ethers-keccak256.json");
        var count = 0;
        foreach (var vector in document.RootElement.EnumerateArray())
        {
            Assert.Equal(vector.Bytes("keccak256"), Keccak256.Hash(vector.Bytes("data")));
            count++;
        }

        Assert.Equal(257, count);
    }

    [Theory]
    [InlineData("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")]
    [InlineData("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45")]
    public void Known_digests(string text, string digest) =>
        Assert.Equal(digest, Hex.Of(Keccak256.Hash(System.Text.Encoding.ASCII.GetBytes(text))));
}
