namespace Sojourn.Wasm.Wasi;

/// <summary>A <see cref="WasiStream"/> behind a descriptor. The stream belongs to the host: closing the descriptor leaves it be.</summary>
internal sealed class StreamHandle(WasiStream stream, ulong inode, OutputBudget? budget) : WasiHandle
{
    public override FileType Type => stream.IsTerminal ? FileType.CharacterDevice : FileType.Unknown;

    public override Rights ApplicableRights => Rights.Stream;

    public override Errno Stat(out Filestat stat)
    {
        stat = new Filestat(0, inode, Type, 1, 0, 0, 0, 0);
        return Errno.Success;
    }

    public override Errno ReadStream(Span<byte> buffer, bool nonBlocking, CancellationToken cancellation, out int count)
    {
        count = 0;
        try
        {
            if (nonBlocking && !stream.CanReadNow)
            {
                return Errno.Again;
            }

            count = stream.Read(buffer, cancellation);
            return Errno.Success;
        }
        catch (NotSupportedException)
        {
            return Errno.BadF;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return Errno.Io;
        }
    }

    public override Errno WriteStream(ReadOnlySpan<byte> data, bool nonBlocking, CancellationToken cancellation, out int count)
    {
        count = 0;
        try
        {
            if (nonBlocking && !stream.CanWriteNow)
            {
                return Errno.Again;
            }

            var allowed = budget?.Allow(data.Length) ?? data.Length;
            count = stream.Write(data[..allowed], cancellation);
            budget?.Spend(count);
            return count == 0 && data.Length > 0 ? Errno.NoSpc : Errno.Success;
        }
        catch (NotSupportedException)
        {
            return Errno.BadF;
        }
        catch (ObjectDisposedException)
        {
            return Errno.Pipe;
        }
        catch (IOException e)
        {
            // 32 is EPIPE: the reader of a pipe went away.
            return (e.HResult & 0xffff) == 32 || e.InnerException is System.Net.Sockets.SocketException ? Errno.Pipe : Errno.Io;
        }
    }

    public override Readiness Poll(bool forWriting) =>
        (forWriting ? stream.CanWriteNow : stream.CanReadNow) ? Readiness.Ready() : Readiness.NotReady;
}

/// <summary>How many bytes a guest may still write to its streams.</summary>
internal sealed class OutputBudget(long bytesMax)
{
    private long _left = bytesMax;

    public int Allow(int wanted) => (int)Math.Min(wanted, Math.Max(0, _left));

    public void Spend(int count) => _left -= count;
}
