using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Transactions;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Testing;

namespace Sojourn.Ledger.Ethereum.Tests.Transactions;

public sealed class FeeTransactionTests
{
    [VectorFact("evm/ethers-eip1559-tx.json")]
    public void Every_vector_is_written_signed_and_read()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllText(Vectors.PathOf("evm/ethers-eip1559-tx.json")));
        var count = 0;
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var body = Body(vector.GetProperty("transaction"));
            Assert.Equal(vector.GetProperty("unsignedLondon").GetString(), "0x" + Convert.ToHexStringLower(body.EncodeUnsigned()));
            using var identity = Secp256k1Identity.Import(Convert.FromHexString(vector.GetProperty("privateKey").GetString()!.AsSpan(2)));
            var signed = body.Sign(new Secp256k1Signer(identity));
            Assert.Equal(vector.GetProperty("signedLondon").GetString(), "0x" + Convert.ToHexStringLower(signed.Encoded.Span));

            Assert.Equal(TransactionFault.None, SignedFeeTransaction.TryDecode(signed.Encoded, out var read));
            Assert.Equal(identity.Address, read!.Sender);
            Assert.Equal(signed.Hash, read.Hash);
            Assert.Equal(signed.Encoded.ToArray(), read.Body.Encode(read.Signature));
            for (var cut = 0; cut < signed.Encoded.Length; cut += 7)
            {
                Assert.NotEqual(TransactionFault.None, SignedFeeTransaction.TryDecode(signed.Encoded[..cut], out _));
            }

            count++;
        }

        Assert.Equal(50, count);
    }

    internal static FeeTransaction Body(JsonElement json) => new()
    {
        ChainId = (ulong)Number(json, "chainId"), Nonce = (ulong)Number(json, "nonce"), PriorityFeeMax = Number(json, "maxPriorityFeePerGas"), FeeMax = Number(json, "maxFeePerGas"),
        GasLimit = (ulong)Number(json, "gasLimit"), Value = Number(json, "value"),
        To = json.TryGetProperty("to", out var to) && to.ValueKind == JsonValueKind.String ? Address.Parse(to.GetString()!) : null,
        Data = json.TryGetProperty("data", out var data) ? Convert.FromHexString(data.GetString()!.AsSpan(2)) : default,
        Accesses = json.TryGetProperty("accessList", out var accesses)
            ? [.. accesses.EnumerateArray().Select(entry => new AccessEntry(Address.Parse(entry.GetProperty("address").GetString()!), [.. entry.GetProperty("storageKeys").EnumerateArray().Select(slot => new Digest(Convert.FromHexString(slot.GetString()!.AsSpan(2))))]))]
            : [],
    };

    private static UInt128 Number(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var value))
        {
            return 0;
        }

        return value.ValueKind == JsonValueKind.Number ? value.GetUInt64() : UInt128.Parse("0" + value.GetString()![2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
