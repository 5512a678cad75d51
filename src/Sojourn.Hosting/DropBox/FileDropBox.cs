using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;

namespace Sojourn.Hosting.DropBox;

/// <summary>A drop box on disk, within <see cref="DropBoxLimits"/>: what was taken is there after a crash.</summary>
public sealed class FileDropBox : IDropBoxStore
{
    private const long BytesMax = 16L << 30;

    private readonly string _folder;
    private readonly Dictionary<Digest, (int Objects, long Bytes)> _jobs = [];
    private readonly List<Digest> _order = [];
    private readonly Lock _lock = new();
    private long _bytes;

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
            _order.Add(id);
            _bytes += bytes;
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

            var known = _jobs.TryGetValue(job, out var used);
            DropBoxRules.CheckRoom(_jobs.Count, known, used.Objects, used.Bytes, _bytes, content.Length, BytesMax);
            if (!known)
            {
                Directory.CreateDirectory(Path.Combine(_folder, job.ToString()));
                _jobs[job] = default;
                _order.Add(job);
            }

            var temporary = Path.Combine(_folder, job.ToString(), "." + name);
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                file.Write(content.Span);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            _jobs[job] = (used.Objects + 1, used.Bytes + content.Length);
            _bytes += content.Length;
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

    /// <inheritdoc/>
    public IReadOnlyList<Digest> Jobs()
    {
        lock (_lock)
        {
            return [.. _order];
        }
    }

    /// <inheritdoc/>
    public void Remove(Digest job)
    {
        lock (_lock)
        {
            if (_jobs.Remove(job, out var used))
            {
                _order.Remove(job);
                _bytes -= used.Bytes;
                Directory.Delete(Path.Combine(_folder, job.ToString()), recursive: true);
            }
        }
    }
}
