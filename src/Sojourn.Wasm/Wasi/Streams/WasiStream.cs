namespace Sojourn.Wasm.Wasi;

/// <summary>The capability to read from or write to one stream: what standard input, output and error are made of.</summary>
public abstract class WasiStream : IDisposable
{
    /// <summary>Always at its end; swallows what is written.</summary>
    public static WasiStream Null { get; } = new NullStream();

    /// <summary>Reads the given bytes, then ends.</summary>
    /// <param name="bytes">The bytes; they must not change while the guest runs.</param>
    /// <returns>A stream to read from.</returns>
    public static WasiStream FromBytes(ReadOnlyMemory<byte> bytes) => new BytesStream(bytes);

    /// <summary>Reads the UTF-8 form of a text, then ends.</summary>
    /// <param name="text">The text.</param>
    /// <returns>A stream to read from.</returns>
    public static WasiStream FromText(string text) => new BytesStream(global::System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Reads from and writes to a stream of the platform; each write is flushed.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="leaveOpen">Whether the guest's end leaves it open.</param>
    /// <param name="isTerminal">Whether the guest is to be told that a person sits at it.</param>
    /// <returns>The capability.</returns>
    public static WasiStream FromStream(Stream stream, bool leaveOpen = true, bool isTerminal = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new PlatformStream(stream, leaveOpen, isTerminal);
    }

    /// <summary>The process's own standard input.</summary>
    /// <returns>The capability.</returns>
    public static WasiStream HostInput() => OperatingSystem.IsLinux() ? new HostStream(0) : FromStream(Console.OpenStandardInput());

    /// <summary>The process's own standard output.</summary>
    /// <returns>The capability.</returns>
    public static WasiStream HostOutput() => OperatingSystem.IsLinux() ? new HostStream(1) : FromStream(Console.OpenStandardOutput());

    /// <summary>The process's own standard error.</summary>
    /// <returns>The capability.</returns>
    public static WasiStream HostError() => OperatingSystem.IsLinux() ? new HostStream(2) : FromStream(Console.OpenStandardError());

    /// <summary>Whether a person sits at the stream (<c>isatty</c>).</summary>
    public virtual bool IsTerminal => false;

    /// <summary>Whether a read would not block. Streams that cannot tell say yes.</summary>
    protected internal virtual bool CanReadNow => true;

    /// <summary>Whether a write would not block. Streams that cannot tell say yes.</summary>
    protected internal virtual bool CanWriteNow => true;

    /// <summary>Reads some bytes, blocking until there is one.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="cancellation">Ends a blocking read where the stream allows it.</param>
    /// <returns>How many; none at the end.</returns>
    /// <exception cref="IOException">The guest sees <c>EIO</c>.</exception>
    /// <exception cref="NotSupportedException">The guest sees <c>EBADF</c>.</exception>
    protected internal abstract int Read(Span<byte> buffer, CancellationToken cancellation);

    /// <summary>Writes bytes.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="cancellation">Ends a blocking write where the stream allows it.</param>
    /// <returns>How many were taken; none when the stream is full for good, which the guest sees as <c>ENOSPC</c>.</returns>
    /// <exception cref="IOException">The guest sees <c>EIO</c>.</exception>
    /// <exception cref="NotSupportedException">The guest sees <c>EBADF</c>.</exception>
    protected internal abstract int Write(ReadOnlySpan<byte> data, CancellationToken cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of what the stream owns.</summary>
    /// <param name="disposing">Whether called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    private sealed class NullStream : WasiStream
    {
        protected internal override int Read(Span<byte> buffer, CancellationToken cancellation) => 0;

        protected internal override int Write(ReadOnlySpan<byte> data, CancellationToken cancellation) => data.Length;
    }
}
