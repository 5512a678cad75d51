using System.Buffers.Binary;

namespace Sojourn.Wasm.Wasi;

/// <content>Waiting.</content>
public sealed partial class WasiPreview1
{
    private const uint SubscriptionSize = 48;
    private const uint EventSize = 32;
    private const uint SubscriptionAbsolute = 1;
    private const ushort EventHangUp = 1;
    private const ulong FirstSliceNanoseconds = 100_000;
    private const ulong LongestSliceNanoseconds = 10_000_000;

    internal Errno PollOneoff(GuestMemory memory, uint subscriptions, uint events, uint count, uint result)
    {
        if (count == 0 || count > (uint)_limits.SubscriptionsMax)
        {
            return Errno.Inval;
        }

        if (!memory.Contains(subscriptions, (ulong)count * SubscriptionSize)
            || !memory.Contains(events, (ulong)count * EventSize)
            || !memory.Contains(result, 4))
        {
            return Errno.Fault;
        }

        // Read once: the guest may have put the events over the subscriptions.
        var wanted = new Subscription[count];
        for (uint i = 0; i < count; i++)
        {
            wanted[i] = Subscription.Read(memory, subscriptions + (i * SubscriptionSize));
        }

        var ready = Wait(wanted);
        foreach (var happened in ready)
        {
            happened.Write(memory.SliceUnchecked(events, EventSize));
            events += EventSize;
        }

        memory.WriteU32(result, (uint)ready.Count);
        return Errno.Success;
    }

    private List<Event> Wait(Subscription[] wanted)
    {
        // Timeouts count from here; every clock moves as the monotonic one does.
        var start = _clock?.PeekMonotonic() ?? 0;
        var deadlines = new ulong[wanted.Length];
        for (var i = 0; i < wanted.Length; i++)
        {
            deadlines[i] = wanted[i].Type == EventType.Clock ? Deadline(wanted[i], start) : ulong.MaxValue;
        }

        var ready = new List<Event>();
        var slice = FirstSliceNanoseconds;
        while (true)
        {
            _cancellation.ThrowIfCancellationRequested();
            var now = _clock?.PeekMonotonic() ?? 0;
            var nearest = ulong.MaxValue;
            var waitsForStreams = false;
            for (var i = 0; i < wanted.Length; i++)
            {
                if (Check(wanted[i], deadlines[i], now) is { } happened)
                {
                    ready.Add(happened);
                }
                else if (wanted[i].Type == EventType.Clock)
                {
                    nearest = Math.Min(nearest, deadlines[i]);
                }
                else
                {
                    waitsForStreams = true;
                }
            }

            if (ready.Count > 0)
            {
                return ready;
            }

            if (!waitsForStreams || _clock is VirtualClock)
            {
                // In virtual time nothing else can happen meanwhile: the next moment is the deadline.
                if (nearest != ulong.MaxValue)
                {
                    _clock!.Wait(nearest - now, _cancellation);
                    continue;
                }
            }

            var left = Math.Min(slice, nearest == ulong.MaxValue ? slice : nearest - now);
            slice = Math.Min(slice * 2, LongestSliceNanoseconds);
            (_clock is null or VirtualClock ? WasiClock.System : _clock).Wait(left, _cancellation);
        }
    }

    private ulong Deadline(in Subscription wanted, ulong start)
    {
        if (_clock is null)
        {
            return 0;
        }

        if ((wanted.ClockFlags & SubscriptionAbsolute) == 0)
        {
            return Add(start, wanted.Timeout);
        }

        if (wanted.Clock != ClockId.Realtime)
        {
            return wanted.Timeout;
        }

        var wall = _clock.PeekRealtime();
        return wanted.Timeout > wall ? Add(start, wanted.Timeout - wall) : start;
    }

    private Event? Check(in Subscription wanted, ulong deadline, ulong now)
    {
        if (wanted.Type == EventType.Clock)
        {
            var errno = (uint)wanted.Clock > (uint)ClockId.ThreadCpuTime || wanted.ClockFlags > SubscriptionAbsolute ? Errno.Inval
                : _clock is null ? Errno.NotCapable
                : Errno.Success;
            return errno != Errno.Success || now >= deadline ? new Event(wanted.UserData, errno, wanted.Type, 0, 0) : null;
        }

        if (wanted.Type > EventType.Write)
        {
            return new Event(wanted.UserData, Errno.Inval, wanted.Type, 0, 0);
        }

        var forWriting = wanted.Type == EventType.Write;
        var needed = Rights.PollFdReadwrite | (forWriting ? Rights.FdWrite : Rights.FdRead);
        var found = _descriptors[wanted.Descriptor];
        if (found is null)
        {
            return new Event(wanted.UserData, Errno.BadF, wanted.Type, 0, 0);
        }

        if (found.Handle is ListenerHandle)
        {
            needed = Rights.PollFdReadwrite;
        }

        if ((needed & ~found.Rights) != 0)
        {
            return new Event(wanted.UserData, Errno.NotCapable, wanted.Type, 0, 0);
        }

        if (found.Handle.IsSeekable)
        {
            // Files never block; what is left to read is known.
            var errno = found.Handle.Stat(out var stat);
            var left = forWriting ? 1 : stat.Size > found.Position ? stat.Size - found.Position : 0;
            return new Event(wanted.UserData, errno, wanted.Type, left, 0);
        }

        var readiness = found.Handle.Poll(forWriting);
        return readiness.IsReady
            ? new Event(wanted.UserData, Errno.Success, wanted.Type, readiness.Bytes, readiness.HungUp ? EventHangUp : (ushort)0)
            : null;
    }

    private static ulong Add(ulong left, ulong right) => left > ulong.MaxValue - right ? ulong.MaxValue - 1 : left + right;

    private readonly record struct Subscription(
        ulong UserData, EventType Type, ClockId Clock, ulong Timeout, uint ClockFlags, uint Descriptor)
    {
        public static Subscription Read(GuestMemory memory, uint at)
        {
            var record = memory.SliceUnchecked(at, SubscriptionSize);
            return new Subscription(
                BinaryPrimitives.ReadUInt64LittleEndian(record),
                (EventType)record[8],
                (ClockId)BinaryPrimitives.ReadUInt32LittleEndian(record[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(record[24..]),
                BinaryPrimitives.ReadUInt16LittleEndian(record[40..]),
                BinaryPrimitives.ReadUInt32LittleEndian(record[16..]));
        }
    }

    private readonly record struct Event(ulong UserData, Errno Errno, EventType Type, ulong Bytes, ushort Flags)
    {
        public void Write(Span<byte> record)
        {
            record.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(record, UserData);
            BinaryPrimitives.WriteUInt16LittleEndian(record[8..], (ushort)Errno);
            record[10] = (byte)Type;
            BinaryPrimitives.WriteUInt64LittleEndian(record[16..], Bytes);
            BinaryPrimitives.WriteUInt16LittleEndian(record[24..], Flags);
        }
    }
}
