using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.Policies;

namespace Sojourn.Protocol.Releases;

/// <summary>One custodian's share of a content key on its way to one admitted enclave: the public record it belongs to, its index, and the share itself, encrypted to the enclave.</summary>
/// <remarks>A dag-cbor list, so that its first byte (0x84) tells it from a whole key, which begins with a point (0x04). The HPKE info is that of <see cref="KeyWrap.Info"/> under a label of its own, with the record and the index.</remarks>
/// <param name="Record">The share set without its sealed shares; a custodian's word until the combined key opens the content's header.</param>
/// <param name="Index">Which share, from 1.</param>
/// <param name="Wrapped">The HPKE message.</param>
public sealed record ShareRelease(ShareSet Record, int Index, ReadOnlyMemory<byte> Wrapped)
{
    /// <summary>The longest encoding: a record of 255 custodians.</summary>
    public const int BytesMax = 120 << 10;

    private const string Format = "sojourn/share-release/1";

    /// <summary>Whether what a keeper released is a share rather than a whole key.</summary>
    /// <param name="released">What the drop box held.</param>
    public static bool IsShare(ReadOnlySpan<byte> released) => !released.IsEmpty && released[0] == 0x84;

    /// <summary>The record's digest: shares of one key come with one record.</summary>
    public Digest RecordDigest => Digest.Of(Record.Encode());

    /// <summary>Wraps a share as a policy's grant says.</summary>
    /// <param name="grant">As for <see cref="KeyWrap.Release"/>.</param>
    /// <param name="set">The share's set.</param>
    /// <param name="share">The custodian's share.</param>
    public static byte[] Wrap(PolicyGrant grant, ShareSet set, Share share)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(share);
        var (enclave, info) = KeyWrap.Target(grant);
        var record = set.WithoutShares().Encode();
        using var value = share.Export();
        var wrapped = Hpke.SealKey(enclave, ShareInfo(info, Digest.Of(record), share.Index), [], value);
        return new CborWriter(CborProfile.DagCbor, 512).BeginArray().WriteText(Format).WriteBytes(record).WriteInteger(share.Index).WriteBytes(wrapped).EndArray().ToArray();
    }

    /// <summary>Reads one; untrusted.</summary>
    /// <param name="released">What the drop box held.</param>
    /// <param name="release">The release, where it is one.</param>
    public static CustodyFault TryDecode(ReadOnlySpan<byte> released, out ShareRelease? release)
    {
        release = null;
        try
        {
            var reader = new CborReader(released, CborProfile.DagCbor, 2);
            reader.ReadArrayHeaderExactly(4);
            if (reader.ReadText(64) != Format)
            {
                return CustodyFault.Malformed;
            }

            var fault = ShareSet.TryDecode(reader.ReadBytes(BytesMax), out var record);
            if (fault != CustodyFault.None)
            {
                return fault;
            }

            var index = reader.ReadInt32(1, ShareSet.SharesMax);
            var wrapped = reader.ReadBytes(2048).ToArray();
            reader.ReadEnd();
            if (index > record!.Custodians.Length)
            {
                return CustodyFault.Malformed;
            }

            release = new ShareRelease(record, index, wrapped);
            return CustodyFault.None;
        }
        catch (CborException)
        {
            return CustodyFault.Malformed;
        }
    }

    /// <summary>Opens the share inside the enclave. Whether it is the right one is for <see cref="ShareSet.TryCombine"/> to tell.</summary>
    /// <param name="enclave">The enclave's private key.</param>
    /// <param name="info">See <see cref="KeyWrap.Info"/>.</param>
    /// <param name="share">The share, where it opens.</param>
    public HpkeFault Open(HpkePrivateKey enclave, ReadOnlySpan<byte> info, out Share? share)
    {
        share = null;
        var fault = Hpke.OpenKey(enclave, ShareInfo(info, RecordDigest, Index), [], Wrapped.Span, out var value);
        if (fault == HpkeFault.None)
        {
            share = Share.Received(Record.Id, Index, value!);
        }

        return fault;
    }

    private static byte[] ShareInfo(ReadOnlySpan<byte> info, in Digest record, int index) =>
        new ProtocolHash("sojourn/share-release/1").Add(new Digest(info)).Add(record).Add((ulong)index).Finish().ToArray();
}
