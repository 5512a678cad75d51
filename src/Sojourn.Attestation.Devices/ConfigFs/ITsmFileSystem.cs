namespace Sojourn.Attestation.Devices.ConfigFs;

/// <summary>Port: the few file operations that the kernel's report interface needs. It is not an ordinary file system: writing a file changes what others say.</summary>
public interface ITsmFileSystem
{
    /// <summary>Makes a folder, which makes the kernel fill it with attributes.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="IOException">It exists already, or the interface is absent.</exception>
    void CreateDirectory(string path);

    /// <summary>Removes a folder and its attributes.</summary>
    /// <param name="path">The folder.</param>
    void RemoveDirectory(string path);

    /// <summary>Writes an attribute in one call.</summary>
    /// <param name="path">The attribute.</param>
    /// <param name="bytes">The whole value.</param>
    void Write(string path, ReadOnlySpan<byte> bytes);

    /// <summary>Reads an attribute to its end.</summary>
    /// <param name="path">The attribute.</param>
    /// <param name="lengthMax">The most bytes that are accepted.</param>
    byte[] Read(string path, int lengthMax);

    /// <summary>Whether an attribute is there.</summary>
    /// <param name="path">The attribute.</param>
    bool Exists(string path);
}

/// <summary>The kernel's own, below <c>/sys/kernel/config</c>.</summary>
public sealed class KernelTsmFileSystem : ITsmFileSystem
{
    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            throw new IOException($"{path} exists already.");
        }

        Directory.CreateDirectory(path);
    }

    /// <inheritdoc/>
    public void RemoveDirectory(string path) => Directory.Delete(path, recursive: false);

    /// <inheritdoc/>
    public void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(handle, bytes, 0);
    }

    /// <inheritdoc/>
    public byte[] Read(string path, int lengthMax)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var all = new MemoryStream();
        var buffer = new byte[4096];
        while (true)
        {
            var got = RandomAccess.Read(handle, buffer, all.Length);
            if (got == 0)
            {
                return all.ToArray();
            }

            if (all.Length + got > lengthMax)
            {
                throw new IOException($"{path} gives more than {lengthMax} bytes.");
            }

            all.Write(buffer, 0, got);
        }
    }

    /// <inheritdoc/>
    public bool Exists(string path) => File.Exists(path);
}
