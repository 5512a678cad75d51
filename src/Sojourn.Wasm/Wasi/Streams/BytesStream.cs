namespace Sojourn.Wasm.Wasi;

/// <summary>Input that is known beforehand.</summary>
internal sealed class BytesStream(ReadOnlyMemory<byte> bytes) : WasiStream
{
    private int _position;

    protected internal override int Read(Span<byte> buffer, CancellationToken cancellation)
    {
        var count = Math.Min(buffer.Length, bytes.Length - _position);
        bytes.Span.Slice(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    protected internal override int Write(ReadOnlySpan<byte> data, CancellationToken cancellation) =>
        throw new NotSupportedException("The stream is input only.");
}
