using System.Globalization;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;

namespace Sojourn.Ledger.Ethereum.Exchange;

/// <summary>What a node has said in a job's rounds, on disk before the others can hear it: after a crash it must not say something else.</summary>
/// <param name="folder">Where; null keeps nothing.</param>
/// <param name="job">The job.</param>
internal sealed class SaidFile(string? folder, Digest job)
{
    private readonly string? _folder = folder is null ? null : Path.Combine(folder, job.ToString());

    /// <summary>Keeps a message.</summary>
    /// <returns>Whether it is on disk, or nothing is to be kept; where it is not, it must not be said.</returns>
    public bool Keep(byte round, int index, ReadOnlyMemory<byte> message)
    {
        if (_folder is null)
        {
            return true;
        }

        try
        {
            Directory.CreateDirectory(_folder);
            var path = PathOf(round, index);
            using (var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write))
            {
                file.Write(message.Span);
                file.Flush(flushToDisk: true);
            }

            File.Move(path + ".new", path, overwrite: true);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What was kept of a round, in order.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Read(byte round)
    {
        for (var index = 0; _folder is not null && index < DropNames.SaidMax && File.Exists(PathOf(round, index)); index++)
        {
            yield return File.ReadAllBytes(PathOf(round, index));
        }
    }

    /// <summary>Forgets the job: it is over.</summary>
    public void Forget()
    {
        if (_folder is not null)
        {
            Delete(_folder);
        }
    }

    /// <summary>Forgets jobs that ended while the node was away.</summary>
    /// <param name="folder">Where all are kept.</param>
    /// <param name="isOpen">Whether a job is open.</param>
    public static void Sweep(string folder, Func<Digest, bool> isOpen)
    {
        foreach (var path in Directory.Exists(folder) ? Directory.GetDirectories(folder) : [])
        {
            if (Digest.TryParse(Path.GetFileName(path), out var id) && !isOpen(id))
            {
                Delete(path);
            }
        }
    }

    private static void Delete(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It is swept at the next start.
        }
    }

    private string PathOf(byte round, int index) => Path.Combine(_folder!, string.Create(CultureInfo.InvariantCulture, $"{round}-{index}"));
}
