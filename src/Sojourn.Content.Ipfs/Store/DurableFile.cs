using Sojourn.Content.Ipfs.Store.FileSystem;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>Writes a file so that its name never stands for half of it: temporary file, every byte, fsync, rename.</summary>
internal sealed class DurableFile(IStoreFileSystem files, StoreLayout layout)
{
    private static readonly string Process = $"{Environment.ProcessId:x}-{Guid.NewGuid():N}";
    private static long counter;

    /// <summary>Writes the file. Its name is durable only after its folder was synced.</summary>
    /// <exception cref="StoreException">The disk failed; the target is as it was.</exception>
    public void Write(string target, ReadOnlySpan<byte> bytes)
    {
        var temporary = Path.Combine(layout.Temporary, $"{Process}-{Interlocked.Increment(ref counter):x}");
        try
        {
            using (var file = files.CreateFile(temporary, bytes.Length))
            {
                var rest = bytes;
                while (!rest.IsEmpty)
                {
                    var took = file.Write(rest);
                    if (took <= 0)
                    {
                        throw new IOException("the disk took no more bytes");
                    }

                    rest = rest[took..];
                }

                // After a failed fsync the kernel may have dropped the pages and call the next one a success: never ask twice.
                file.Sync();
            }

            files.Rename(temporary, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw StoreException.From(e, target);
        }
    }

    private void TryDelete(string path)
    {
        try
        {
            files.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to tell; the next collection clears the folder.
        }
    }
}
