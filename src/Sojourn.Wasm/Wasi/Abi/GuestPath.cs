using System.Text;

namespace Sojourn.Wasm.Wasi;

/// <summary>A path as the guest gave it: strict UTF-8, no NUL, bounded.</summary>
internal static class GuestPath
{
    /// <summary>Most bytes of a path (Linux PATH_MAX, less the NUL).</summary>
    public const int MaxPathBytes = 4095;

    /// <summary>Most bytes of one name (NAME_MAX).</summary>
    public const int MaxNameBytes = 255;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a path from guest memory.</summary>
    public static Errno Read(GuestMemory memory, uint pointer, uint length, out string path)
    {
        path = "";
        if (!memory.Contains(pointer, length))
        {
            return Errno.Fault;
        }

        if (length > MaxPathBytes)
        {
            return Errno.NameTooLong;
        }

        var bytes = memory.SliceUnchecked(pointer, length);
        if (bytes.Contains((byte)0))
        {
            return Errno.Inval;
        }

        if (!System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return Errno.IlSeq;
        }

        path = Strict.GetString(bytes);
        return Errno.Success;
    }

    /// <summary>The NUL-terminated UTF-8 form the operating system takes.</summary>
    public static byte[] ToNative(string path)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(path) + 1];
        Encoding.UTF8.GetBytes(path, bytes);
        return bytes;
    }

    /// <summary>Splits a path into its parent and last name; the name keeps no slash, the flag tells that it had one.</summary>
    public static (string Parent, string Name, bool TrailingSlash) Split(string path)
    {
        var end = path.Length;
        while (end > 0 && path[end - 1] == '/')
        {
            end--;
        }

        var trailing = end < path.Length;
        var slash = end == 0 ? -1 : path.LastIndexOf('/', end - 1);
        var name = path[(slash + 1)..end];
        var parent = slash < 0 ? "." : slash == 0 ? "/" : path[..slash];
        return (end == 0 && path.Length > 0 ? "/" : parent, name, trailing);
    }
}
