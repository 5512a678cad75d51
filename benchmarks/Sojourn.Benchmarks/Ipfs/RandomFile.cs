namespace Sojourn.Benchmarks.Ipfs;

/// <summary>Writes files that no two blocks of are alike.</summary>
internal static class RandomFile
{
    public static void Write(string path, long bytes, int seed)
    {
        var random = new Random(seed);
        var buffer = new byte[1 << 20];
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        random.NextBytes(buffer);
        for (long written = 0; written < bytes; written += buffer.Length)
        {
            // A counter is enough to make the blocks differ; drawing every byte would take longer than what is measured.
            BitConverter.TryWriteBytes(buffer, written);
            stream.Write(buffer, 0, (int)Math.Min(buffer.Length, bytes - written));
        }
    }
}
