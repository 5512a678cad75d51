using Sojourn.Wasm.Wasi;

namespace Sojourn.Wasm.Tests.Wasi;

/// <summary>The ways a guest's directory can be made; every test of file systems runs on each.</summary>
public enum FileSystemKind
{
    Memory,
    Host,
    HostWalkedByHand,
}

/// <summary>A guest with a fresh directory of one kind at descriptor 3.</summary>
internal sealed class FileSystemFixture : IDisposable
{
    private readonly HostDirectory? _directory;

    public FileSystemFixture(FileSystemKind kind, bool readOnly = false, Action<WasiOptions>? configure = null)
    {
        var options = new WasiOptions { Clock = new VirtualClock() };
        if (kind == FileSystemKind.Memory)
        {
            Files = new InMemoryFileSystem();
            options.AddDirectory("/", readOnly ? Files.Root.AsReadOnly() : Files.Root);
        }
        else
        {
            HostPath = Directory.CreateTempSubdirectory("sojourn-wasi-").FullName;
            _directory = HostDirectory.Open(HostPath, readOnly);
            options.AddDirectory("/", _directory);
            Beneath.WalkByHand = kind == FileSystemKind.HostWalkedByHand;
        }

        configure?.Invoke(options);
        Guest = new WasiGuest(options);
    }

    public WasiGuest Guest { get; }

    public InMemoryFileSystem? Files { get; }

    public string? HostPath { get; }

    /// <summary>Writes a file from outside the guest.</summary>
    public void Put(string path, string text)
    {
        if (Files is not null)
        {
            Files.WriteFile(path, text);
            return;
        }

        var full = Path.Combine(HostPath!, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    public void Dispose()
    {
        Beneath.WalkByHand = false;
        Guest.Dispose();
        _directory?.Dispose();
        if (HostPath is not null)
        {
            Directory.Delete(HostPath, recursive: true);
        }
    }
}
