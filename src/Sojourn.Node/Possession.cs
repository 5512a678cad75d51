using System.Buffers.Binary;
using System.Security.Cryptography;
using Sojourn.Content;
using Sojourn.Content.Codecs;
using Sojourn.Cryptography.Sealing;
using Sojourn.Primitives;
using Sojourn.Protocol.Views;

namespace Sojourn.Node;

/// <summary>Proof that a node holds a job's inputs: HMAC(beacon ‖ node, bytes of leaves that the beacon chose).</summary>
internal static class Possession
{
    private const int LeavesPerInput = 8;

    /// <summary>Computes the proof.</summary>
    /// <param name="node">The node; blocks come from its own store.</param>
    /// <param name="job">The job; its round's beacon must be known.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The proof, or null where a chosen leaf is not held.</returns>
    public static Task<Digest?> ProveAsync(NodeContext node, JobView job, CancellationToken cancel) =>
        ProveAsync(node.Content, node.Signer.Address, job, cancel);

    /// <summary>Computes the proof of any node, as a verifier that holds the inputs does.</summary>
    /// <param name="content">Where blocks come from.</param>
    /// <param name="holder">The node whose proof it is.</param>
    /// <param name="job">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    public static async Task<Digest?> ProveAsync(IBlockSource content, Address holder, JobView job, CancellationToken cancel)
    {
        if (job.Round.Beacon is not { } beacon)
        {
            return null;
        }

        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, (byte[])[.. beacon.AsSpan(), .. holder.AsSpan()]);
        foreach (var input in job.Terms.Inputs)
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

    private static ulong Pick(in Digest beacon, Cid input, int index)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, index);
        var hash = SHA256.HashData([.. "sojourn/leaf/1"u8, .. beacon.AsSpan(), .. input.Bytes, .. number]);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    // Walks down, at each node to a child that the draw chooses; every leaf can be reached.
    private static async Task<Block?> LeafAsync(IBlockSource content, Cid root, ulong draw, CancellationToken cancel)
    {
        var cid = root;
        for (var depth = 0; depth < 64; depth++)
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

            cid = node.Links[(int)(draw % (ulong)node.Links.Count)].Cid;
            draw = draw / (ulong)node.Links.Count * 0x9E3779B97F4A7C15UL + 0x5851F42D4C957F2DUL;
        }

        return null;
    }
}
