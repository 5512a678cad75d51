using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Content;
using Sojourn.Content.Codecs;
using Sojourn.Cryptography.Sealing;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Sortition;

/// <summary>Proof that a node holds a job's inputs: HMAC-SHA256 with the key beacon ‖ node over leaves that the beacon chose.</summary>
/// <remarks>
/// The ticket commits to it before the window closes, evidence opens it, and whoever holds the inputs (or may fetch them, where they are plain) computes it again:
/// such verifiers vote <see cref="Transactions.VoteVerdict.NoPossession"/> where it differs. Others cannot say: of sealed data nothing is moved to check this.
/// Keyed by the node, so that no other node's proof can be copied; chosen by the beacon, so that nothing can be computed beforehand.
/// </remarks>
public static class PossessionProof
{
    /// <summary>Leaves chosen of each input.</summary>
    public const int LeavesPerInput = 8;

    private const int DepthMax = 64;

    /// <summary>Computes a node's proof.</summary>
    /// <param name="content">Where blocks come from: the prover's own store, or whatever a verifier reads.</param>
    /// <param name="node">Whose proof.</param>
    /// <param name="beacon">The round's beacon.</param>
    /// <param name="inputs">The job's inputs, in the order of its terms.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The proof, or null where a chosen leaf cannot be had.</returns>
    public static async Task<Digest?> ComputeAsync(IBlockSource content, Address node, Digest beacon, ImmutableArray<Cid> inputs, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, (byte[])[.. beacon.AsSpan(), .. node.AsSpan()]);
        foreach (var input in inputs)
        {
            for (var i = 0; i < LeavesPerInput; i++)
            {
                if (await LeafAsync(content, input, Pick(beacon, input, i), cancel).ConfigureAwait(false) is not { } leaf)
                {
                    return null;
                }

                mac.AppendData(leaf.Data.Span);
            }
        }

        return new Digest(mac.GetHashAndReset());
    }

    // SHA-256("sojourn/leaf/1" ‖ beacon ‖ input's CID ‖ index in four bytes), its first eight bytes.
    private static ulong Pick(in Digest beacon, Cid input, int index)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, index);
        var hash = SHA256.HashData([.. "sojourn/leaf/1"u8, .. beacon.AsSpan(), .. input.Bytes, .. number]);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    // Walks down, at each node to a child that the draw chooses; every leaf can be reached. A sealed header leads to its body.
    private static async Task<Block?> LeafAsync(IBlockSource content, Cid root, ulong draw, CancellationToken cancel)
    {
        var cid = root;
        for (var depth = 0; depth < DepthMax; depth++)
        {
            if (await content.GetAsync(cid, cancel).ConfigureAwait(false) is not { } block)
            {
                return null;
            }

            if (cid.Codec == Multicodec.DagCbor && SealedHeader.TryDecode(block.Data.Span, out var header) == SealedFault.None)
            {
                cid = header!.Body;
                continue;
            }

            if (cid.Codec != Multicodec.DagPb || !DagPb.TryDecode(block.Data, out var node, out _) || node.Links.Count == 0)
            {
                return block;
            }

            var links = (ulong)node.Links.Count;
            cid = node.Links[(int)(draw % links)].Cid;
            draw = (draw / links * 0x9E3779B97F4A7C15UL) + 0x5851F42D4C957F2DUL;
        }

        return null;
    }
}
