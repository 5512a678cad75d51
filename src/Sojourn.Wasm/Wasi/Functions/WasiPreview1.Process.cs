namespace Sojourn.Wasm.Wasi;

/// <content>Arguments, environment, clocks, randomness, the end.</content>
public sealed partial class WasiPreview1
{
    private const uint SignalsMax = 30;
    private const uint RandomChunk = 1 << 20;

    internal Errno ArgsGet(GuestMemory memory, uint pointers, uint buffer) => PutStrings(memory, _arguments, pointers, buffer);

    internal Errno ArgsSizesGet(GuestMemory memory, uint count, uint size) => PutSizes(memory, _arguments, count, size);

    internal Errno EnvironGet(GuestMemory memory, uint pointers, uint buffer) => PutStrings(memory, _environment, pointers, buffer);

    internal Errno EnvironSizesGet(GuestMemory memory, uint count, uint size) => PutSizes(memory, _environment, count, size);

    internal Errno ClockResGet(GuestMemory memory, uint id, uint result)
    {
        if (!memory.Contains(result, 8))
        {
            return Errno.Fault;
        }

        if (id > (uint)ClockId.ThreadCpuTime)
        {
            return Errno.Inval;
        }

        if (_clock is null)
        {
            return Errno.NotCapable;
        }

        memory.WriteU64(result, _clock.ResolutionNanoseconds);
        return Errno.Success;
    }

    internal Errno ClockTimeGet(GuestMemory memory, uint id, uint result)
    {
        if (!memory.Contains(result, 8))
        {
            return Errno.Fault;
        }

        if (id > (uint)ClockId.ThreadCpuTime)
        {
            return Errno.Inval;
        }

        if (_clock is null)
        {
            return Errno.NotCapable;
        }

        memory.WriteU64(result, (ClockId)id switch
        {
            ClockId.Realtime => _clock.ReadRealtime(),
            ClockId.Monotonic => _clock.ReadMonotonic(),
            _ => _clock.ReadCpuTime(),
        });
        return Errno.Success;
    }

    internal Errno RandomGet(GuestMemory memory, uint buffer, uint length)
    {
        if (!memory.Contains(buffer, length))
        {
            return Errno.Fault;
        }

        if (_random is null)
        {
            return Errno.NotCapable;
        }

        for (uint done = 0; done < length;)
        {
            _cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(RandomChunk, length - done);
            _random.Fill(memory.SliceUnchecked(buffer + done, count));
            done += count;
        }

        return Errno.Success;
    }

    /// <summary>Never returns.</summary>
    internal static void ProcExit(uint code) => throw new WasiExitException((int)code);

    /// <summary>Does what the signal's default action on a POSIX process is: ends it, or nothing.</summary>
    internal static Errno ProcRaise(uint signal) => signal switch
    {
        0 => Errno.Success,
        > SignalsMax => Errno.Inval,
        // chld, cont, urg, winch: ignored by default.
        16 or 17 or 22 or 27 => Errno.Success,
        // stop, tstp, ttin, ttou: there is nobody to let it go on.
        18 or 19 or 20 or 21 => Errno.NotSup,
        _ => throw new WasiExitException(128 + (int)signal),
    };

    internal static Errno SchedYield()
    {
        Thread.Yield();
        return Errno.Success;
    }

    private static Errno PutSizes(GuestMemory memory, byte[][] strings, uint count, uint size)
    {
        if (!memory.Contains(count, 4) || !memory.Contains(size, 4))
        {
            return Errno.Fault;
        }

        memory.WriteU32(count, (uint)strings.Length);
        memory.WriteU32(size, (uint)strings.Sum(text => (long)text.Length));
        return Errno.Success;
    }

    private static Errno PutStrings(GuestMemory memory, byte[][] strings, uint pointers, uint buffer)
    {
        var size = strings.Sum(text => (long)text.Length);
        if (!memory.Contains(pointers, 4ul * (uint)strings.Length) || !memory.Contains(buffer, (ulong)size))
        {
            return Errno.Fault;
        }

        foreach (var text in strings)
        {
            memory.WriteU32(pointers, buffer);
            text.CopyTo(memory.SliceUnchecked(buffer, (uint)text.Length));
            pointers += 4;
            buffer += (uint)text.Length;
        }

        return Errno.Success;
    }
}
