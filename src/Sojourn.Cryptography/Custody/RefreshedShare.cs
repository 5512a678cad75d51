using System.Collections.Immutable;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Cryptography.Custody;

/// <summary>A custodian's public word on its own share in the next epoch: the commitment, the share sealed to itself, and for each other custodian a proof that it is this custodian's word.</summary>
/// <remarks>A dag-cbor list: "sojourn/refreshed-share/1", the next set's id, its epoch, the index, the commitment, the sealed share, and a list of single-shot HPKE messages without plaintext in auth mode, one to each custodian, with that label as info and id ‖ index ‖ commitment ‖ sealed share as additional data.</remarks>
public sealed record RefreshedShare
{
    private const string Format = "sojourn/refreshed-share/1";

    private RefreshedShare(Digest set, int epoch, int index, Digest commitment, ReadOnlyMemory<byte> sealedShare, ImmutableArray<ReadOnlyMemory<byte>> proofs)
    {
        Set = set;
        Epoch = epoch;
        Index = index;
        Commitment = commitment;
        SealedShare = sealedShare;
        Proofs = proofs;
    }

    /// <summary>The next set's id: it follows from the set in force and from all dealings.</summary>
    public Digest Set { get; }

    /// <summary>The next epoch.</summary>
    public int Epoch { get; }

    /// <summary>Whose it is, from 1.</summary>
    public int Index { get; }

    /// <summary>The commitment to the share.</summary>
    public Digest Commitment { get; }

    /// <summary>The share, sealed to its holder.</summary>
    public ReadOnlyMemory<byte> SealedShare { get; }

    private ImmutableArray<ReadOnlyMemory<byte>> Proofs { get; }

    /// <summary>The public encoding (dag-cbor).</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter(CborProfile.DagCbor, 1024).BeginArray().WriteText(Format).WriteBytes(Set.AsSpan()).WriteInteger(Epoch).WriteInteger(Index)
            .WriteBytes(Commitment.AsSpan()).WriteBytes(SealedShare.Span).BeginArray();
        foreach (var proof in Proofs)
        {
            writer.WriteBytes(proof.Span);
        }

        return writer.EndArray().EndArray().ToArray();
    }

    /// <summary>Reads one; untrusted.</summary>
    /// <param name="bytes">The encoding.</param>
    /// <param name="share">The word, unless there is a fault.</param>
    public static CustodyFault TryDecode(ReadOnlySpan<byte> bytes, out RefreshedShare? share)
    {
        share = null;
        try
        {
            var reader = new CborReader(bytes, CborProfile.DagCbor, 2);
            reader.ReadArrayHeaderExactly(7);
            if (reader.ReadText(64) != Format)
            {
                return CustodyFault.Malformed;
            }

            var set = new Digest(reader.ReadBytesExactly(32));
            var epoch = reader.ReadInt32(1);
            var index = reader.ReadInt32(1, ShareSet.SharesMax);
            var commitment = new Digest(reader.ReadBytesExactly(32));
            var sealedShare = reader.ReadBytes(2048).ToArray();
            var proofs = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
            for (var n = reader.ReadArrayHeader(ShareSet.SharesMax); n > 0; n--)
            {
                proofs.Add(reader.ReadBytes(256).ToArray());
            }

            reader.ReadEnd();
            share = new RefreshedShare(set, epoch, index, commitment, sealedShare, proofs.ToImmutable());
            return CustodyFault.None;
        }
        catch (CborException)
        {
            return CustodyFault.Malformed;
        }
    }

    internal static RefreshedShare Make(Digest set, int epoch, int index, Digest commitment, byte[] sealedShare, IReadOnlyList<HpkePublicKey> custodians, HpkePrivateKey key) => new(
        set, epoch, index, commitment, sealedShare,
        [.. custodians.Select(custodian => (ReadOnlyMemory<byte>)Hpke.Seal(custodian, Info, AdditionalData(set, index, commitment, sealedShare), [], key))]);

    /// <summary>Whether it is the word of the custodian that it names.</summary>
    internal bool IsFrom(HpkePublicKey custodian, HpkePrivateKey reader, int readerIndex) => Proofs.Length >= readerIndex
        && Hpke.Open(reader, Info, AdditionalData(Set, Index, Commitment, SealedShare.Span), Proofs[readerIndex - 1].Span, out _, custodian) == HpkeFault.None;

    private static ReadOnlySpan<byte> Info => "sojourn/refreshed-share/1"u8;

    private static byte[] AdditionalData(in Digest set, int index, in Digest commitment, ReadOnlySpan<byte> sealedShare) => [.. set.AsSpan(), (byte)index, .. commitment.AsSpan(), .. sealedShare];
}
