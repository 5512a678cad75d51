using System.Text.Json;
using Sojourn.Cryptography.Hashing;
using Sojourn.Cryptography.Identity;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.Identity;

/// <summary>Signatures that ethers made (RFC 6979, low s), bit for bit, and recovery of who made them.</summary>
public sealed class Secp256k1VectorTests
{
    [VectorFact("evm/ethers-eip1559-tx.json")]
    public void Transactions_are_signed_as_ethers_signs_them()
    {
        using var document = Hex.Load("evm/ethers-eip1559-tx.json");
        var count = 0;
        foreach (var vector in document.RootElement.EnumerateArray())
        {
            var digest = Keccak256.Hash(vector.Bytes("unsignedLondon"));
            var expected = vector.GetProperty("signatureLondon");
            using var identity = Secp256k1Identity.Import(vector.Bytes("privateKey"));
            var signature = identity.Sign(digest);
            Assert.Equal(expected.Bytes("r"), signature.RBytes);
            Assert.Equal(expected.Bytes("s"), signature.SBytes);
            Assert.Equal(Convert.ToInt32(expected.GetProperty("v").GetString(), 16), signature.RecoveryId);

            Assert.Equal(SignatureFault.None, Secp256k1PublicKey.TryRecover(digest, signature, out var signer));
            Assert.Equal(identity.Public, signer);
            Assert.Equal(identity.Address, signer!.Address);
            Assert.Equal(SignatureFault.None, identity.Public.Verify(digest, signature));
            count++;
        }

        Assert.Equal(50, count);
    }
}
