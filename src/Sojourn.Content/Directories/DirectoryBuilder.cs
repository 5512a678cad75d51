using System.Text;
using Sojourn.Content.Codecs;
using Sojourn.Content.Import;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Directories;

/// <summary>Makes a directory of any number of entries, in any order: a plain one while it is small, shards past the profile's threshold.</summary>
/// <remarks>
/// UnixFS specification, directories and HAMT directories. Entries past the threshold are kept in compact form, sorted by the hash of
/// their names, and spilled to scratch streams where the caller gives some; shards are then written in one pass with memory for
/// one shard a level. Without scratch space memory grows by about 100 bytes an entry.
/// </remarks>
public sealed class DirectoryBuilder : IDisposable
{
    /// <summary>The longest name, in UTF-8 bytes.</summary>
    public const int NameBytesMax = 4096;

    private readonly ImportProfile _profile;
    private readonly UnixFsData _metadata;
    private readonly EntrySorter _entries;
    private readonly HashSet<string> _small = new(StringComparer.Ordinal);
    private long _linkBytes;
    private long _blockBytes;

    /// <summary>Starts an empty directory.</summary>
    /// <param name="profile">When to shard, and how nodes are named.</param>
    /// <param name="scratch">Gives an empty stream that can be written, sought and read, for directories of hundreds of thousands of entries; null to keep all in memory. The builder disposes the streams.</param>
    /// <param name="mode">Permission bits to record, or null.</param>
    /// <param name="modifiedAt">A modification time to record, or null.</param>
    public DirectoryBuilder(ImportProfile profile, Func<Stream>? scratch = null, uint? mode = null, UnixTime? modifiedAt = null)
    {
        profile.Validate();
        _profile = profile;
        _metadata = new UnixFsData { Type = UnixFsType.Directory, Mode = mode, ModifiedAt = modifiedAt };
        _entries = new EntrySorter(scratch);
        _blockBytes = ProtobufWriter.LengthOfBytes(_metadata.Encode().Length);
    }

    /// <summary>How many entries were added.</summary>
    public long Count => _entries.Count;

    /// <summary>Whether the directory will be sharded.</summary>
    public bool IsSharded => Count > 0 && (_profile.DirectorySizing == DirectorySizing.LinkBytes ? _linkBytes : _blockBytes) > _profile.ShardThresholdBytes;

    /// <summary>Adds an entry.</summary>
    /// <param name="name">Its name: not empty, <c>.</c> or <c>..</c>, without slash and zero byte, new in this directory.</param>
    /// <param name="cid">What it names.</param>
    /// <param name="dagBytes">The bytes of all blocks below (<see cref="ImportResult.DagBytes"/>).</param>
    /// <exception cref="ContentException">The name is unsafe, too long, or there already (which for sharded directories is only seen at the end).</exception>
    public void Add(string name, Cid cid, ulong dagBytes)
    {
        if (!EntryName.IsSafe(name))
        {
            throw new ContentException(ContentFault.UnsafeName, $"'{name}' cannot be the name of a directory entry.");
        }

        var utf8 = Encoding.UTF8.GetBytes(name);
        if (utf8.Length > NameBytesMax)
        {
            throw new ContentException(ContentFault.UnsafeName, $"The name of a directory entry has {utf8.Length} bytes; at most {NameBytesMax} are accepted.");
        }

        var link = new PbLink(cid, utf8, dagBytes);
        _linkBytes += utf8.Length + cid.Bytes.Length;
        _blockBytes += DagPb.EncodedLengthOf(link);
        _entries.Add(Murmur3.Hash(utf8), link);
        if (!IsSharded && !_small.Add(name))
        {
            throw Duplicate(link);
        }
    }

    /// <summary>Writes the directory's blocks, children before parents.</summary>
    /// <param name="sink">Where they go; null to compute the CID alone.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<ImportResult> FinishAsync(IBlockSink? sink, CancellationToken cancellationToken = default)
    {
        if (IsSharded)
        {
            return await ShardWriter.WriteAsync(_entries.Sorted(), _profile, _metadata, sink, cancellationToken).ConfigureAwait(false);
        }

        var links = _entries.Sorted().Select(entry => entry.Link).ToList();
        links.Sort(static (x, y) => x.NameUtf8.Span.SequenceCompareTo(y.NameUtf8.Span));
        var block = FileNodes.ToBlock(DagPb.Encode(_metadata.Encode(), links), _profile);
        if (sink is not null)
        {
            await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
        }

        var below = links.Aggregate(0UL, (sum, link) => sum + link.TotalSize.GetValueOrDefault());
        return new ImportResult(block.Cid, 0, below + (ulong)block.Data.Length, 1);
    }

    /// <summary>Frees scratch streams.</summary>
    public void Dispose() => _entries.Dispose();

    internal static ContentException Duplicate(in PbLink link) => new(ContentFault.DuplicateName, $"The directory has the name '{link.Name}' twice.");
}
