namespace Sojourn.Wasm.Wasi;

/// <summary>Bytes that stay where they are until a guest reads them: the content of a file that is not copied into memory.</summary>
public abstract class FileContent
{
    /// <summary>How many bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Reads bytes.</summary>
    /// <param name="offset">Where to start; at most <see cref="Length"/>.</param>
    /// <param name="buffer">Where to; the range lies inside the content and is filled wholly.</param>
    /// <exception cref="IOException">The bytes cannot be had; the guest sees <c>EIO</c>.</exception>
    public abstract void Read(long offset, Span<byte> buffer);
}
