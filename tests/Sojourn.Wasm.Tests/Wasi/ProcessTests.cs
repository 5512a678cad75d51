using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sojourn.Wasm.Wasi;
using static Sojourn.Wasm.Wasi.Errno;

namespace Sojourn.Wasm.Tests.Wasi;

/// <summary>Everything but files: what is denied, arguments, clocks, randomness, streams, waiting, sockets, the end.</summary>
public sealed class ProcessTests
{
    [Fact]
    public void Nothing_is_handed_in_by_default()
    {
        using var guest = new WasiGuest(new WasiOptions());
        Assert.Equal(Success, guest.Wasi.ArgsSizesGet(guest.Memory, 16, 20));
        Assert.Equal(0ul, guest.Result64);
        Assert.Equal(Success, guest.Wasi.EnvironSizesGet(guest.Memory, 16, 20));
        Assert.Equal(0ul, guest.Result64);
        Assert.Equal(NotCapable, guest.Wasi.ClockTimeGet(guest.Memory, 0, 16));
        Assert.Equal(NotCapable, guest.Wasi.ClockResGet(guest.Memory, 1, 16));
        Assert.Equal(NotCapable, guest.Wasi.RandomGet(guest.Memory, 64, 8));
        Assert.Equal(BadF, guest.Wasi.FdPrestatGet(guest.Memory, 3, 16));
        Assert.Equal(BadF, guest.OpenErrno("x"));
        Assert.Equal("", guest.Read(0));
        Assert.Equal(4, guest.Write(1, "gone"));
        Assert.Equal(NotCapable, guest.TryRead(1, 1, out _));
        Assert.Equal(NotCapable, guest.TryWrite(0, "x"));
    }

    [Fact]
    public void Arguments_and_environment_are_laid_out_as_strings()
    {
        using var guest = new WasiGuest(new WasiOptions().AddArguments("prog", "", "ä b").AddEnvironment("A", "1=2").AddEnvironment("B", ""));
        Assert.Equal(Success, guest.Wasi.ArgsSizesGet(guest.Memory, 16, 20));
        Assert.Equal((3u, 11u), ((uint)guest.Result64, (uint)(guest.Result64 >> 32)));
        Assert.Equal(Success, guest.Wasi.ArgsGet(guest.Memory, 64, 128));
        Assert.Equal("prog\0\0ä b\0", Encoding.UTF8.GetString(guest.Bytes, 128, 11));
        Assert.Equal([128u, 133u, 134u], Enumerable.Range(0, 3).Select(i => BitConverter.ToUInt32(guest.Bytes, 64 + (4 * i))));
        Assert.Equal(Success, guest.Wasi.EnvironSizesGet(guest.Memory, 16, 20));
        Assert.Equal(Success, guest.Wasi.EnvironGet(guest.Memory, 64, 128));
        Assert.Equal("A=1=2\0B=\0", Encoding.UTF8.GetString(guest.Bytes, 128, 9));
        Assert.Throws<ArgumentException>(() => new WasiPreview1(new WasiOptions().AddArguments("a\0b")));
        Assert.Throws<ArgumentException>(() => new WasiPreview1(new WasiOptions().AddEnvironment("A=B", "c")));
    }

