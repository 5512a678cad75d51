namespace Sojourn.Hosting.Nodes;

/// <summary>One process at a time works in a state folder.</summary>
internal sealed class StateLock : IDisposable
{
    private readonly FileStream _file;

    private StateLock(FileStream file) => _file = file;

    /// <summary>Takes the folder.</summary>
    /// <exception cref="NodeRefusedException">Another process has it.</exception>
    public static StateLock Take(string folder)
    {
        Directory.CreateDirectory(folder);
        try
        {
            return new StateLock(new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException) when (File.Exists(Path.Combine(folder, "lock")))
        {
            throw new NodeRefusedException($"another process works in {folder}", "End it first, or name another state folder.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
