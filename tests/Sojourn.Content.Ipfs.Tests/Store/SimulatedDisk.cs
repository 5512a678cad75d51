using Sojourn.Content.Ipfs.Store.FileSystem;

namespace Sojourn.Content.Ipfs.Tests.Store;

/// <summary>The power was cut: nothing the process does reaches the disk any more.</summary>
internal sealed class PowerCutException : Exception;

/// <summary>
/// A disk that forgets what POSIX lets it forget: bytes written but not synced, names changed in folders that were not synced. It can
/// fail at any call with any error, take short writes, and lose power at any call.
/// </summary>
internal sealed class SimulatedDisk : IStoreFileSystem
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> locks = [];
    private Folder root = new();
    private int calls;

    /// <summary>Asked before each call that changes something: throw to fail it.</summary>
    public Action<int, string, string>? OnCall { get; set; }

    /// <summary>How many bytes a write takes at most; 0 for all.</summary>
    public int ShortWrites { get; set; }

    public int Calls => calls;

    /// <summary>The disk as another process finds it after a power cut; what was not synced is kept or lost by the dice.</summary>
    public SimulatedDisk AfterPowerCut(Random random) => new() { root = Survive(root, random) };

    public void CreateFolder(string path)
    {
        lock (gate)
        {
            Count("mkdir", path);
            var at = root;
            foreach (var part in Parts(path))
            {
                if (!at.Names.TryGetValue(part, out var entry))
                {
                    entry = new Folder();
                    at.Names[part] = entry;
                }

                at = (Folder)entry;
            }
        }
    }

    public IStoreFile CreateFile(string path, long bytes)
    {
        lock (gate)
        {
            Count("create", path);
            var (folder, name) = Split(path);
            if (folder.Names.ContainsKey(name))
            {
                throw new IOException($"exists: {path}", 17);
            }

            var inode = new Inode();
            folder.Names[name] = inode;
            return new OpenFile(this, inode, path);
        }
    }

    public byte[]? Read(string path, long maxBytes)
    {
        lock (gate)
        {
            return Find(path) is Inode inode
                ? inode.Bytes.Count > maxBytes ? throw new FileTooLongException(path, inode.Bytes.Count) : [.. inode.Bytes]
                : null;
        }
    }

    public long? Length(string path)
    {
        lock (gate)
        {
            return (Find(path) as Inode)?.Bytes.Count;
        }
    }

    public void Rename(string from, string to)
    {
        lock (gate)
        {
            Count("rename", to);
            var (source, oldName) = Split(from);
            var (target, newName) = Split(to);
            target.Names[newName] = source.Names[oldName];
            source.Names.Remove(oldName);
        }
    }

    public void Delete(string path)
    {
        lock (gate)
        {
            Count("delete", path);
            if (Find(path) is Inode)
            {
                var (folder, name) = Split(path);
                folder.Names.Remove(name);
            }
        }
    }

    public void SyncFolder(string path)
    {
        lock (gate)
        {
            Count("fsync-folder", path);
            var folder = (Folder?)Find(path) ?? throw new IOException($"no such folder: {path}", 2);
            folder.Durable = new Dictionary<string, Entry>(folder.Names);
        }
    }

    public IEnumerable<string> Files(string folder)
    {
        lock (gate)
        {
            return Find(folder) is Folder found ? [.. found.Names.Where(e => e.Value is Inode).Select(e => e.Key)] : [];
        }
    }

    public IEnumerable<string> Folders(string folder)
    {
        lock (gate)
        {
            return Find(folder) is Folder found ? [.. found.Names.Where(e => e.Value is Folder).Select(e => e.Key)] : [];
        }
    }

    public IDisposable? TryLock(string path, bool exclusive)
    {
        lock (gate)
        {
            var holders = locks.GetValueOrDefault(path);
            if (exclusive ? holders != 0 : holders < 0)
            {
                return null;
            }

            locks[path] = exclusive ? -1 : holders + 1;
            return new Held(() =>
            {
                lock (gate)
                {
                    locks[path] = exclusive ? 0 : locks[path] - 1;
                }
            });
        }
    }

    /// <summary>Overwrites a byte of a file, as a decaying disk would.</summary>
    public void Decay(string path, int at)
    {
        lock (gate)
        {
            ((Inode)Find(path)!).Bytes[at] ^= 1;
        }
    }

    private static Folder Survive(Folder folder, Random random)
    {
        var survived = new Folder();
        foreach (var name in folder.Names.Keys.Union(folder.Durable.Keys).Order(StringComparer.Ordinal))
        {
            var (now, durable) = (folder.Names.GetValueOrDefault(name), folder.Durable.GetValueOrDefault(name));
            var entry = ReferenceEquals(now, durable) || random.Next(2) == 0 ? durable : now;
            if (entry is Folder inner)
            {
                survived.Names[name] = Survive(inner, random);
            }
            else if (entry is Inode inode)
            {
                survived.Names[name] = inode.Survive(random);
            }
        }

        survived.Durable = new Dictionary<string, Entry>(survived.Names);
        return survived;
    }

    private static string[] Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private void Count(string call, string path)
    {
        calls++;
        OnCall?.Invoke(calls, call, path);
    }

    private Entry? Find(string path)
    {
        Entry? at = root;
        foreach (var part in Parts(path))
        {
            at = at is Folder folder ? folder.Names.GetValueOrDefault(part) : null;
        }

        return at;
    }

    private (Folder Folder, string Name) Split(string path)
        => (Find(Path.GetDirectoryName(path)!) as Folder ?? throw new DirectoryNotFoundException(path), Path.GetFileName(path));

    private abstract class Entry;

    private sealed class Folder : Entry
    {
        public Dictionary<string, Entry> Names { get; } = [];

        public Dictionary<string, Entry> Durable { get; set; } = [];
    }

    private sealed class Inode : Entry
    {
        public List<byte> Bytes { get; private init; } = [];

        public byte[]? Synced { get; set; }

        public Inode Survive(Random random)
        {
            if (Synced is not null && Synced.Length == Bytes.Count)
            {
                return new Inode { Bytes = [.. Synced], Synced = Synced };
            }

            // Not synced: the length may be there without the bytes, or a part of either.
            var kept = Bytes.Take(random.Next(Bytes.Count + 1)).Select(b => random.Next(4) == 0 ? (byte)0 : b).ToList();
            return new Inode { Bytes = kept, Synced = [.. kept] };
        }
    }

    private sealed class OpenFile(SimulatedDisk disk, Inode inode, string path) : IStoreFile
    {
        public int Write(ReadOnlySpan<byte> bytes)
        {
            lock (disk.gate)
            {
                disk.Count("write", path);
                var taken = disk.ShortWrites > 0 ? Math.Min(disk.ShortWrites, bytes.Length) : bytes.Length;
                inode.Bytes.AddRange(bytes[..taken]);
                return taken;
            }
        }

        public void Sync()
        {
            lock (disk.gate)
            {
                disk.Count("fsync", path);
                inode.Synced = [.. inode.Bytes];
            }
        }

        public void Dispose()
        {
        }
    }

    private sealed class Held(Action release) : IDisposable
    {
        private Action? release = release;

        public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
    }
}
