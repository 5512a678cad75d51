using System.Runtime.CompilerServices;
using Sojourn.Content.Directories;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Dag;

/// <summary>Gives the blocks that answer a trustless request, depth first: those on the path, then those of what the path names.</summary>
/// <remarks>
/// Trustless gateway specification. A server streams them into a CAR; a client runs the same walk over the CAR that it received
/// (<see cref="Car.CarBlockSource"/>), and since the walk asks for every block by its CID, what comes out is complete and verified,
/// or the walk ends in an error. Blocks of identity CIDs are walked through but not given. Memory: the open nodes from
/// root to leaf and, without duplicates, 16 bytes for every block given.
/// </remarks>
public static class DagWalker
{
    /// <summary>How deep a DAG may be.</summary>
    public const int DepthMax = 4096;

    /// <summary>Walks a request.</summary>
    /// <param name="source">Where verified blocks come from.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ContentException">A block is missing or malformed, or a name of the path does not exist; the blocks before were right.</exception>
    public static async IAsyncEnumerable<Block> WalkAsync(IBlockSource source, DagRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var given = new GivenBlocks(request.Duplicates);
        var onPath = new Queue<Block>();
        ResolvedPath? end = null;
        ContentException? failure = null;
        try
        {
            end = await PathResolver.ResolveAsync(source, request.Path, onPath.Enqueue, cancellationToken).ConfigureAwait(false);
        }
        catch (ContentException notFound)
        {
            // What was found of the path is given first: it proves to the client that the rest does not exist.
            failure = notFound;
        }

        foreach (var block in onPath)
        {
            if (!IsInline(block.Cid) && given.Add(block.Cid))
            {
                yield return block;
            }
        }

        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        var walk = request.Bytes is not null && request.Scope == DagScope.All ? request with { Scope = DagScope.Entity } : request;
        await foreach (var block in WalkEndAsync(source, end!, walk, given, cancellationToken).ConfigureAwait(false))
        {
            yield return block;
        }
    }

    private static async IAsyncEnumerable<Block> WalkEndAsync(IBlockSource source, ResolvedPath end, DagRequest request, GivenBlocks given, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!IsInline(end.Cid) && given.Add(end.Cid))
        {
            yield return end.Block;
        }

        var step = request.Scope switch
        {
            DagScope.Block => null,
            DagScope.All => AllStep(end.Block),
            _ => EntityStep(end.Block, request.Bytes),
        };
        if (step is null)
        {
            yield break;
        }

        var path = new Stack<Step>();
        path.Push(step);
        while (path.Count > 0)
        {
            if (!path.Peek().TryNext(out var cid, out var read))
            {
                path.Pop();
                continue;
            }

            var inline = IsInline(cid);
            var isNew = !inline && given.Add(cid);
            if (!isNew && !inline && read.MayRepeatWhole)
            {
                continue;
            }

            var block = await source.GetRequiredAsync(cid, cancellationToken).ConfigureAwait(false);
            if (isNew)
            {
                yield return block;
            }

            if (read.Into(block) is { } below)
            {
                if (path.Count >= DepthMax)
                {
                    throw new ContentException(ContentFault.DepthExceeded, $"The DAG below {end.Cid} is deeper than {DepthMax}.", end.Cid);
                }

                path.Push(below);
            }
        }
    }

    private static bool IsInline(Cid cid) => cid.HashFunction == MultihashCode.Identity;

    private static Step? AllStep(Block block)
    {
        var links = new List<Cid>();
        Nodes.ReadLinks(block, links);
        return links.Count == 0 ? null : new AllLinks(links);
    }

    private static Step? EntityStep(Block block, EntityBytes? bytes)
    {
        if (block.Cid.Codec != Multicodec.DagPb)
        {
            return null;
        }

        var node = Nodes.DecodePb(block);
        switch (Nodes.DecodeUnixFs(block, node))
        {
            case { Type: UnixFsType.File or UnixFsType.Raw } data:
                var file = FileNode.Parse(block.Cid, node, data);
                var (start, end) = bytes is { } range ? range.Within(file.Size) : (0, file.Size);
                return new FileLinks(file, 0, start, end, bytes is not null);
            case { Type: UnixFsType.HamtShard } data:
                return new ShardLinks(ShardNode.Parse(block.Cid, node, data, null), 0);
            default:
                return null;
        }
    }

    /// <summary>What is done with a block once it is there.</summary>
    /// <param name="MayRepeatWhole">Whether a block that was given before needs no second look: everything below it was given too.</param>
    /// <param name="Into">The children to visit, or null.</param>
    private readonly record struct Reading(bool MayRepeatWhole, Func<Block, Step?> Into);

    /// <summary>A node whose children are being visited.</summary>
    private abstract class Step
    {
        public abstract bool TryNext(out Cid cid, out Reading reading);
    }

    private sealed class AllLinks(List<Cid> links) : Step
    {
        private int _next;

        public override bool TryNext(out Cid cid, out Reading reading)
        {
            var has = _next < links.Count;
            cid = has ? links[_next++] : null!;
            reading = new Reading(true, static block => AllStep(block));
            return has;
        }
    }

    private sealed class FileLinks(FileNode node, long offset, long start, long end, bool isRange) : Step
    {
        private int _next;
        private long _offset = offset + node.Data.Length;

        public override bool TryNext(out Cid cid, out Reading reading)
        {
            while (_next < node.Links.Count && _offset < end)
            {
                var size = node.Sizes[_next];
                var at = _offset;
                cid = node.Links[_next++].Cid;
                _offset += (long)size;

                // Children without bytes belong to a whole file, but to no range of it.
                if (_offset > start && (size > 0 || !isRange))
                {
                    reading = new Reading(!isRange, block =>
                    {
                        var child = FileNode.Parse(block).RequireSize(size);
                        return child.Links.Count == 0 ? null : new FileLinks(child, at, start, end, isRange);
                    });
                    return true;
                }
            }

            cid = null!;
            reading = default;
            return false;
        }
    }

    private sealed class ShardLinks(ShardNode shard, int level) : Step
    {
        private int _next;

        public override bool TryNext(out Cid cid, out Reading reading)
        {
            while (_next < shard.Links.Count)
            {
                var link = shard.Links[_next++];
                if (shard.IsShard(link))
                {
                    if (level + 1 >= shard.Format.Levels)
                    {
                        throw ShardNode.Malformed(link.Cid, "it lies deeper than the hash reaches");
                    }

                    cid = link.Cid;
                    reading = new Reading(true, block => new ShardLinks(DirectoryReader.ParseShard(block, shard.Format), level + 1));
                    return true;
                }
            }

            cid = null!;
            reading = default;
            return false;
        }
    }
}
