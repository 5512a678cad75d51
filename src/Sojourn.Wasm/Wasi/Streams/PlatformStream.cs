namespace Sojourn.Wasm.Wasi;

/// <summary>A stream of the platform.</summary>
internal sealed class PlatformStream(Stream stream, bool leaveOpen, bool isTerminal) : WasiStream
{
    public override bool IsTerminal => isTerminal;

    protected internal override int Read(Span<byte> buffer, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return stream.Read(buffer);
    }

    protected internal override int Write(ReadOnlySpan<byte> data, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        stream.Write(data);
        stream.Flush();
        return data.Length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !leaveOpen)
        {
            stream.Dispose();
        }
    }
}
