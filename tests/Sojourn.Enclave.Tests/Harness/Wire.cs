namespace Sojourn.Enclave.Tests.Harness;

/// <summary>Two byte streams between an enclave and its host, in memory. Whoever waits for bytes that cannot come, because the other waits too, is told.</summary>
internal sealed class Wire
{
    private readonly object _lock = new();
    private readonly Queue<byte[]> _toEnclave = new();
    private readonly Queue<byte[]> _toHost = new();
    private int _taken;
    private bool _hostClosed;
    private bool _enclaveEnded;
    private bool _enclaveWaits;

    public Wire()
    {
        Input = new EnclaveInput(this);
        Output = new EnclaveOutput(this);
    }

    /// <summary>What the enclave reads.</summary>
    public Stream Input { get; }

    /// <summary>What the enclave writes.</summary>
    public Stream Output { get; }

    /// <summary>Everything that the enclave ever wrote.</summary>
    public MemoryStream Said { get; } = new();

    public void Send(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (!_hostClosed && bytes.Length > 0)
            {
                _toEnclave.Enqueue(bytes.ToArray());
                Monitor.PulseAll(_lock);
            }
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            _hostClosed = true;
            Monitor.PulseAll(_lock);
        }
    }

    public void EnclaveEnded()
    {
        lock (_lock)
        {
            _enclaveEnded = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>The next bytes from the enclave; null where it ended, or waits for the host with nothing under way.</summary>
    public byte[]? Receive()
    {
        lock (_lock)
        {
            while (_toHost.Count == 0)
            {
                if (_enclaveEnded || (!_hostClosed && _enclaveWaits && _toEnclave.Count == 0))
                {
                    return null;
                }

                Monitor.Wait(_lock);
            }

            return _toHost.Dequeue();
        }
    }

    private sealed class EnclaveInput(Wire wire) : OneWay
    {
        public override bool CanRead => true;

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            lock (wire._lock)
            {
                while (wire._toEnclave.Count == 0)
                {
                    if (wire._hostClosed)
                    {
                        return 0;
                    }

                    wire._enclaveWaits = true;
                    Monitor.PulseAll(wire._lock);
                    Monitor.Wait(wire._lock);
                }

                wire._enclaveWaits = false;
                var next = wire._toEnclave.Peek().AsSpan(wire._taken);
                var length = Math.Min(next.Length, buffer.Length);
                next[..length].CopyTo(buffer);
                wire._taken += length;
                if (length == next.Length)
                {
                    wire._toEnclave.Dequeue();
                    wire._taken = 0;
                }

                return length;
            }
        }
    }

    private sealed class EnclaveOutput(Wire wire) : OneWay
    {
        public override bool CanWrite => true;

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            lock (wire._lock)
            {
                wire.Said.Write(buffer);
                wire._toHost.Enqueue(buffer.ToArray());
                Monitor.PulseAll(wire._lock);
            }
        }
    }

    private abstract class OneWay : Stream
    {
        public override bool CanRead => false;

        public override bool CanWrite => false;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Flush()
        {
        }
    }
}
