namespace Sojourn.Wasm.Wasi;

/// <summary>What stands behind a descriptor: a file, a directory, a stream, a socket.</summary>
/// <remarks>A handle knows nothing of rights, flags and positions; these belong to the <see cref="Descriptor"/>. What a kind of handle
/// cannot do has the errno of POSIX as its default here.</remarks>
internal abstract class WasiHandle : IDisposable
{
    /// <summary>The kind, as the guest sees it.</summary>
    public abstract FileType Type { get; }

    /// <summary>Rights that mean something on this kind.</summary>
    public abstract Rights ApplicableRights { get; }

    /// <summary>Whether reads and writes take an offset.</summary>
    public virtual bool IsSeekable => false;

    public abstract Errno Stat(out Filestat stat);

    public virtual Errno SetTimes(TimesUpdate times) => Errno.BadF;

    public virtual Errno SetSize(ulong size) => Errno.Inval;

    public virtual Errno Allocate(ulong offset, ulong length) => IsSeekable ? Errno.NotSup : Errno.SPipe;

    public virtual Errno Sync(bool dataOnly) => Errno.Success;

    /// <summary>Reads at an offset; fewer bytes than asked for only at the end of the file.</summary>
    public virtual Errno ReadAt(ulong offset, Span<byte> buffer, out int count)
    {
        count = 0;
        return Errno.SPipe;
    }

    public virtual Errno WriteAt(ulong offset, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        return Errno.SPipe;
    }

    /// <summary>Writes at the end of the file, wherever that is by then.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="count">How many were written.</param>
    /// <param name="end">The offset after the last of them.</param>
    public virtual Errno Append(ReadOnlySpan<byte> data, out int count, out ulong end)
    {
        count = 0;
        end = 0;
        return Errno.SPipe;
    }

    /// <summary>Reads from a stream: at least one byte, or none at its end. Blocks unless <paramref name="nonBlocking"/>.</summary>
    public virtual Errno ReadStream(Span<byte> buffer, bool nonBlocking, CancellationToken cancellation, out int count)
    {
        count = 0;
        return Errno.BadF;
    }

    public virtual Errno WriteStream(ReadOnlySpan<byte> data, bool nonBlocking, CancellationToken cancellation, out int count)
    {
        count = 0;
        return Errno.BadF;
    }

    /// <summary>Whether a read or write would not block; asked by <c>poll_oneoff</c>.</summary>
    public virtual Readiness Poll(bool forWriting) => Readiness.Ready();

    public virtual void Dispose()
    {
    }
}

/// <summary>What <c>poll_oneoff</c> learns of a handle.</summary>
internal readonly record struct Readiness(bool IsReady, ulong Bytes, bool HungUp)
{
    public static Readiness Ready(ulong bytes = 1, bool hungUp = false) => new(true, bytes, hungUp);

    public static Readiness NotReady => default;
}