    [Fact]
    public void Virtual_time_moves_by_rule()
    {
        using var guest = new WasiGuest(new WasiOptions { Clock = new VirtualClock(DateTimeOffset.FromUnixTimeSeconds(10), 7) });
        Assert.Equal(10_000_000_000ul, Time(guest, 0));
        Assert.Equal(7ul, Time(guest, 1));
        Assert.Equal(14ul, Time(guest, 2));
        Assert.Equal(21ul, Time(guest, 3));
        Assert.Equal(10_000_000_028ul, Time(guest, 0));
        Assert.Equal(Inval, guest.Wasi.ClockTimeGet(guest.Memory, 4, 16));
        Assert.Equal(Success, guest.Wasi.ClockResGet(guest.Memory, 0, 16));
        Assert.Equal(7ul, guest.Result64);
        // An hour passes at once, and no more than that.
        var (errno, events) = Poll(guest, Clock(1, 1, 3_600_000_000_000));
        Assert.Equal(Success, errno);
        Assert.Equal((1ul, Success, EventType.Clock), events.Single());
        Assert.Equal(3_600_000_000_035ul, Time(guest, 1));
        (_, events) = Poll(guest, Clock(2, 0, 20_000_000_000_000, absolute: true), Clock(3, 1, 50));
        Assert.Equal(3ul, events.Single().UserData);
        (_, events) = Poll(guest, Clock(2, 0, 20_000_000_000_000, absolute: true));
        Assert.Equal(20_000_000_000_000ul, Time(guest, 0));
    }

    [Fact]
    public void Real_time_passes()
    {
        using var guest = new WasiGuest(new WasiOptions { Clock = WasiClock.System });
        var before = Time(guest, 1);
        var (_, events) = Poll(guest, Clock(1, 1, 2_000_000));
        Assert.Equal(1ul, events.Single().UserData);
        Assert.True(Time(guest, 1) - before >= 2_000_000);
        Assert.InRange(Time(guest, 0), 1_600_000_000_000_000_000ul, ulong.MaxValue);
        Assert.Equal(Success, WasiPreview1.SchedYield());
    }

    [Fact]
    public void Seeded_randomness_does_not_depend_on_how_it_is_cut()
    {
        using var one = new WasiGuest(WasiOptions.Deterministic("seed"u8));
        using var two = new WasiGuest(WasiOptions.Deterministic("seed"u8));
        using var other = new WasiGuest(WasiOptions.Deterministic("Seed"u8));
        Assert.Equal(Success, one.Wasi.RandomGet(one.Memory, 64, 100));
        foreach (var (at, count) in new[] { (64u, 1u), (65u, 31u), (96u, 33u), (129u, 0u), (129u, 35u) })
        {
            Assert.Equal(Success, two.Wasi.RandomGet(two.Memory, at, count));
        }

        other.Wasi.RandomGet(other.Memory, 64, 100);
        Assert.Equal(one.Bytes[64..164], two.Bytes[64..164]);
        Assert.NotEqual(one.Bytes[64..164], other.Bytes[64..164]);
        // The stream is part of the profile: a change of it must be a decision.
        Assert.Equal("115099B9A75A93E5", Convert.ToHexString(one.Bytes[64..72]));
        Assert.True(WasiOptions.Deterministic("x"u8).AddDirectory("/", new InMemoryFileSystem().Root).IsDeterministic);
        Assert.False(new WasiOptions { Clock = WasiClock.System }.IsDeterministic);
        Assert.False(new WasiOptions { Random = WasiRandom.System }.IsDeterministic);
    }

    [Fact]
    public void Streams_carry_input_and_output()
    {
        var output = new WasiCapture(10);
        using var guest = new WasiGuest(new WasiOptions { StandardInput = WasiStream.FromText("input"), StandardOutput = output });
        Assert.Equal("inp", guest.Read(0, 3));
        Assert.Equal("ut", guest.Read(0, 3));
        Assert.Equal("", guest.Read(0, 3));
        Assert.Equal(8, guest.Write(1, "12345678"));
        Assert.Equal(2, guest.Write(1, "90more"));
        Assert.Equal(NoSpc, guest.TryWrite(1, "more"));
        Assert.Equal("1234567890", output.ToString());
        Assert.True(output.IsTruncated);
        Assert.Equal(SPipe, guest.Seek(1, 0, Whence.Current));
        Assert.Equal(SPipe, guest.Wasi.FdTell(guest.Memory, 0, 16));
        Assert.Equal(SPipe, guest.TryPread(0, 1, 0, out _));
        Assert.Equal(SPipe, guest.TryPwrite(1, "x", 0));
        Assert.Equal(SPipe, guest.Wasi.FdAllocate(1, 0, 1));
        Assert.Equal(SPipe, guest.Wasi.FdAdvise(1, 0, 1, 0));
        Assert.Equal(NotCapable, guest.Wasi.FdFilestatSetSize(1, 0));
        Assert.Equal(NotDir, guest.OpenErrno("x", at: 1));
        Assert.Equal(NotSock, guest.Wasi.SockShutdown(1, 1));
        Assert.Equal(BadF, guest.Wasi.SockShutdown(99, 1));
        Assert.Equal(FileType.Unknown, guest.Fdstat(1).Type);
        Assert.Equal(1ul, guest.Stat(1).Inode);
    }

