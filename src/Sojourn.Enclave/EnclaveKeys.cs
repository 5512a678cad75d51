using System.Security.Cryptography;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Protocol.Receipts;

namespace Sojourn.Enclave;

/// <summary>The two keys that live in this process only: one that contents' keys are released to, one that signs the receipt.</summary>
internal sealed class EnclaveKeys : IDisposable
{
    private EnclaveKeys(HpkePrivateKey hpke, ECDsa receipt)
    {
        Hpke = hpke;
        Receipt = receipt;
        ReceiptPublic = ReceiptKeys.Compress(receipt);
    }

    /// <summary>Keys are released to it.</summary>
    public HpkePrivateKey Hpke { get; }

    /// <summary>Signs the receipt and the ledger's statement.</summary>
    public ECDsa Receipt { get; }

    /// <summary>Its compressed public half, 33 bytes.</summary>
    public byte[] ReceiptPublic { get; }

    /// <summary>Makes fresh keys.</summary>
    public static EnclaveKeys Generate() => new(HpkePrivateKey.Generate(), ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <inheritdoc/>
    public void Dispose()
    {
        Hpke.Dispose();
        Receipt.Dispose();
    }
}
