using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;

namespace Sojourn.Hosting.DropBox;

/// <summary>A drop box on disk, within <see cref="DropBoxLimits"/>: what was taken is there after a crash.</summary>
public sealed class FileDropBox : IDropBox
{
    private readonly string _folder;
    private readonly Dictionary<Digest, (int Objects, long Bytes)> _jobs = [];
    private readonly Queue<Digest> _order = new();
    private readonly Lock _lock = new();

    /// <summary>Opens or makes the box.</summary>
    /// <param name="folder">Where it lies: a folder a job, a file an object.</param>
    public FileDropBox(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        foreach (var job in new DirectoryInfo(folder).EnumerateDirectories().OrderBy(at => at.CreationTimeUtc))
        {
            if (!Digest.TryParse(job.Name, out var id))
            {
                continue;
            }

            var (objects, bytes) = (0, 0L);
            foreach (var file in job.EnumerateFiles())
            {
                if (file.Name[0] == '.')
                {
                    file.Delete(); // A write that a crash cut short.
                    continue;
                }

                objects++;
                bytes += file.Length;
            }

            _jobs[id] = (objects, bytes);
            _order.Enqueue(id);
        }
    }

    /// <inheritdoc/>
    public ValueTask PutAsync(Digest job, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        DropBoxRules.Check(name, content.Span);
        var path = Path.Combine(_folder, job.ToString(), name);
        lock (_lock)
        {
            if (File.Exists(path))
            {
                return ValueTask.CompletedTask;
            }

            if (!_jobs.TryGetValue(job, out var used))
            {
                if (_order.Count >= DropBoxLimits.JobsMax && _order.TryDequeue(out var oldest))
                {
                    _jobs.Remove(oldest);
                    Directory.Delete(Path.Combine(_folder, oldest.ToString()), recursive: true);
                }

                Directory.CreateDirectory(Path.Combine(_folder, job.ToString()));
                _order.Enqueue(job);
            }

            if (used.Objects >= DropBoxLimits.JobObjectsMax || used.Bytes + content.Length > DropBoxLimits.JobBytesMax)
            {
                throw new DropBoxException(DropBoxFault.Full, $"the job's box is full ({used.Objects} objects, {used.Bytes} bytes)");
            }

            var temporary = Path.Combine(_folder, job.ToString(), "." + name);
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                file.Write(content.Span);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            _jobs[job] = (used.Objects + 1, used.Bytes + content.Length);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(Digest job, string name, CancellationToken cancel)
    {
        var path = Path.Combine(_folder, job.ToString(), name);
        if (!DropBoxLimits.IsName(name) || !File.Exists(path))
        {
            return null;
        }

        return await File.ReadAllBytesAsync(path, cancel).ConfigureAwait(false);
    }
}
