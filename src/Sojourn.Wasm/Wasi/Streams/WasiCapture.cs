using System.Buffers;
using System.Text;

namespace Sojourn.Wasm.Wasi;

/// <summary>Output kept in memory, up to a limit.</summary>
public sealed class WasiCapture : WasiStream
{
    /// <summary>The default limit: 64 MiB.</summary>
    public const int DefaultBytesMax = 64 << 20;

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Lock _gate = new();
    private readonly int _bytesMax;

    /// <summary>Makes an empty capture.</summary>
    /// <param name="bytesMax">Most bytes kept; past them the guest's writes fail with <c>ENOSPC</c>.</param>
    public WasiCapture(int bytesMax = DefaultBytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesMax);
        _bytesMax = bytesMax;
    }

    /// <summary>Whether the limit cut the output short.</summary>
    public bool IsTruncated { get; private set; }

    /// <summary>Bytes written so far.</summary>
    public int Length
    {
        get
        {
            lock (_gate)
            {
                return _buffer.WrittenCount;
            }
        }
    }

    /// <summary>A copy of what was written so far.</summary>
    /// <returns>The bytes.</returns>
    public byte[] ToArray()
    {
        lock (_gate)
        {
            return _buffer.WrittenSpan.ToArray();
        }
    }

    /// <summary>What was written so far, read as UTF-8.</summary>
    /// <returns>The text; malformed bytes are replaced.</returns>
    public override string ToString() => Encoding.UTF8.GetString(ToArray());

    /// <inheritdoc/>
    protected internal override int Read(Span<byte> buffer, CancellationToken cancellation) =>
        throw new NotSupportedException("The stream is output only.");

    /// <inheritdoc/>
    protected internal override int Write(ReadOnlySpan<byte> data, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var count = Math.Min(data.Length, _bytesMax - _buffer.WrittenCount);
            _buffer.Write(data[..count]);
            IsTruncated |= count < data.Length;
            return count;
        }
    }
}
