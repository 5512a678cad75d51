using Sojourn.Content.Ipfs.Store.FileSystem;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>Blocks on a disk, a file each. Safe with several threads and processes, and with a kill or power cut at any moment.</summary>
/// <remarks>
/// What <see cref="PutAsync"/> or <see cref="BlockWriter.FlushAsync"/> reported as stored is still there after a power cut. Every
/// block is hashed again when it is read. See <see cref="StoreLayout"/> for the folders, which Kubo's flatfs shares.
/// </remarks>
public sealed class FileBlockStore : IBlockSource, IBlockSink, IPlacingSource
{
    // ENOTDIR, on Linux and macOS alike.
    private const int NotADirectory = 20;

    private readonly FileBlockStoreOptions options;
    private readonly StoreLock storeLock;
    private readonly FolderSync folders;
    private readonly DurableFile durable;

    private FileBlockStore(IStoreFileSystem files, StoreLayout layout, FileBlockStoreOptions options)
    {
        this.options = options;
        Files = files;
        Layout = layout;
        storeLock = new StoreLock(files, layout);
        folders = new FolderSync(files, layout);
        durable = new DurableFile(files, layout);
        Pins = new PinSet(files, layout, storeLock, durable);
    }

    /// <summary>What is kept from garbage collection.</summary>
    public PinSet Pins { get; }

    /// <summary>The store's folder.</summary>
    public string Folder => Layout.Root;

    internal IStoreFileSystem Files { get; }

    internal StoreLayout Layout { get; }

    internal StoreLock Lock => storeLock;

    internal DurableFile Durable => durable;

    internal int MaxBlockBytes => options.MaxBlockBytes;

    /// <summary>Opens a store, making it where the folder is absent or empty.</summary>
    /// <param name="folder">The store's folder.</param>
    /// <param name="options">Options, or null for the defaults.</param>
    /// <exception cref="StoreException">The folder holds something else, or cannot be made.</exception>
    public static FileBlockStore Open(string folder, FileBlockStoreOptions? options = null)
        => Open(folder, options ?? new FileBlockStoreOptions(), HostFileSystem.Instance);

