using System.Security.Cryptography;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Wasm.Cache;

/// <summary>The folder of a cache: its key and its entries, a file each, named by the entry's key.</summary>
internal sealed class CacheFolder
{
    private const string Suffix = ".code";
    private const UnixFileMode Others = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private readonly string path;
    private readonly long bytesMax;

    private CacheFolder(string path, byte[] key, long bytesMax)
    {
        this.path = path;
        this.bytesMax = bytesMax;
        Key = key;
    }

    /// <summary>The key that authenticates entries.</summary>
    public byte[] Key { get; }

    public static CacheFolder Open(ModuleCacheOptions options)
    {
        var path = Path.GetFullPath(options.Directory);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            if ((File.GetUnixFileMode(path) & Others) != 0)
            {
                throw new ModuleCacheException(path, "others may write to the folder, so its code cannot be trusted; run chmod go-w on it or name another");
            }

            if (Native.OwnerOf(path) is { } owner && owner != Native.EffectiveUser())
            {
                throw new ModuleCacheException(path, "the folder belongs to another user, so its code cannot be trusted; name another");
            }
        }

        if (options.Key.Length is not (0 or 32))
        {
            throw new ArgumentException($"The key of a cache is 32 bytes; {options.Key.Length} were given.", nameof(options));
        }

        return new(path, options.Key.IsEmpty ? ReadKey(Path.Combine(path, "key")) : options.Key.ToArray(), options.BytesMax);
    }

    /// <summary>An entry, or null where there is none.</summary>
    public CodeImage? Read(string name)
    {
        var file = Path.Combine(path, name + Suffix);
        try
        {
            var entry = CodeImage.Copy(file);

            // What is used is kept longest.
            File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime);
            return entry;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes an entry whole or not at all, then makes room.</summary>
    /// <returns>Whether it was stored.</returns>
    public bool Write(string name, byte[] entry)
    {
        if (entry.Length > bytesMax)
        {
            return false;
        }

        var aside = Path.Combine(path, $"{name}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp");
        try
        {
            File.WriteAllBytes(aside, entry);
            File.Move(aside, Path.Combine(path, name + Suffix), overwrite: true);
            Evict(name + Suffix);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            TryDelete(aside);
            return false;
        }
    }

    public void Remove(string name) => TryDelete(Path.Combine(path, name + Suffix));

    /// <summary>Bytes of all entries.</summary>
    public long Bytes() => Entries().Sum(file => file.Length);

    private List<FileInfo> Entries() => [.. new DirectoryInfo(path).EnumerateFiles("*" + Suffix)];

    private void Evict(string kept)
    {
        // What a process that was ended left behind.
        foreach (var stale in new DirectoryInfo(path).EnumerateFiles("*.tmp").Where(file => file.LastWriteTimeUtc < TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1)))
        {
            TryDelete(stale.FullName);
        }

        foreach (var stale in new DirectoryInfo(path).EnumerateDirectories("work-*").Where(work => work.LastWriteTimeUtc < TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-1)))
        {
            TryDelete(stale);
        }

        var files = Entries().OrderBy(file => file.LastWriteTimeUtc).ToList();
        var bytes = files.Sum(file => file.Length);
        foreach (var file in files)
        {
            if (bytes <= bytesMax)
            {
                return;
            }

            if (!string.Equals(file.Name, kept, StringComparison.Ordinal))
            {
                bytes -= file.Length;
                TryDelete(file.FullName);
            }
        }
    }

    private static byte[] ReadKey(string file)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var handle = File.OpenHandle(file);
                CheckOwner(handle, file);
                var key = new byte[32];
                return RandomAccess.GetLength(handle) == 32 && RandomAccess.Read(handle, key, 0) == 32
                    ? key
                    : throw new ModuleCacheException(file, "the key of the cache is 32 bytes, this file is not; delete it and a new one is made");
            }
            catch (FileNotFoundException) when (attempt < 2)
            {
                Create(file);
            }
        }
    }

    // Made aside and moved into place without replacing: two processes that start together end with one key.
    private static void Create(string file)
    {
        var aside = $"{file}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(aside, options))
        {
            stream.Write(RandomNumberGenerator.GetBytes(32));
        }

        try
        {
            File.Move(aside, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            TryDelete(aside);
        }
    }

    private static unsafe void CheckOwner(Microsoft.Win32.SafeHandles.SafeFileHandle handle, string file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var record = default(Libc.StatxRecord);
        byte none = 0;
        if (Libc.Statx(handle, &none, Libc.AtEmptyPath, Libc.StatxBasic, &record) != 0 || record.User != Native.EffectiveUser() || (record.Mode & 0x3F) != 0)
        {
            throw new ModuleCacheException(file, "the key of the cache must belong to this user and be readable by nobody else (mode 0600)");
        }
    }

    private static void TryDelete(DirectoryInfo folder)
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // As with files.
        }
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Another process deletes it too, or it stays: neither does harm.
        }
    }
}
