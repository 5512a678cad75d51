using System.Globalization;
using System.Text;
using Sojourn.Attestation.Devices.ConfigFs;

namespace Sojourn.Attestation.Tests.Devices;

/// <summary>
/// A stand-in for the kernel's report interface that keeps its rules: a folder brings its attributes, every write counts up the generation, inblob takes 64 bytes and cannot be
/// read, outblob cannot be read before a write, a second folder of a name is refused, and a folder that is gone answers nothing.
/// </summary>
internal sealed class FakeTsm(string provider, Func<byte[], byte[]> report, byte[] auxiliary) : ITsmFileSystem
{
    private readonly Dictionary<string, Entry> folders = new(StringComparer.Ordinal);

    /// <summary>Called before outblob is read: a test writes in between here, as another process may.</summary>
    public Action<FakeTsm, string>? BeforeRead { get; set; }

    public int Open => folders.Count;

    public int Reads { get; private set; }

    public void CreateDirectory(string path)
    {
        if (!folders.TryAdd(path, new Entry()))
        {
            throw new IOException("File exists");
        }
    }

    public void RemoveDirectory(string path)
    {
        if (!folders.Remove(path))
        {
            throw new DirectoryNotFoundException(path);
        }
    }

    public void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var (entry, name) = Find(path);
        switch (name)
        {
            case "inblob":
                entry.Input = bytes.Length is > 0 and <= 64 ? bytes.ToArray() : throw new IOException("Invalid argument");
                break;
            case "privlevel":
                if (!int.TryParse(Encoding.ASCII.GetString(bytes), NumberStyles.None, CultureInfo.InvariantCulture, out var level) || level > 3)
                {
                    throw new IOException("Invalid argument");
                }

                break;
            default:
                throw new UnauthorizedAccessException($"{name} is read-only");
        }

        entry.Generation++;
    }

    public byte[] Read(string path, int lengthMax)
    {
        var (entry, name) = Find(path);
        switch (name)
        {
            case "generation":
                return Encoding.ASCII.GetBytes($"{entry.Generation}\n");
            case "provider":
                return Encoding.ASCII.GetBytes($"{provider}\n");
            case "outblob":
                Reads++;
                BeforeRead?.Invoke(this, path[..path.LastIndexOf('/')]);
                return entry.Input is { } input ? report(input) : throw new IOException("Invalid argument");
            case "auxblob":
                return auxiliary;
            default:
                throw new UnauthorizedAccessException($"{name} is write-only");
        }
    }

    public bool Exists(string path) => folders.ContainsKey(path[..path.LastIndexOf('/')]) && (!path.EndsWith("/auxblob", StringComparison.Ordinal) || auxiliary.Length > 0);

    private (Entry Entry, string Name) Find(string path)
    {
        var slash = path.LastIndexOf('/');
        return folders.TryGetValue(path[..slash], out var entry) ? (entry, path[(slash + 1)..]) : throw new FileNotFoundException(path);
    }

    private sealed class Entry
    {
        public long Generation { get; set; }

        public byte[]? Input { get; set; }
    }
}
