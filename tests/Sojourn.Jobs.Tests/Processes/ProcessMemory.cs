using System.Globalization;

namespace Sojourn.Jobs.Tests.Processes;

/// <summary>What lies in a process's writable memory, which the kernel may swap out.</summary>
internal static class ProcessMemory
{
    private const int Step = 4 << 20;

    /// <summary>The first of some byte strings that is there; null where none is, or the memory cannot be read.</summary>
    /// <param name="process">The process.</param>
    /// <param name="wanted">The bytes.</param>
    public static byte[]? Find(int process, IReadOnlyList<byte[]> wanted)
    {
        try
        {
            using var memory = new FileStream(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/mem"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1);
            var buffer = new byte[Step + wanted.Max(bytes => bytes.Length)];
            foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/maps")))
            {
                var parts = line.Split(' ', 3);
                var bounds = parts[0].Split('-');
                if (!parts[1].StartsWith("rw", StringComparison.Ordinal) || line.EndsWith("[vsyscall]", StringComparison.Ordinal))
                {
                    continue;
                }

                var end = ulong.Parse(bounds[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                for (var at = ulong.Parse(bounds[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture); at < end; at += Step)
                {
                    var length = (int)Math.Min((ulong)buffer.Length, end - at);
                    int read;
                    try
                    {
                        read = RandomAccess.Read(memory.SafeFileHandle, buffer.AsSpan(0, length), (long)at);
                    }
                    catch (IOException)
                    {
                        continue; // A page that is reserved only.
                    }

                    foreach (var bytes in wanted)
                    {
                        if (buffer.AsSpan(0, read).IndexOf(bytes) >= 0)
                        {
                            return bytes;
                        }
                    }
                }
            }

            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
