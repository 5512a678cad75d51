using Sojourn.Protocol.Transactions;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Enclave.Running;

/// <summary>An input read as a stream: a guest's standard input.</summary>
internal sealed class InputStream : Stream
{
    private readonly FileContent _content;
    private long _at;

    private InputStream(FileContent content) => _content = content;

    /// <summary>The stream of a single-file input.</summary>
    /// <param name="input">The input.</param>
    public static WasiStream Of(GuestInput input) => input.Files is [("", var content)]
        ? WasiStream.FromStream(new InputStream(content), leaveOpen: false)
        : throw new EnclaveException(FailReason.PolicyRefused, $"the input {input.Name} is a folder and cannot be standard input");

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => _content.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => _at;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var length = (int)Math.Min(buffer.Length, _content.Length - _at);
        _content.Read(_at, buffer[..length]);
        _at += length;
        return length;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