    [Fact]
    public void Output_is_bounded_over_both_streams()
    {
        var options = new WasiOptions { StandardOutput = new WasiCapture(), StandardError = new WasiCapture() };
        options.Limits.OutputBytesMax = 10;
        using var guest = new WasiGuest(options);
        Assert.Equal(6, guest.Write(1, "123456"));
        Assert.Equal(4, guest.Write(2, "123456"));
        Assert.Equal(NoSpc, guest.TryWrite(1, "1"));
    }

    [Fact]
    public void A_full_memory_file_system_says_so_and_stays_whole()
    {
        var files = new InMemoryFileSystem(new InMemoryFileSystemOptions { BytesMax = 100, NodesMax = 3 });
        using var guest = new WasiGuest(new WasiOptions().AddDirectory("/", files.Root));
        var fd = guest.OpenFile("a");
        Assert.Equal(60, guest.Write(fd, new string('x', 60)));
        Assert.Equal(NoSpc, guest.TryWrite(fd, new string('y', 41)));
        Assert.Equal(60ul, guest.Stat(fd).Size);
        Assert.Equal(NoSpc, guest.Wasi.FdFilestatSetSize(fd, 101));
        Assert.Equal(NoSpc, guest.Wasi.FdAllocate(fd, 50, 51));
        Assert.Equal(Success, guest.Wasi.FdFilestatSetSize(fd, 100));
        Assert.Equal(100, files.BytesUsed);
        guest.Create("b");
        Assert.Equal(Success, guest.Link("a", "c"));
        Assert.Equal(NoSpc, guest.OpenErrno("d", OpenFlags.Create));
        Assert.Equal(NoSpc, guest.CreateDirectory("d"));
        Assert.Equal(NoSpc, guest.Symlink("a", "d"));
        Assert.Equal(NoSpc, guest.Link("a", "d"));
        Assert.Equal(Success, guest.Unlink("a"));
        Assert.Equal(100, files.BytesUsed);
        Assert.Equal(Success, guest.Unlink("c"));
        Assert.Equal(100, files.BytesUsed);
        guest.Close(fd);
        Assert.Equal(0, files.BytesUsed);
        Assert.Equal(Success, guest.CreateDirectory("d"));
    }

    [Fact]
    public void Files_can_show_content_that_lies_elsewhere()
    {
        var content = new Counting("0123456789"u8.ToArray());
        var files = new InMemoryFileSystem();
        files.AttachFile("data/big", content);
        using var guest = new WasiGuest(new WasiOptions().AddDirectory("/", files.Root));
        var fd = guest.OpenFile("data/big", OpenFlags.None);
        Assert.Equal(Success, guest.TryPread(fd, 3, 5, out var text));
        Assert.Equal("567", text);
        Assert.Equal(3, content.BytesRead);
        Assert.Equal(Success, guest.TryPwrite(fd, "x", 9));
        Assert.Equal("012345678x", guest.ReadFile("data/big"));
        content.Fails = true;
        files.AttachFile("data/bad", content);
        var bad = guest.OpenFile("data/bad", OpenFlags.None);
        Assert.Equal(Io, guest.TryPread(bad, 3, 5, out _));
        Assert.Equal(Io, guest.TryPwrite(bad, "x", 9));
        Assert.Equal(20, files.BytesUsed);
        Assert.Equal(["data/bad", "data/big"], files.ListFiles());
    }

