using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Cryptography.Custody;

/// <summary>A custodian's share on its way back to the owner, who lost the key: sealed to a key of the owner's. Combining is the owner's own doing, on the owner's own machine; for everybody else shares meet in an enclave alone.</summary>
/// <remarks>A dag-cbor list: "sojourn/share-hand-over/1", the set's id, the index, a single-shot HPKE message with that label as info and id ‖ index as additional data.</remarks>
public static class ShareHandOver
{
    private const string Format = "sojourn/share-hand-over/1";

    /// <summary>Seals a share to the owner.</summary>
    /// <param name="share">The share.</param>
    /// <param name="owner">A key of the owner's.</param>
    public static byte[] Seal(Share share, HpkePublicKey owner)
    {
        ArgumentNullException.ThrowIfNull(share);
        using var value = share.Export();
        var message = Hpke.SealKey(owner, Info, AdditionalData(share.Set, share.Index), value);
        return new CborWriter(CborProfile.DagCbor).BeginArray().WriteText(Format).WriteBytes(share.Set.AsSpan()).WriteInteger(share.Index).WriteBytes(message).EndArray().ToArray();
    }

    /// <summary>Opens a share; untrusted. Whether it is the right one is for <see cref="ShareSet.TryCombine"/> to tell.</summary>
    /// <param name="owner">The owner's private key.</param>
    /// <param name="bytes">What the custodian gave.</param>
    /// <param name="share">The share, unless there is a fault.</param>
    public static CustodyFault TryOpen(HpkePrivateKey owner, ReadOnlySpan<byte> bytes, out Share? share)
    {
        share = null;
        try
        {
            var reader = new CborReader(bytes, CborProfile.DagCbor, 2);
            reader.ReadArrayHeaderExactly(4);
            if (reader.ReadText(64) != Format)
            {
                return CustodyFault.Malformed;
            }

            var set = new Digest(reader.ReadBytesExactly(32));
            var index = reader.ReadInt32(1, ShareSet.SharesMax);
            var message = reader.ReadBytes(2048);
            reader.ReadEnd();
            if (Hpke.OpenKey(owner, Info, AdditionalData(set, index), message, out var value) != HpkeFault.None)
            {
                return CustodyFault.NotForThisKey;
            }

            share = Share.Received(set, index, value!);
            return CustodyFault.None;
        }
        catch (CborException)
        {
            return CustodyFault.Malformed;
        }
    }

    private static ReadOnlySpan<byte> Info => "sojourn/share-hand-over/1"u8;

    private static byte[] AdditionalData(in Digest set, int index) => [.. set.AsSpan(), (byte)index];
}
