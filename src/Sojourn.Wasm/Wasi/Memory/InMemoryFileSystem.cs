using System.Text;

namespace Sojourn.Wasm.Wasi;

/// <summary>A file system that lives in memory: files, directories, hard and symbolic links, times, sparse files. The host fills it before
/// the guest runs and reads it afterwards; several guests may share it.</summary>
/// <remarks>Safe for use by several threads. Access times do not change by reading.</remarks>
public sealed class InMemoryFileSystem
{
    private readonly MemoryVolume _volume;
    private readonly MemoryDirectoryHandle _root;

    /// <summary>Makes an empty file system.</summary>
    /// <param name="options">Its limits; the defaults when absent.</param>
    public InMemoryFileSystem(InMemoryFileSystemOptions? options = null)
    {
        options ??= new InMemoryFileSystemOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.BytesMax, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.NodesMax, 1, nameof(options));
        _volume = new MemoryVolume(options);
        _root = new MemoryDirectoryHandle(_volume, _volume.Root, clock: null, isBase: true);
        Root = new MemoryCapability(_volume, _volume.Root, isReadOnly: false);
    }

    /// <summary>The capability to use all of it.</summary>
    public WasiDirectory Root { get; }

    /// <summary>Bytes of all files together, holes included.</summary>
    public long BytesUsed
    {
        get
        {
            lock (_volume.Gate)
            {
                return _volume.BytesUsed;
            }
        }
    }

    /// <summary>The capability to use one directory.</summary>
    /// <param name="path">Its path from the root, with or without a slash before it.</param>
    /// <returns>The capability; it reaches nothing above the directory.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    public WasiDirectory GetDirectory(string path)
    {
        lock (_volume.Gate)
        {
            return Find(path, follow: true) is MemoryDirectory directory
                ? new MemoryCapability(_volume, directory, isReadOnly: false)
                : throw new DirectoryNotFoundException($"The file system in memory has no directory '{path}'.");
        }
    }

    /// <summary>Makes a directory and those above it; one that exists is left as it is.</summary>
    /// <param name="path">Its path from the root.</param>
    /// <exception cref="IOException">A file is in the way or the limit is reached.</exception>
    public void CreateDirectory(string path)
    {
        var made = new StringBuilder();
        foreach (var name in Relative(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            made.Append(name).Append('/');
            var errno = _root.CreateDirectory(made.ToString());
            if (errno == Errno.Exist && _root.StatPath(made.ToString(), follow: true, out var stat) == Errno.Success && stat.Type == FileType.Directory)
            {
                continue;
            }

            Check(errno, "make the directory", path);
        }
    }

    /// <summary>Writes a file, replacing what it held; directories above it are made.</summary>
    /// <param name="path">Its path from the root.</param>
    /// <param name="content">The bytes, which are copied.</param>
    /// <exception cref="IOException">A directory is in the way or the limit is reached.</exception>
    public void WriteFile(string path, ReadOnlySpan<byte> content)
    {
        using var file = Create(path);
        Check(file.WriteAt(0, content, out _), "write", path);
    }

    /// <summary>Writes a text file in UTF-8, replacing what it held; directories above it are made.</summary>
    /// <param name="path">Its path from the root.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="IOException">A directory is in the way or the limit is reached.</exception>
    public void WriteFile(string path, string text) => WriteFile(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Makes a file that shows content lying elsewhere. It counts towards the limit by its length; the first change copies it.</summary>
    /// <param name="path">Its path from the root.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="IOException">A directory is in the way or the limit is reached.</exception>
    public void AttachFile(string path, FileContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        using var file = Create(path);
        lock (_volume.Gate)
        {
            if (Find(path, follow: true) is not MemoryFile node || !_volume.TryResize(node.Size, (ulong)content.Length))
            {
                throw new IOException($"The file system in memory has no room for '{path}' ({content.Length} bytes).");
            }

            node.Attach(content);
        }
    }

    /// <summary>Makes a symbolic link.</summary>
    /// <param name="path">Its path from the root.</param>
    /// <param name="target">What it names, as seen from its directory.</param>
    /// <exception cref="IOException">The name is taken or the limit is reached.</exception>
    public void CreateSymbolicLink(string path, string target)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        Check(_root.CreateSymbolicLink(target, Relative(path)), "make the link", path);
    }

    /// <summary>Whether a path names something.</summary>
    /// <param name="path">A path from the root.</param>
    /// <returns>Whether it does; a dangling link does not.</returns>
    public bool Exists(string path) => _root.StatPath(Relative(path), follow: true, out _) == Errno.Success;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path from the root.</param>
    /// <returns>All of its bytes.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public byte[] ReadFile(string path)
    {
        lock (_volume.Gate)
        {
            if (Find(path, follow: true) is not MemoryFile file)
            {
                throw new FileNotFoundException($"The file system in memory has no file '{path}'.", path);
            }

            var bytes = new byte[checked((int)file.Size)];
            file.Read(0, bytes);
            return bytes;
        }
    }

    /// <summary>The files below a directory, at any depth, in ordinal order; links are not followed.</summary>
    /// <param name="path">A directory's path from the root.</param>
    /// <returns>Paths from the root, without a slash before them.</returns>
    public IReadOnlyList<string> ListFiles(string path = "")
    {
        lock (_volume.Gate)
        {
            var found = new List<string>();
            if (Find(path, follow: true) is MemoryDirectory start)
            {
                var prefix = Relative(path).Trim('/');
                var open = new Stack<(string Path, MemoryDirectory Directory)>();
                open.Push((prefix is "" or "." ? "" : prefix + "/", start));
                while (open.TryPop(out var next))
                {
                    foreach (var (name, node) in next.Directory.Entries)
                    {
                        if (node is MemoryDirectory directory)
                        {
                            open.Push((next.Path + name + "/", directory));
                        }
                        else if (node is MemoryFile)
                        {
                            found.Add(next.Path + name);
                        }
                    }
                }
            }

            found.Sort(StringComparer.Ordinal);
            return found;
        }
    }

    private WasiHandle Create(string path)
    {
        var relative = Relative(path);
        var slash = relative.LastIndexOf('/');
        if (slash > 0)
        {
            CreateDirectory(relative[..slash]);
        }

        var request = new OpenRequest(Follow: true, OpenFlags.Create | OpenFlags.Truncate, Read: false, Write: true, ReadOnlyFileSystem: false);
        Check(_root.Open(relative, request, out var file), "write", path);
        return file!;
    }

    private MemoryNode? Find(string path, bool follow) =>
        MemoryVolume.Resolve(_volume.Root, Relative(path), follow, out var place) == Errno.Success ? place.Node : null;

    private static string Relative(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var relative = path.TrimStart('/');
        return relative.Length == 0 ? "." : relative;
    }

    private static void Check(Errno errno, string what, string path)
    {
        if (errno != Errno.Success)
        {
            throw new IOException($"Cannot {what} '{path}' in the file system in memory: {errno}.");
        }
    }

    private sealed class MemoryCapability(MemoryVolume volume, MemoryDirectory directory, bool isReadOnly) : WasiDirectory
    {
        public override bool IsReadOnly => isReadOnly;

        internal override bool IsDeterministic => true;

        public override WasiDirectory AsReadOnly() => isReadOnly ? this : new MemoryCapability(volume, directory, isReadOnly: true);

        internal override DirectoryHandle Open(WasiClock? clock) => new MemoryDirectoryHandle(volume, directory, clock, isBase: true);
    }
}