    internal static FileBlockStore Open(string folder, FileBlockStoreOptions options, IStoreFileSystem files)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.Writers is >= 1 and <= 64, true, nameof(options));
        var layout = new StoreLayout(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var store = new FileBlockStore(files, layout, options);
        if (files.Length(layout.Root) is not null)
        {
            throw new StoreException(StoreFault.NotAStore, layout.Root, $"{layout.Root} is a file; expected a folder for a block store");
        }

        try
        {
            store.CreateOrCheck();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or IOException { HResult: NotADirectory })
        {
            throw new StoreException(StoreFault.AccessDenied, layout.Root, $"no folder can be made at {layout.Root}", null, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreException.From(e, layout.Root);
        }

        return store;
    }

    /// <inheritdoc/>
    /// <exception cref="StoreException"><see cref="StoreFault.DamagedBlock"/>, or the disk failed.</exception>
    public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new ValueTask<Block?>(Get(cid));
    }

    /// <summary>Reads one block; see <see cref="GetAsync"/>.</summary>
    /// <param name="cid">Its identifier.</param>
    /// <exception cref="StoreException"><see cref="StoreFault.DamagedBlock"/>, or the disk failed.</exception>
    public Block? Get(Cid cid) => Read(cid, static length => GC.AllocateUninitializedArray<byte>(length));

    /// <inheritdoc/>
    Block? IPlacingSource.Get(Cid cid, Func<int, Memory<byte>> room) => Read(cid, room);

    private Block? Read(Cid cid, Func<int, Memory<byte>> room)
    {
        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline;
        }

        var path = Layout.BlockFile(StoreLayout.KeyOf(cid));
        Memory<byte>? read;
        try
        {
            read = Files.Read(path, options.MaxBlockBytes, room);
        }
        catch (FileTooLongException e)
        {
            throw Damaged(cid, path, $"it holds {e.ActualLength} bytes, more than a block may");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreException.From(e, path);
        }

        if (read is not { } bytes)
        {
            return null;
        }

        if (options.VerifyReads && BlockVerifier.Verify(cid, bytes.Span) is var fault and not BlockFault.None)
        {
            throw fault == BlockFault.HashMismatch
                ? Damaged(cid, path, "its bytes do not match its hash")
                : Damaged(cid, path, $"it cannot be verified ({fault})");
        }

        return new Block(cid, bytes);
    }

    /// <summary>Whether a block is held. Its bytes are not looked at.</summary>
    /// <param name="cid">Its identifier.</param>
    public bool Has(Cid cid) => SizeOf(cid) is not null;

    /// <summary>A block's size in bytes, from the file system; null where it is not held.</summary>
    /// <param name="cid">Its identifier.</param>
    public long? SizeOf(Cid cid)
    {
        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline.Data.Length;
        }

        var path = Layout.BlockFile(StoreLayout.KeyOf(cid));
        try
        {
            return Files.Length(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreException.From(e, path);
        }
    }

    /// <summary>Stores one block. When the task ends, it survives a power cut. Many blocks go faster through <see cref="BeginWriteAsync(CancellationToken)"/>.</summary>
    /// <param name="block">The block; its hash is checked.</param>
    /// <param name="cancellationToken">Gives up before writing.</param>
    /// <exception cref="StoreException">The disk failed, or the block is not what its identifier names.</exception>
    public async ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
    {
        using (await storeLock.SharedAsync(cancellationToken).ConfigureAwait(false))
        {
            await Task.Run(
                () =>
                {
                    if (Write(block, verify: true) is { } shard)
                    {
                        Sync([shard], 1);
                    }
                },
                cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Begins a group of writes. Until it is disposed, no garbage collection runs, in this process or another.</summary>
    /// <param name="cancellationToken">Gives up waiting for a running collection.</param>
    public ValueTask<BlockWriter> BeginWriteAsync(CancellationToken cancellationToken = default) => BeginWriteAsync(trustCaller: false, cancellationToken);

    /// <summary>Begins a group of writes; see <see cref="BeginWriteAsync(CancellationToken)"/>.</summary>
    /// <param name="trustCaller">Whether blocks were verified by who hands them in, as the importer and verified sources do; else each is hashed again.</param>
    /// <param name="cancellationToken">Gives up waiting for a running collection.</param>
    public async ValueTask<BlockWriter> BeginWriteAsync(bool trustCaller, CancellationToken cancellationToken = default)
        => new(this, await storeLock.SharedAsync(cancellationToken).ConfigureAwait(false), options.Writers, trustCaller);

    /// <summary>Lists what is held: the multihash of each block as a raw identifier, and its size. The order is that of the file system.</summary>
    public IEnumerable<StoredBlock> List()
    {
        foreach (var shard in Files.Folders(Layout.Blocks))
        {
            foreach (var name in Files.Files(Path.Combine(Layout.Blocks, shard)))
            {
                if (TryParseName(shard, name, out var cid))
                {
                    var path = Path.Combine(Layout.Blocks, shard, name);
                    if (Files.Length(path) is { } length)
                    {
                        yield return new StoredBlock(cid, length, path);
                    }
                }
            }
        }
    }

    /// <summary>Writes a block under its name. The name survives a power cut only after <see cref="Sync"/> of the folder returned.</summary>
    /// <returns>The folder to sync; null where nothing is to be stored (the identifier holds the data).</returns>
    internal string? Write(Block block, bool verify)
    {
        if (block.Cid.HashFunction == MultihashCode.Identity)
        {
            return null;
        }

        var key = StoreLayout.KeyOf(block.Cid);
        var path = Layout.BlockFile(key);
        if (block.Data.Length > options.MaxBlockBytes)
        {
            throw new StoreException(StoreFault.BlockTooLarge, path, $"block {block.Cid} holds {block.Data.Length} bytes; at most {options.MaxBlockBytes} are stored", block.Cid);
        }

        if (verify && BlockVerifier.Verify(block.Cid, block.Data.Span) is var fault and not BlockFault.None)
        {
            throw new StoreException(StoreFault.WrongBlock, path, $"block {block.Cid} cannot be stored: {fault}", block.Cid);
        }

        var folder = Layout.ShardFolder(key);
        try
        {
            // A file of that name was renamed whole; only a wrong length proves that it has decayed since, and is then replaced.
            if (Files.Length(path) != block.Data.Length)
            {
                folders.Ensure(folder);
                durable.Write(path, block.Data.Span);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreException.From(e, path);
        }

        return folder;
    }

    internal void Sync(IReadOnlyCollection<string> shardFolders, int parallelism)
    {
        try
        {
            folders.Sync(shardFolders, parallelism);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreException.From(e, Layout.Blocks);
        }
    }

    internal static bool TryParseName(string shard, string name, out Cid cid)
    {
        cid = null!;
        if (!name.EndsWith(StoreLayout.Extension, StringComparison.Ordinal))
        {
            return false;
        }

        var key = name[..^StoreLayout.Extension.Length];
        if (StoreLayout.ShardOf(key) != shard || Base32Upper.Decode(key) is not { } bytes || !Multihash.TryDecode(bytes, out var multihash))
        {
            return false;
        }

        cid = Cid.Create(Multicodec.Raw, multihash);
        return true;
    }

    private static StoreException Damaged(Cid cid, string path, string how)
        => new(StoreFault.DamagedBlock, path, $"block {cid} in {path} is damaged: {how}", cid);

    private void CreateOrCheck()
    {
        var sharding = Files.Read(Layout.ShardingFile, 1024);
        if (sharding is not null)
        {
            if (!sharding.AsSpan().TrimEnd((byte)'\n').SequenceEqual(System.Text.Encoding.ASCII.GetBytes(StoreLayout.Sharding.TrimEnd('\n'))))
            {
                throw new StoreException(StoreFault.NotAStore, Layout.ShardingFile, $"{Layout.Root} is a block store of another layout; expected {StoreLayout.Sharding.Trim()}");
            }

            return;
        }

        var foreign = Files.Files(Layout.Root).Concat(Files.Folders(Layout.Root))
            .FirstOrDefault(name => name is not ("blocks" or "tmp" or "pins" or "damaged" or "lock" or "lock.gate"));
        if (foreign is not null)
        {
            throw new StoreException(StoreFault.NotAStore, Layout.Root, $"{Layout.Root} is no block store: it holds {foreign}; expected an empty folder or a store");
        }

        Files.CreateFolder(Layout.Blocks);
        Files.CreateFolder(Layout.Temporary);
        Files.CreateFolder(Layout.Pins);

        // SHARDING says that the rest is there, so the rest must survive first.
        folders.SyncRoot();
        durable.Write(Layout.ShardingFile, System.Text.Encoding.ASCII.GetBytes(StoreLayout.Sharding));
        folders.SyncRoot();
    }
}

/// <summary>A block as the store lists it.</summary>
/// <param name="Cid">Its multihash as a raw identifier: a store does not know under which codec a block is used.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Path">Its file.</param>
public sealed record StoredBlock(Cid Cid, long Bytes, string Path);
