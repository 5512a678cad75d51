using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sojourn.Wasm.Compile;

/// <summary>An assembly's bytes that nobody can change any more: on Linux a sealed file in memory, which the platform can map, elsewhere an array.</summary>
internal sealed unsafe partial class CodeImage
{
    private const uint CloseOnExec = 1;
    private const uint AllowSealing = 2;
    private const int AddSeals = 1033;
    private const int SealAll = 1 | 2 | 4 | 8;
    private readonly SafeFileHandle? file;
    private readonly byte[] bytes;

    private CodeImage(SafeFileHandle? file, long length, byte[] bytes)
    {
        this.file = file;
        this.bytes = bytes;
        Length = length;
    }

    /// <summary>What looks at the bytes.</summary>
    public delegate T Look<T>(ReadOnlySpan<byte> bytes);

    /// <summary>How many bytes there are.</summary>
    public long Length { get; }

    /// <summary>A path by which this process can open the bytes for as long as this object is kept; null where there is none.</summary>
    public string? Path => file is null ? null : string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{(int)file.DangerousGetHandle()}");

    /// <summary>An image of bytes at hand.</summary>
    public static CodeImage Of(byte[] bytes)
    {
        if (CreateFile() is not { } file)
        {
            return new(null, bytes.Length, bytes);
        }

        fixed (byte* start = bytes)
        {
            for (var done = 0; done < bytes.Length;)
            {
                var written = Write(file, start + done, (nuint)(bytes.Length - done));
                if (written <= 0)
                {
                    file.Dispose();
                    return new(null, bytes.Length, bytes);
                }

                done += (int)written;
            }
        }

        return Sealed(file, bytes.Length) ?? new(null, bytes.Length, bytes);
    }

    /// <summary>A copy of a file as it is now: what happens to the file later has no effect.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CodeImage Copy(string path)
    {
        using var source = File.OpenHandle(path);
        var length = RandomAccess.GetLength(source);
        if (length is > 0 and <= int.MaxValue && CreateFile() is { } file)
        {
            for (long done = 0; done < length;)
            {
                var sent = SendFile(file, source, 0, (nuint)(length - done));
                if (sent <= 0)
                {
                    file.Dispose();
                    throw new IOException($"{path} cannot be read");
                }

                done += sent;
            }

            if (Sealed(file, length) is { } image)
            {
                return image;
            }
        }

        var all = new byte[length];
        return RandomAccess.Read(source, all, 0) == length ? new(null, length, all) : throw new IOException($"{path} cannot be read");
    }

    /// <summary>Lets something look at the bytes.</summary>
    public T With<T>(Look<T> look)
    {
        if (file is null)
        {
            return look(bytes);
        }

        // Read-only and private; the file is sealed, so the pages cannot change or vanish.
        var at = Map(0, (nuint)Length, 1, 2, file, 0);
        if (at == -1)
        {
            throw new TrapException(TrapKind.ResourceExhausted, "no address space is left for compiled code");
        }

        try
        {
            return look(new((void*)at, (int)Length));
        }
        finally
        {
            _ = Unmap(at, (nuint)Length);
        }
    }

    private static SafeFileHandle? CreateFile()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var descriptor = MemoryFile("wasm-code", CloseOnExec | AllowSealing);
        return descriptor < 0 ? null : new(descriptor, ownsHandle: true);
    }

    private static CodeImage? Sealed(SafeFileHandle file, long length)
    {
        if (Control(file, AddSeals, SealAll) == 0)
        {
            return new(file, length, []);
        }

        file.Dispose();
        return null;
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(SafeFileHandle file, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "sendfile")]
    private static partial nint SendFile(SafeFileHandle to, SafeFileHandle from, nint offset, nuint count);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, SafeFileHandle file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