    [Fact]
    public void Waiting_reports_files_streams_and_mistakes()
    {
        var files = new InMemoryFileSystem();
        files.WriteFile("a", "12345");
        using var guest = new WasiGuest(new WasiOptions { Clock = new VirtualClock(), StandardInput = WasiStream.FromText("x") }.AddDirectory("/", files.Root));
        var fd = guest.OpenFile("a", OpenFlags.None);
        guest.Read(fd, 2);
        var (errno, events) = Poll(
            guest, Descriptor(1, EventType.Read, 0), Descriptor(2, EventType.Write, 1), Descriptor(3, EventType.Read, fd), Descriptor(4, EventType.Read, 77),
            Descriptor(5, EventType.Read, 1), Clock(6, 9, 0), Clock(7, 1, 1_000_000), Descriptor(8, (EventType)9, 0));
        Assert.Equal(Success, errno);
        Assert.Equal(
            [
                (1ul, Success, EventType.Read), (2, Success, EventType.Write), (3, Success, EventType.Read), (4, BadF, EventType.Read),
                (5, NotCapable, EventType.Read), (6, Inval, EventType.Clock), (8, Inval, (EventType)9),
            ],
            events);
        Assert.Equal(3ul, BinaryPrimitives.ReadUInt64LittleEndian(guest.Bytes.AsSpan(60000 + (2 * 32) + 16)));
        Assert.Equal(Inval, guest.Wasi.PollOneoff(guest.Memory, 50000, 60000, 0, 16));
        Assert.Equal(Inval, guest.Wasi.PollOneoff(guest.Memory, 50000, 60000, uint.MaxValue, 16));
    }

    [Fact]
    public void A_cancelled_wait_ends()
    {
        using var source = new CancellationTokenSource();
        using var guest = new WasiGuest(new WasiOptions { Clock = WasiClock.System, Cancellation = source.Token });
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => Poll(guest, Clock(1, 1, ulong.MaxValue)));
    }

    [Fact]
    public void Sockets_handed_in_can_be_used()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        using var guest = new WasiGuest(new WasiOptions().AddSocket(WasiSocket.FromListening(listener)));
        Assert.Equal(FileType.SocketStream, guest.Fdstat(3).Type);
        Assert.Equal(Inval, guest.Wasi.SockAccept(guest.Memory, 3, 1, 16));
        Assert.Equal(Success, guest.Wasi.SockAccept(guest.Memory, 3, 0, 16));
        var fd = guest.Result;
        Assert.Equal(Success, guest.Wasi.FdFdstatSetFlags(3, (uint)FdFlags.NonBlock));
        Assert.Equal(Again, guest.Wasi.SockAccept(guest.Memory, 3, 0, 16));
        Assert.Equal(NotConn, guest.Wasi.SockRecv(guest.Memory, 3, guest.Data(new byte[4]), 1, 0, 16, 24));
        client.Send("hello"u8);
        Assert.Equal(Success, guest.Wasi.SockRecv(guest.Memory, fd, guest.Data(new byte[3]), 1, 1, 16, 24));
        Assert.Equal("hel", Encoding.UTF8.GetString(guest.Bytes, 32768, (int)guest.Result));
        Assert.Equal(Success, guest.Wasi.SockRecv(guest.Memory, fd, guest.Data(new byte[5]), 1, 2, 16, 24));
        Assert.Equal("hello", Encoding.UTF8.GetString(guest.Bytes, 32768, (int)guest.Result));
        Assert.Equal(Inval, guest.Wasi.SockRecv(guest.Memory, fd, guest.Data(new byte[5]), 1, 4, 16, 24));
        Assert.Equal(Success, guest.Wasi.FdFdstatSetFlags(fd, (uint)FdFlags.NonBlock));
        Assert.Equal(Again, guest.TryRead(fd, 1, out _));
        Assert.Equal(Success, guest.Wasi.SockSend(guest.Memory, fd, guest.Data("reply"u8), 1, 0, 16));
        Assert.Equal(Inval, guest.Wasi.SockSend(guest.Memory, fd, guest.Data("reply"u8), 1, 1, 16));
        var buffer = new byte[10];
        Assert.Equal(5, client.Receive(buffer));
        Assert.Equal(Inval, guest.Wasi.SockShutdown(fd, 0));
        Assert.Equal(Success, guest.Wasi.SockShutdown(fd, 2));
        Assert.Equal(0, client.Receive(buffer));
        Assert.Equal(Inval, guest.Wasi.SockAccept(guest.Memory, fd, 0, 16));
        Assert.Equal(SPipe, guest.Seek(fd, 0, Whence.Set));
        guest.Close(fd);
        Assert.Equal(BadF, guest.Wasi.SockShutdown(fd, 1));
    }

    [Fact]
    public void Streams_can_serve_as_a_connection()
    {
        var sent = new WasiCapture();
        using var guest = new WasiGuest(new WasiOptions().AddSocket(WasiSocket.FromStreams(WasiStream.FromText("abc"), sent)));
        Assert.Equal(Success, guest.Wasi.SockRecv(guest.Memory, 3, guest.Data(new byte[2]), 1, 1, 16, 24));
        Assert.Equal("abc", guest.Read(3) + guest.Read(3));
        Assert.Equal(3, guest.Write(3, "xyz"));
        Assert.Equal(Success, guest.Wasi.SockShutdown(3, 2));
        Assert.Equal(Pipe, guest.TryWrite(3, "more"));
        Assert.Equal("xyz", sent.ToString());
    }

    [Fact]
    public void The_end_is_an_exit_code()
    {
        Assert.Equal(7, Assert.Throws<WasiExitException>(() => WasiPreview1.ProcExit(7)).ExitCode);
        Assert.Equal(134, Assert.Throws<WasiExitException>(() => WasiPreview1.ProcRaise(6)).ExitCode);
        Assert.Equal(Success, WasiPreview1.ProcRaise(0));
        Assert.Equal(Success, WasiPreview1.ProcRaise(16));
        Assert.Equal(Inval, WasiPreview1.ProcRaise(31));
    }

    [Fact]
    public void Pointers_out_of_memory_are_faults_and_change_nothing()
    {
        var files = new InMemoryFileSystem();
        files.WriteFile("a", "text");
        using var guest = new WasiGuest(
            new WasiOptions { Clock = new VirtualClock(), Random = WasiRandom.System }.AddDirectory("/", files.Root).AddArguments("a").AddEnvironment("b", "c"));
        var wasi = guest.Wasi;
        var fd = guest.OpenFile("a", OpenFlags.None);
        var (path, length) = guest.Path("new");
        var end = (uint)guest.Bytes.Length;
        foreach (var bad in new[] { end, end - 1, uint.MaxValue, uint.MaxValue - 7 })
        {
            GuestMemory Memory() => guest.Memory;
            Assert.Equal(Fault, wasi.ArgsGet(Memory(), bad, 0));
            Assert.Equal(Fault, wasi.ArgsGet(Memory(), 0, bad));
            Assert.Equal(Fault, wasi.ArgsSizesGet(Memory(), bad, 0));
            Assert.Equal(Fault, wasi.ArgsSizesGet(Memory(), 0, bad));
            Assert.Equal(Fault, wasi.EnvironGet(Memory(), bad, 0));
            Assert.Equal(Fault, wasi.EnvironGet(Memory(), 0, bad));
            Assert.Equal(Fault, wasi.EnvironSizesGet(Memory(), bad, 0));
            Assert.Equal(Fault, wasi.ClockResGet(Memory(), 0, bad));
            Assert.Equal(Fault, wasi.ClockTimeGet(Memory(), 0, bad));
            Assert.Equal(Fault, wasi.FdFdstatGet(Memory(), fd, bad));
            Assert.Equal(Fault, wasi.FdFilestatGet(Memory(), fd, bad));
            Assert.Equal(Fault, wasi.FdPread(Memory(), fd, bad, 1, 0, 16));
            Assert.Equal(Fault, wasi.FdPrestatGet(Memory(), 3, bad));
            Assert.Equal(Fault, wasi.FdPrestatDirName(Memory(), 3, bad, 8));
            Assert.Equal(Fault, wasi.FdPwrite(Memory(), fd, bad, 1, 0, 16));
            Assert.Equal(Fault, wasi.FdRead(Memory(), fd, bad, 1, 16));
            Assert.Equal(Fault, wasi.FdRead(Memory(), fd, 0, 0, bad));
            Assert.Equal(Fault, wasi.FdReaddir(Memory(), 3, bad, 8, 0, 16));
            Assert.Equal(Fault, wasi.FdReaddir(Memory(), 3, 0, 8, 0, bad));
            Assert.Equal(Fault, wasi.FdSeek(Memory(), fd, 1, 0, bad));
            Assert.Equal(Fault, wasi.FdTell(Memory(), fd, bad));
            Assert.Equal(Fault, wasi.FdWrite(Memory(), fd, bad, 1, 16));
            Assert.Equal(Fault, wasi.FdWrite(Memory(), fd, 0, 0, bad));
            Assert.Equal(Fault, wasi.PathCreateDirectory(Memory(), 3, bad, 8));
            Assert.Equal(Fault, wasi.PathFilestatGet(Memory(), 3, 0, bad, 8, 64));
            Assert.Equal(Fault, wasi.PathFilestatGet(Memory(), 3, 0, path, length, bad));
            Assert.Equal(Fault, wasi.PathFilestatSetTimes(Memory(), 3, 0, bad, 8, 0, 0, 1));
            Assert.Equal(Fault, wasi.PathLink(Memory(), 3, 0, bad, 8, 3, path, length));
            Assert.Equal(Fault, wasi.PathLink(Memory(), 3, 0, path, length, 3, bad, 8));
            Assert.Equal(Fault, wasi.PathOpen(Memory(), 3, 0, bad, 8, 1, 0, 0, 0, 16));
            Assert.Equal(Fault, wasi.PathOpen(Memory(), 3, 0, path, length, 1, 0, 0, 0, bad));
            Assert.Equal(Fault, wasi.PathReadlink(Memory(), 3, bad, 8, 0, 8, 16));
            Assert.Equal(Fault, wasi.PathReadlink(Memory(), 3, path, length, bad, 8, 16));
            Assert.Equal(Fault, wasi.PathReadlink(Memory(), 3, path, length, 0, 8, bad));
            Assert.Equal(Fault, wasi.PathRemoveDirectory(Memory(), 3, bad, 8));
            Assert.Equal(Fault, wasi.PathRename(Memory(), 3, bad, 8, 3, path, length));
            Assert.Equal(Fault, wasi.PathRename(Memory(), 3, path, length, 3, bad, 8));
            Assert.Equal(Fault, wasi.PathSymlink(Memory(), bad, 8, 3, path, length));
            Assert.Equal(Fault, wasi.PathSymlink(Memory(), path, length, 3, bad, 8));
            Assert.Equal(Fault, wasi.PathUnlinkFile(Memory(), 3, bad, 8));
            Assert.Equal(Fault, wasi.PollOneoff(Memory(), bad, 64, 1, 16));
            Assert.Equal(Fault, wasi.PollOneoff(Memory(), 64, bad, 1, 16));
            Assert.Equal(Fault, wasi.PollOneoff(Memory(), 64, 128, 1, bad));
            Assert.Equal(Fault, wasi.RandomGet(Memory(), bad, 8));
            Assert.Equal(Fault, wasi.SockAccept(Memory(), 3, 0, bad));

            // A vector that is in memory may still name a buffer that is not.
            var vectors = guest.Data("x"u8);
            BinaryPrimitives.WriteUInt32LittleEndian(guest.Bytes.AsSpan((int)vectors), bad);
            BinaryPrimitives.WriteUInt32LittleEndian(guest.Bytes.AsSpan((int)vectors + 4), 8);
            Assert.Equal(Fault, wasi.FdRead(Memory(), fd, vectors, 1, 16));
            Assert.Equal(Fault, wasi.FdWrite(Memory(), fd, vectors, 1, 16));
        }

        Assert.Equal(Inval, wasi.FdRead(guest.Memory, fd, 0, 1025, 16));
        Assert.Equal(["a"], files.ListFiles());
        Assert.Equal("text", guest.Read(fd));
    }

    [Fact]
    public void Guests_that_share_files_do_not_disturb_each_other()
    {
        var files = new InMemoryFileSystem();
        Parallel.For(0, 8, worker =>
        {
            using var guest = new WasiGuest(new WasiOptions().AddDirectory("/", files.Root));
            for (var i = 0; i < 50; i++)
            {
                guest.Create($"{worker}-{i}", $"{worker}/{i}");
                var log = guest.OpenFile("log", OpenFlags.Create, FdFlags.Append);
                guest.Write(log, "+");
                guest.Close(log);
                Assert.Equal($"{worker}/{i}", guest.ReadFile($"{worker}-{i}"));
                Assert.Equal(Success, guest.Rename($"{worker}-{i}", $"{worker}"));
            }
        });
        Assert.Equal(400, files.ReadFile("log").Length);
        Assert.Equal(9, files.ListFiles().Count);
    }

    private static ulong Time(WasiGuest guest, uint clock)
    {
        Assert.Equal(Success, guest.Wasi.ClockTimeGet(guest.Memory, clock, 16));
        return guest.Result64;
    }

    private static byte[] Clock(ulong userData, uint id, ulong timeout, bool absolute = false)
    {
        var record = new byte[48];
        BinaryPrimitives.WriteUInt64LittleEndian(record, userData);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(16), id);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(24), timeout);
        record[40] = absolute ? (byte)1 : (byte)0;
        return record;
    }

    private static byte[] Descriptor(ulong userData, EventType type, uint fd)
    {
        var record = new byte[48];
        BinaryPrimitives.WriteUInt64LittleEndian(record, userData);
        record[8] = (byte)type;
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(16), fd);
        return record;
    }

    private static (Errno Errno, (ulong UserData, Errno Errno, EventType Type)[] Events) Poll(WasiGuest guest, params byte[][] subscriptions)
    {
        for (var i = 0; i < subscriptions.Length; i++)
        {
            subscriptions[i].CopyTo(guest.Bytes, 50000 + (48 * i));
        }

        var errno = guest.Wasi.PollOneoff(guest.Memory, 50000, 60000, (uint)subscriptions.Length, 16);
        var events = new (ulong, Errno, EventType)[errno == Success ? guest.Result : 0];
        for (var i = 0; i < events.Length; i++)
        {
            var record = guest.Bytes.AsSpan(60000 + (32 * i));
            events[i] = (
                BinaryPrimitives.ReadUInt64LittleEndian(record), (Errno)BinaryPrimitives.ReadUInt16LittleEndian(record[8..]), (EventType)record[10]);
        }

        return (errno, events);
    }

    private sealed class Counting(byte[] bytes) : FileContent
    {
        public int BytesRead { get; private set; }

        public bool Fails { get; set; }

        public override long Length => bytes.Length;

        public override void Read(long offset, Span<byte> buffer)
        {
            if (Fails)
            {
                throw new IOException("gone");
            }

            bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
            BytesRead += buffer.Length;
        }
    }
}
