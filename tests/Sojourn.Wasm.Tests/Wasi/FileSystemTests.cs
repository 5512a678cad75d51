using Sojourn.Wasm.Wasi;
using static Sojourn.Wasm.Wasi.Errno;

namespace Sojourn.Wasm.Tests.Wasi;

/// <summary>What a guest may expect of a directory, whatever it is made of.</summary>
public sealed class FileSystemTests
{
    public static TheoryData<FileSystemKind> Kinds => [FileSystemKind.Memory, FileSystemKind.Host, FileSystemKind.HostWalkedByHand];

    [Theory, MemberData(nameof(Kinds))]
    public void Files_keep_what_is_written(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        var fd = guest.OpenFile("a");
        Assert.Equal(5, guest.Write(fd, "hello"));
        Assert.Equal(Success, guest.Wasi.FdTell(guest.Memory, fd, 16));
        Assert.Equal(5ul, guest.Result64);
        Assert.Equal("", guest.Read(fd));
        Assert.Equal(Success, guest.Seek(fd, -4, Whence.Current));
        Assert.Equal("ello", guest.Read(fd));
        Assert.Equal(Success, guest.Seek(fd, -2, Whence.End));
        Assert.Equal("lo", guest.Read(fd));
        Assert.Equal(Inval, guest.Seek(fd, -6, Whence.End));
        Assert.Equal(Inval, guest.Seek(fd, 0, (Whence)3));
        Assert.Equal(Success, guest.TryPwrite(fd, "J", 0));
        Assert.Equal(Success, guest.TryPread(fd, 9, 1, out var rest));
        Assert.Equal("ello", rest);
        Assert.Equal(Success, guest.Seek(fd, 8, Whence.Set));
        Assert.Equal(1, guest.Write(fd, "!"));
        Assert.Equal("Jello\0\0\0!", guest.ReadFile("a"));
        Assert.Equal(9ul, guest.Stat(fd).Size);
        Assert.Equal(Success, guest.Wasi.FdSync(fd));
        Assert.Equal(Success, guest.Wasi.FdDatasync(fd));
        guest.Close(fd);
        Assert.Equal(BadF, guest.Wasi.FdClose(fd));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Sizes_can_be_set_and_holes_read_as_zeros(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        var fd = guest.OpenFile("a");
        guest.Write(fd, "abcdef");
        Assert.Equal(Success, guest.Wasi.FdFilestatSetSize(fd, 3));
        Assert.Equal(Success, guest.Wasi.FdFilestatSetSize(fd, 5));
        Assert.Equal(Success, guest.TryPread(fd, 10, 0, out var text));
        Assert.Equal("abc\0\0", text);
        Assert.Equal(Success, guest.Wasi.FdAllocate(fd, 2, 2));
        Assert.Equal(5ul, guest.Stat(fd).Size);
        Assert.Equal(Success, guest.Wasi.FdAllocate(fd, 100, 28));
        Assert.Equal(128ul, guest.Stat(fd).Size);
        Assert.Equal(Inval, guest.Wasi.FdAllocate(fd, 0, 0));
        Assert.Equal(Inval, guest.Wasi.FdFilestatSetSize(fd, ulong.MaxValue));
        Assert.Equal(FBig, guest.Wasi.FdFilestatSetSize(fd, 1ul << 60));
        Assert.Equal(FBig, guest.TryPwrite(fd, "x", 1ul << 60));
        Assert.Equal(Success, guest.Wasi.FdAdvise(fd, 0, 10, 5));
        Assert.Equal(Inval, guest.Wasi.FdAdvise(fd, 0, 10, 6));
        guest.Close(fd);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Appending_ignores_the_position_until_switched_off(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        guest.Create("a", "one");
        var fd = guest.OpenFile("a", OpenFlags.None, FdFlags.Append | FdFlags.Sync);
        Assert.Equal(FdFlags.Append | FdFlags.Sync, guest.Fdstat(fd).Flags);
        Assert.Equal(Success, guest.Seek(fd, 0, Whence.Set));
        guest.Write(fd, "two");
        Assert.Equal(Success, guest.Wasi.FdTell(guest.Memory, fd, 16));
        Assert.Equal(6ul, guest.Result64);
        Assert.Equal(Success, guest.Wasi.FdFdstatSetFlags(fd, 0));
        Assert.Equal(Success, guest.Seek(fd, 0, Whence.Set));
        guest.Write(fd, "T");
        Assert.Equal("Tnetwo", guest.ReadFile("a"));
        Assert.Equal(Inval, guest.Wasi.FdFdstatSetFlags(fd, 32));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Opening_creates_truncates_and_refuses(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        Assert.Equal(NoEnt, guest.OpenErrno("a"));
        Assert.Equal(NoEnt, guest.OpenErrno(""));
        Assert.Equal(NoEnt, guest.OpenErrno("no/a", OpenFlags.Create));
        guest.Create("a", "text");
        Assert.Equal(Exist, guest.OpenErrno("a", OpenFlags.Create | OpenFlags.Exclusive));
        Assert.Equal(Success, guest.OpenErrno("a", OpenFlags.Create));
        Assert.Equal("text", guest.ReadFile("a"));
        Assert.Equal(NotDir, guest.OpenErrno("a", OpenFlags.Directory));
        Assert.Equal(NotDir, guest.OpenErrno("a/"));
        Assert.Equal(NotDir, guest.OpenErrno("a///"));
        Assert.Equal(NotDir, guest.OpenErrno("a/b"));
        Assert.Equal(NotDir, guest.OpenErrno("a/."));
        Assert.Equal(Success, guest.OpenErrno("a", OpenFlags.Truncate));
        Assert.Equal("", guest.ReadFile("a"));
        Assert.Equal(Success, guest.CreateDirectory("d"));
        Assert.Equal(Success, guest.OpenErrno("d"));
        Assert.Equal(Success, guest.OpenErrno("d/"));
        Assert.Equal(Success, guest.OpenErrno("d///."));
        Assert.Equal(IsDir, guest.OpenErrno("d", OpenFlags.Create));
        Assert.Equal(IsDir, guest.OpenErrno("d", OpenFlags.None, Rights.FdWrite));
        Assert.Equal(IsDir, guest.OpenErrno(".", OpenFlags.Directory, Rights.FdRead | Rights.FdWrite));
        Assert.Equal(IsDir, guest.OpenErrno("new/", OpenFlags.Create));
        Assert.Equal(Inval, guest.OpenErrno("new", OpenFlags.Create | OpenFlags.Directory));
        Assert.Equal(NameTooLong, guest.OpenErrno(new string('n', 256)));
        Assert.Equal(NameTooLong, guest.OpenErrno(new string('n', 5000)));
        Assert.Equal(Inval, guest.OpenErrno("a\0"));
        Assert.Equal(NotCapable, guest.OpenErrno("/a"));
        var (pointer, length) = guest.Path("a");
        Assert.Equal(Inval, guest.Wasi.PathOpen(guest.Memory, 3, 2, pointer, length, 0, 0, 0, 0, 16));
        Assert.Equal(Inval, guest.Wasi.PathOpen(guest.Memory, 3, 0, pointer, length, 16, 0, 0, 0, 16));
        Assert.Equal(Inval, guest.Wasi.PathOpen(guest.Memory, 3, 0, pointer, length, 0, 0, 0, 32, 16));
        guest.Bytes[pointer] = 0xff;
        Assert.Equal(IlSeq, guest.Wasi.PathOpen(guest.Memory, 3, 0, pointer, length, 0, 0, 0, 0, 16));
        var file = guest.OpenFile("a");
        Assert.Equal(NotDir, guest.OpenErrno("b", OpenFlags.Create, at: file));
        Assert.Equal(BadF, guest.OpenErrno("b", at: 99));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Nothing_leads_out_of_the_directory(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        Assert.Equal(Success, guest.CreateDirectory("d"));
        Assert.Equal(Success, guest.CreateDirectory("d/e"));
        guest.Create("d/e/f", "inside");
        Assert.Equal("inside", guest.ReadFile("d/.//e/../../d/e/../e///./f"));
        foreach (var path in new[] { "..", "../", "../x", "d/../..", "d/e/../../../x/d", "./../d", "/", "//d" })
        {
            Assert.Equal(NotCapable, guest.OpenErrno(path));
            Assert.Equal(NotCapable, guest.OpenErrno(path, OpenFlags.Create));
            Assert.Equal(NotCapable, guest.TryStat(path, out _));
            Assert.Equal(NotCapable, guest.CreateDirectory(path));
            Assert.Equal(NotCapable, guest.RemoveDirectory(path));
            Assert.Equal(NotCapable, guest.Unlink(path));
            Assert.Equal(NotCapable, guest.Symlink("d", path));
            Assert.Equal(NotCapable, guest.ReadLink(path, 10, out _));
            Assert.Equal(NotCapable, guest.Rename(path, "new"));
            Assert.Equal(NotCapable, guest.Rename("d", path));
            Assert.Equal(NotCapable, guest.Link(path, "new"));
            Assert.Equal(NotCapable, guest.Link("d/e/f", path));
            Assert.Equal(NotCapable, guest.SetTimes(path, 0, 0, TimeFlags.AccessNow));
        }

        // A directory opened by itself is a wall of its own.
        var inner = guest.OpenDirectory("d/e");
        Assert.Equal(NotCapable, guest.OpenErrno("../e/f", at: inner));
        Assert.Equal(Success, guest.OpenErrno("f", at: inner));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Links_out_of_the_directory_are_not_followed(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        Assert.Equal(NotCapable, guest.Symlink("/etc/passwd", "absolute"));
        if (fixture.HostPath is not null)
        {
            File.CreateSymbolicLink(Path.Combine(fixture.HostPath, "absolute"), "/etc/passwd");
            File.CreateSymbolicLink(Path.Combine(fixture.HostPath, "magic"), "/proc/self/root");
            Assert.Equal(NotCapable, guest.OpenErrno("absolute", follow: true));
            Assert.Equal(NotCapable, guest.OpenErrno("magic/etc/passwd"));
            Assert.Equal(NotCapable, guest.TryStat("absolute", out _, follow: true));
            Assert.Equal(NotCapable, guest.CreateDirectory("magic/tmp/x"));
            Assert.Equal(NotCapable, guest.Link("magic/", "x"));
            Assert.Equal(NotCapable, guest.Link("absolute", "x", follow: true));
        }

        Assert.Equal(Success, guest.Symlink("../outside", "up"));
        Assert.Equal(Success, guest.Symlink("..", "parent"));
        Assert.Equal(NotCapable, guest.OpenErrno("up", follow: true));
        Assert.Equal(NotCapable, guest.OpenErrno("up", OpenFlags.Create, follow: true));
        Assert.Equal(NotCapable, guest.OpenErrno("parent/x", OpenFlags.Create));
        Assert.Equal(NotCapable, guest.OpenErrno("parent/", follow: false));
        Assert.Equal(NotCapable, guest.Rename("parent/x", "y"));
        Assert.Equal(NotCapable, guest.Unlink("parent/x"));
        Assert.Equal(NotCapable, guest.SetTimes("up", 0, 0, TimeFlags.ModifyNow, follow: true));
        Assert.Equal(FileType.SymbolicLink, guest.Stat("up").Type);
        Assert.Equal(Success, guest.Unlink("up"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Links_are_followed_when_asked(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        Assert.Equal(Success, guest.CreateDirectory("d"));
        guest.Create("d/f", "file");
        Assert.Equal(Success, guest.Symlink("d/f", "file"));
        Assert.Equal(Success, guest.Symlink("d", "directory"));
        Assert.Equal(Success, guest.Symlink("../d/./f", "d/back"));
        Assert.Equal(Success, guest.Symlink("self", "self"));
        Assert.Equal(Success, guest.Symlink("nowhere", "dangling"));

        Assert.Equal(Loop, guest.OpenErrno("file"));
        Assert.Equal("file", guest.ReadFile("file"));
        Assert.Equal("file", guest.ReadFile("directory/f"));
        Assert.Equal("file", guest.ReadFile("directory/back"));
        Assert.Equal(Loop, guest.OpenErrno("self"));
        Assert.Equal(Loop, guest.OpenErrno("self", follow: true));
        Assert.Equal(Loop, guest.OpenErrno("self/x"));
        Assert.Equal(Loop, guest.OpenErrno("directory"));
        Assert.Equal(Success, guest.OpenErrno("directory", OpenFlags.Directory, follow: true));
        Assert.Equal(NotDir, guest.OpenErrno("directory", OpenFlags.Directory));
        Assert.Equal(NotDir, guest.OpenErrno("file", OpenFlags.Directory, follow: true));
        Assert.Equal(NoEnt, guest.OpenErrno("dangling", follow: true));
        Assert.Equal(Loop, guest.OpenErrno("dangling"));
        Assert.Equal(Loop, guest.OpenErrno("dangling", OpenFlags.Create));
        Assert.Equal(Exist, guest.OpenErrno("dangling", OpenFlags.Create | OpenFlags.Exclusive, follow: true));

        Assert.Equal(FileType.SymbolicLink, guest.Stat("file").Type);
        Assert.Equal(3ul, guest.Stat("file").Size);
        Assert.Equal(FileType.RegularFile, guest.Stat("file", follow: true).Type);
        Assert.Equal(FileType.Directory, guest.Stat("directory/").Type);
        Assert.Equal(NoEnt, guest.TryStat("dangling", out _, follow: true));

        Assert.Equal(Success, guest.ReadLink("file", 10, out var target));
        Assert.Equal("d/f", target);
        Assert.Equal(Success, guest.ReadLink("file", 2, out target));
        Assert.Equal("d/", target);
        Assert.Equal(Inval, guest.ReadLink("d/f", 10, out _));
        Assert.Equal(Inval, guest.ReadLink("d", 10, out _));
        Assert.Equal(NoEnt, guest.ReadLink("no", 10, out _));

        Assert.Equal(Success, guest.OpenErrno("dangling", OpenFlags.Create, follow: true));
        Assert.Equal(FileType.RegularFile, guest.Stat("nowhere").Type);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Symbolic_links_are_made_where_nothing_is(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        Assert.Equal(NoEnt, guest.Symlink("s", "t/"));
        Assert.Equal(NoEnt, guest.Symlink("", "t"));
        Assert.Equal(NoEnt, guest.Symlink("s", ""));
        Assert.Equal(NoEnt, guest.Symlink("s", "no/t"));
        Assert.Equal(Success, guest.Symlink("s", "t"));
        Assert.Equal(Exist, guest.Symlink("s", "t"));
        Assert.Equal(Success, guest.Unlink("t"));
        Assert.Equal(Success, guest.CreateDirectory("t"));
        Assert.Equal(Exist, guest.Symlink("s", "t"));
        Assert.Equal(Exist, guest.Symlink("s", "t/"));
        Assert.Equal(Success, guest.RemoveDirectory("t"));
        guest.Create("t");
        Assert.Equal(Exist, guest.Symlink("s", "t"));
        Assert.Contains(guest.Symlink("s", "t/"), new[] { Exist, NotDir });
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Hard_links_share_the_file(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        guest.Create("a", "one");
        Assert.Equal(Success, guest.CreateDirectory("d"));
        var directory = guest.OpenDirectory("d");
        Assert.Equal(Success, guest.Link("a", "b", toAt: directory));
        Assert.Equal(2ul, guest.Stat("a").Links);
        Assert.Equal(guest.Stat("a").Inode, guest.Stat("d/b").Inode);
        Assert.Equal(guest.Stat("a").Device, guest.Stat("d/b").Device);
        guest.Create("d/b", "two!");
        Assert.Equal("two!", guest.ReadFile("a"));
        Assert.Equal(Exist, guest.Link("a", "d/b"));
        Assert.Equal(Exist, guest.Link("a", "a"));
        Assert.Equal(Exist, guest.Link("a", "d"));
        Assert.Equal(Perm, guest.Link("d", "e"));
        Assert.Equal(Perm, guest.Link("d/", "e"));
        Assert.Equal(NoEnt, guest.Link("a", "e/"));
        Assert.Equal(NoEnt, guest.Link("no", "e"));
        Assert.Equal(NotDir, guest.Link("a/", "e"));
        Assert.Equal(Success, guest.Unlink("a"));
        Assert.Equal(1ul, guest.Stat("d/b").Links);
        Assert.Equal("two!", guest.ReadFile("d/b"));

        Assert.Equal(Success, guest.Symlink("nowhere", "s"));
        Assert.Equal(NoEnt, guest.Link("s", "t", follow: true));
        Assert.Equal(Success, guest.Link("s", "t"));
        Assert.Equal(FileType.SymbolicLink, guest.Stat("t").Type);
        Assert.Equal(Success, guest.Symlink("d/b", "u"));
        Assert.Equal(Success, guest.Link("u", "v", follow: true));
        Assert.Equal(FileType.RegularFile, guest.Stat("v").Type);
        Assert.Equal(Exist, guest.Link("v", "s"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Directories_are_made_and_removed(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        Assert.Equal(Success, guest.CreateDirectory("d"));
        Assert.Equal(Exist, guest.CreateDirectory("d"));
        Assert.Equal(Exist, guest.CreateDirectory("d/"));
        Assert.Equal(Exist, guest.CreateDirectory("d/."));
        Assert.Equal(Exist, guest.CreateDirectory("."));
        Assert.Equal(Success, guest.CreateDirectory("d/e/"));
        Assert.Equal(NoEnt, guest.CreateDirectory("no/e"));
        Assert.Equal(NoEnt, guest.CreateDirectory(""));
        guest.Create("f");
        Assert.Equal(Exist, guest.CreateDirectory("f"));
        Assert.Equal(NotDir, guest.CreateDirectory("f/g"));
        Assert.Equal(NotEmpty, guest.RemoveDirectory("d"));
        Assert.Equal(NotDir, guest.RemoveDirectory("f"));
        Assert.Equal(NotDir, guest.RemoveDirectory("f/"));
        Assert.Equal(NoEnt, guest.RemoveDirectory("no"));
        Assert.Equal(Inval, guest.RemoveDirectory("d/."));
        Assert.Equal(NotEmpty, guest.RemoveDirectory("d/e/.."));
        Assert.Equal(IsDir, guest.Unlink("d"));
        Assert.Equal(IsDir, guest.Unlink("d/"));
        Assert.Equal(NotDir, guest.Unlink("f/"));
        Assert.Equal(NoEnt, guest.Unlink("no"));
        var inner = guest.OpenDirectory("d/e");
        Assert.Equal(Success, guest.RemoveDirectory("d/e/"));
        Assert.Equal(Success, guest.RemoveDirectory("d"));
        Assert.Equal(NoEnt, guest.OpenErrno("x", OpenFlags.Create, at: inner));
        Assert.Equal(NoEnt, guest.CreateDirectory("x", at: inner));
        Assert.Equal(Success, guest.Unlink("f"));
        Assert.Equal(Success, guest.CreateDirectory("d"));
        Assert.Equal(Success, guest.Symlink("d", "s"));
        Assert.Equal(NotDir, guest.RemoveDirectory("s"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Renaming_replaces_what_may_be_replaced(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        guest.Create("a", "a");
        guest.Create("b", "b");
        Assert.Equal(Success, guest.Rename("a", "b"));
        Assert.Equal("a", guest.ReadFile("b"));
        Assert.Equal(NoEnt, guest.Rename("a", "b"));
        Assert.Equal(Success, guest.CreateDirectory("d"));
        Assert.Equal(Success, guest.CreateDirectory("e"));
        Assert.Equal(IsDir, guest.Rename("b", "d"));
        Assert.Equal(NotDir, guest.Rename("d", "b"));
        Assert.Equal(NotDir, guest.Rename("b/", "c"));
        Assert.Equal(NotDir, guest.Rename("b", "c/"));
        Assert.Equal(Success, guest.Rename("b", "d/b"));
        Assert.Equal(NotEmpty, guest.Rename("e", "d"));
        Assert.Equal(Success, guest.Rename("d", "e"));
        Assert.Equal("a", guest.ReadFile("e/b"));
        Assert.Equal(Success, guest.Rename("e/", "g"));
        Assert.Equal(Success, guest.Rename("g", "e/"));
        Assert.Equal(Success, guest.Rename("e/", "g/"));
        Assert.Equal(Success, guest.CreateDirectory("g/h"));
        Assert.Equal(Inval, guest.Rename("g", "g/h/i"));
        Assert.Equal(Busy, guest.Rename("g/.", "x"));
        Assert.Equal(Busy, guest.Rename("g", "."));
        Assert.Equal(Success, guest.Link("g/b", "hard"));
        Assert.Equal(Success, guest.Rename("g/b", "hard"));
        Assert.Equal(Success, guest.Rename("g", "g"));
        Assert.Equal(2ul, guest.Stat("hard").Links);
        var directory = guest.OpenDirectory("g");
        Assert.Equal(Success, guest.Rename("b", "moved", fromAt: directory));
        Assert.Equal("a", guest.ReadFile("moved"));
        Assert.Equal(Success, guest.Rename("h", "i", fromAt: directory, toAt: directory));
        Assert.Equal(Success, guest.Rename("g/i", "i"));
        Assert.Equal(Success, guest.Symlink("moved", "s"));
        Assert.Equal(Success, guest.Rename("s", "t"));
        Assert.Equal(FileType.SymbolicLink, guest.Stat("t").Type);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Listings_are_ordered_and_continue_at_their_cookies(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        Assert.Equal(Success, guest.CreateDirectory("d"));
        var fd = guest.OpenDirectory("d");
        var empty = guest.List(fd);
        Assert.Equal([".", ".."], empty.Select(e => e.Name));
        Assert.All(empty, e => Assert.Equal(FileType.Directory, e.Type));
        Assert.Equal(guest.Stat(fd).Inode, empty[0].Inode);

        for (var i = 0; i < 300; i++)
        {
            guest.Create($"d/file.{i:000}");
        }

        Assert.Equal(Success, guest.CreateDirectory("d/a"));
        Assert.Equal(Success, guest.Symlink("a", "d/ä"));
        var all = guest.List(fd);
        Assert.Equal([".", "..", "a", .. Enumerable.Range(0, 300).Select(i => $"file.{i:000}"), "ä"], all.Select(e => e.Name));
        Assert.Equal(FileType.SymbolicLink, all[^1].Type);
        Assert.Equal(FileType.Directory, all[2].Type);
        Assert.Equal(guest.Stat("d/file.000").Inode, all[3].Inode);
        Assert.Equal(all, guest.List(fd, 4000));
        Assert.Equal(all, guest.List(fd, 33));

        Assert.Equal(Success, guest.Wasi.FdReaddir(guest.Memory, fd, 32768, 4096, all[^2].Next, 16));
        Assert.Equal(24u + 2, guest.Result);
        Assert.Equal(Success, guest.Wasi.FdReaddir(guest.Memory, fd, 32768, 4096, all[^1].Next, 16));
        Assert.Equal(0u, guest.Result);
        Assert.Equal(Success, guest.Wasi.FdReaddir(guest.Memory, fd, 32768, 4096, ulong.MaxValue, 16));
        Assert.Equal(0u, guest.Result);
        Assert.Equal(Success, guest.Wasi.FdReaddir(guest.Memory, fd, 32768, 10, 0, 16));
        Assert.Equal(10u, guest.Result);
        var file = guest.OpenFile("d/file.000");
        Assert.Equal(NotDir, guest.Wasi.FdReaddir(guest.Memory, file, 32768, 10, 0, 16));

        // What lies above the directory handed in is not told.
        var root = guest.List(WasiGuest.Root);
        Assert.Equal(root[0].Inode, root[1].Inode);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Times_are_set_to_the_nanosecond(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        var fd = guest.OpenFile("a");
        Assert.Equal(Success, guest.Wasi.FdFilestatSetTimes(fd, 123_456_789_012, 987_654_321_098, (uint)(TimeFlags.Access | TimeFlags.Modify)));
        Assert.Equal((123_456_789_012ul, 987_654_321_098ul), (guest.Stat(fd).Access, guest.Stat(fd).Modify));
        Assert.Equal(Success, guest.Wasi.FdFilestatSetTimes(fd, 5, 6, (uint)TimeFlags.Modify));
        Assert.Equal((123_456_789_012ul, 6ul), (guest.Stat(fd).Access, guest.Stat(fd).Modify));
        Assert.Equal(Success, guest.SetTimes("a", 7, 8, TimeFlags.Access));
        Assert.Equal((7ul, 6ul), (guest.Stat("a").Access, guest.Stat("a").Modify));
        Assert.Equal(Success, guest.SetTimes("a", 0, 0, TimeFlags.ModifyNow));
        Assert.Equal((ulong)(VirtualClock.DefaultStart - DateTimeOffset.UnixEpoch).Ticks * 100, guest.Stat("a").Modify);
        foreach (var wrong in new[] { TimeFlags.Access | TimeFlags.AccessNow, TimeFlags.Modify | TimeFlags.ModifyNow, (TimeFlags)16 })
        {
            Assert.Equal(Inval, guest.SetTimes("a", 0, 0, wrong));
            Assert.Equal(Inval, guest.Wasi.FdFilestatSetTimes(fd, 0, 0, (uint)wrong));
        }

        Assert.Equal(Success, guest.Symlink("a", "s"));
        Assert.Equal(Success, guest.SetTimes("s", 0, 11, TimeFlags.Modify));
        Assert.Equal(11ul, guest.Stat("s").Modify);
        Assert.NotEqual(11ul, guest.Stat("a").Modify);
        Assert.Equal(Success, guest.SetTimes("s", 0, 12, TimeFlags.Modify, follow: true));
        Assert.Equal(12ul, guest.Stat("a").Modify);
        Assert.Equal(NoEnt, guest.SetTimes("no", 0, 12, TimeFlags.Modify));
        var directory = guest.OpenDirectory(".");
        Assert.Equal(Success, guest.Wasi.FdFilestatSetTimes(directory, 0, 44, (uint)TimeFlags.Modify));
        Assert.Equal(44ul, guest.Stat(directory).Modify);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_file_without_a_name_lives_until_it_is_closed(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        var fd = guest.OpenFile("a");
        guest.Write(fd, "still here");
        Assert.Equal(Success, guest.Unlink("a"));
        Assert.Equal(0ul, guest.Stat(fd).Links);
        Assert.Equal(Success, guest.Seek(fd, 0, Whence.Set));
        Assert.Equal("still here", guest.Read(fd));
        guest.Create("a", "another");
        Assert.Equal(Success, guest.Seek(fd, 0, Whence.Set));
        Assert.Equal("still here", guest.Read(fd));
        guest.Close(fd);
        Assert.Equal("another", guest.ReadFile("a"));
        if (fixture.Files is not null)
        {
            Assert.Equal(7, fixture.Files.BytesUsed);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_read_only_directory_does_not_change(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind, readOnly: true);
        var guest = fixture.Guest;
        fixture.Put("d/a", "text");
        Assert.Equal("text", guest.ReadFile("d/a"));
        Assert.Equal(RoFs, guest.OpenErrno("d/a", OpenFlags.None, Rights.FdWrite));
        Assert.Equal(RoFs, guest.OpenErrno("d/a", OpenFlags.Truncate));
        Assert.Equal(RoFs, guest.OpenErrno("d/b", OpenFlags.Create));
        Assert.Equal(Success, guest.OpenErrno("d/a", OpenFlags.Create));
        Assert.Equal(Exist, guest.OpenErrno("d/a", OpenFlags.Create | OpenFlags.Exclusive));
        Assert.Equal(IsDir, guest.OpenErrno("d", OpenFlags.None, Rights.FdWrite));
        Assert.Equal(RoFs, guest.CreateDirectory("e"));
        Assert.Equal(RoFs, guest.RemoveDirectory("d"));
        Assert.Equal(RoFs, guest.Unlink("d/a"));
        Assert.Equal(RoFs, guest.Rename("d/a", "d/b"));
        Assert.Equal(RoFs, guest.Link("d/a", "d/b"));
        Assert.Equal(RoFs, guest.Symlink("a", "d/b"));
        Assert.Equal(RoFs, guest.SetTimes("d/a", 1, 1, TimeFlags.Modify));
        var inner = guest.OpenDirectory("d");
        Assert.Equal(RoFs, guest.OpenErrno("b", OpenFlags.Create, at: inner));
        Assert.Equal(RoFs, guest.Wasi.FdFilestatSetTimes(inner, 1, 1, (uint)TimeFlags.Modify));
        var file = guest.Open("d/a", OpenFlags.None, Rights.FdRead | Rights.FdFilestatSetTimes);
        Assert.Equal(RoFs, guest.Wasi.FdFilestatSetTimes(file, 1, 1, (uint)TimeFlags.Modify));
        Assert.Equal(NotCapable, guest.TryWrite(file, "x"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Rights_can_only_shrink(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        var root = guest.Fdstat(WasiGuest.Root);
        Assert.Equal(FileType.Directory, root.Type);
        Assert.Equal(Rights.Directory, root.Base);
        Assert.Equal(Rights.Directory | Rights.RegularFile, root.Inheriting);

        guest.Create("a", "text");
        var reading = guest.Open("a", OpenFlags.None, Rights.FdRead);
        Assert.Equal(Rights.FdRead, guest.Fdstat(reading).Base);
        Assert.Equal("text", guest.Read(reading));
        Assert.Equal(NotCapable, guest.TryWrite(reading, "x"));
        Assert.Equal(NotCapable, guest.TryPread(reading, 1, 0, out _));
        Assert.Equal(NotCapable, guest.Seek(reading, 0, Whence.Set));
        Assert.Equal(NotCapable, guest.Wasi.FdTell(guest.Memory, reading, 16));
        Assert.Equal(NotCapable, guest.Wasi.FdSync(reading));
        Assert.Equal(NotCapable, guest.Wasi.FdDatasync(reading));
        Assert.Equal(NotCapable, guest.Wasi.FdAdvise(reading, 0, 0, 0));
        Assert.Equal(NotCapable, guest.Wasi.FdAllocate(reading, 0, 1));
        Assert.Equal(NotCapable, guest.Wasi.FdFilestatGet(guest.Memory, reading, 64));
        Assert.Equal(NotCapable, guest.Wasi.FdFilestatSetSize(reading, 0));
        Assert.Equal(NotCapable, guest.Wasi.FdFilestatSetTimes(reading, 0, 0, 0));
        Assert.Equal(NotCapable, guest.Wasi.FdFdstatSetFlags(reading, 0));
        Assert.Equal(NotCapable, guest.Wasi.FdFdstatSetRights(reading, (ulong)(Rights.FdRead | Rights.FdWrite), 0));
        Assert.Equal(Success, guest.Wasi.FdFdstatSetRights(reading, 0, 0));
        Assert.Equal(NotCapable, guest.TryRead(reading, 1, out _));

        // A directory's own rights are not those it gives on.
        var directory = guest.Open(".", OpenFlags.Directory, Rights.Directory, (ulong)(Rights.FdRead | Rights.FdSeek));
        Assert.Equal(NotCapable, guest.OpenErrno("a", OpenFlags.None, Rights.FdWrite, at: directory));
        Assert.Equal(Success, guest.OpenErrno("a", OpenFlags.None, Rights.FdRead, at: directory));
        Assert.Equal(Rights.None, guest.Fdstat(guest.Open(".", OpenFlags.Directory, Rights.FdSeek)).Base);
        foreach (var (right, call) in new (Rights, Func<Errno>)[]
        {
            (Rights.PathUnlinkFile, () => guest.Unlink("x", directory)),
            (Rights.PathRemoveDirectory, () => guest.RemoveDirectory("x", directory)),
            (Rights.PathCreateDirectory, () => guest.CreateDirectory("x", directory)),
            (Rights.PathSymlink, () => guest.Symlink("x", "y", directory)),
            (Rights.PathLinkSource, () => guest.Link("x", "y", fromAt: directory)),
            (Rights.PathLinkTarget, () => guest.Link("a", "y", toAt: directory)),
            (Rights.PathRenameSource, () => guest.Rename("x", "y", fromAt: directory)),
            (Rights.PathRenameTarget, () => guest.Rename("a", "y", toAt: directory)),
            (Rights.PathFilestatGet, () => guest.TryStat("a", out _, at: directory)),
            (Rights.PathFilestatSetSize, () => guest.OpenErrno("a", OpenFlags.Truncate, at: directory)),
            (Rights.PathCreateFile, () => guest.OpenErrno("y", OpenFlags.Create, at: directory)),
            (Rights.FdReaddir, () => guest.Wasi.FdReaddir(guest.Memory, directory, 32768, 10, 0, 16)),
            (Rights.PathOpen, () => guest.OpenErrno("a", at: directory)),
        })
        {
            var now = guest.Fdstat(directory);
            Assert.NotEqual(Rights.None, now.Base & right);
            Assert.Equal(Success, guest.Wasi.FdFdstatSetRights(directory, (ulong)(now.Base & ~right), (ulong)now.Inheriting));
            Assert.Equal(NotCapable, call());
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_directory_is_no_file(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        const uint Fd = WasiGuest.Root;
        Assert.Equal(NotCapable, guest.TryRead(Fd, 1, out _));
        Assert.Equal(NotCapable, guest.TryWrite(Fd, "x"));
        Assert.Equal(NotCapable, guest.TryPread(Fd, 1, 0, out _));
        Assert.Equal(NotCapable, guest.TryPwrite(Fd, "x", 0));
        Assert.Equal(NotCapable, guest.Seek(Fd, 0, Whence.Current));
        Assert.Equal(NotCapable, guest.Wasi.FdTell(guest.Memory, Fd, 16));
        Assert.Equal(NotCapable, guest.Wasi.FdAllocate(Fd, 0, 1));
        Assert.Equal(NotCapable, guest.Wasi.FdFilestatSetSize(Fd, 0));
        Assert.Equal(NotCapable, guest.Wasi.FdAdvise(Fd, 0, 0, 0));
        Assert.Equal(NotSock, guest.Wasi.SockShutdown(Fd, 1));
        Assert.Equal(NotSock, guest.Wasi.SockAccept(guest.Memory, Fd, 0, 16));
        Assert.Equal(NotSock, guest.Wasi.SockRecv(guest.Memory, Fd, 64, 0, 0, 16, 24));
        Assert.Equal(NotSock, guest.Wasi.SockSend(guest.Memory, Fd, 64, 0, 0, 16));
        Assert.Equal(FileType.Directory, guest.Stat(Fd).Type);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Descriptors_are_renumbered_and_reused(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind, configure: o => o.Limits.DescriptorsMax = 8);
        var guest = fixture.Guest;
        guest.Create("a", "a");
        guest.Create("b", "b");
        var a = guest.OpenFile("a");
        var b = guest.OpenFile("b");
        Assert.Equal((4u, 5u), (a, b));
        Assert.Equal(Success, guest.Wasi.FdRenumber(a, b));
        Assert.Equal(BadF, guest.Wasi.FdClose(a));
        Assert.Equal("a", guest.Read(b));
        Assert.Equal(BadF, guest.Wasi.FdRenumber(b, a));
        Assert.Equal(BadF, guest.Wasi.FdRenumber(a, b));
        Assert.Equal(Success, guest.Wasi.FdRenumber(b, b));
        Assert.Equal(4u, guest.OpenFile("b"));
        Assert.Equal(Success, guest.Wasi.FdRenumber(4, 1));
        Assert.Equal("b", guest.Read(1));
        guest.Close(1);
        Assert.Equal(1u, guest.OpenFile("a"));
        for (var i = 0; i < 3; i++)
        {
            guest.OpenFile("a");
        }

        Assert.Equal(MFile, guest.OpenErrno("c", OpenFlags.Create));
        Assert.Equal(NoEnt, guest.TryStat("c", out _));
        Assert.Equal(Success, guest.Wasi.FdRenumber(1, 3));
        Assert.Equal(BadF, guest.Wasi.FdPrestatGet(guest.Memory, 3, 16));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Preopens_tell_their_names(FileSystemKind kind)
    {
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        Assert.Equal(Success, guest.Wasi.FdPrestatGet(guest.Memory, 3, 16));
        Assert.Equal(0u, guest.Result);
        Assert.Equal(1, guest.Bytes[20]);
        Assert.Equal(NameTooLong, guest.Wasi.FdPrestatDirName(guest.Memory, 3, 64, 0));
        Assert.Equal(Success, guest.Wasi.FdPrestatDirName(guest.Memory, 3, 64, 2));
        Assert.Equal((byte)'/', guest.Bytes[64]);
        Assert.Equal(0, guest.Bytes[65]);
        Assert.Equal(BadF, guest.Wasi.FdPrestatGet(guest.Memory, 4, 16));
        Assert.Equal(BadF, guest.Wasi.FdPrestatGet(guest.Memory, 0, 16));
        Assert.Equal(BadF, guest.Wasi.FdPrestatDirName(guest.Memory, 4, 64, 1));
        guest.Close(3);
        Assert.Equal(BadF, guest.Wasi.FdPrestatGet(guest.Memory, 3, 16));
    }

    /// <summary>Somebody swaps a directory for a link out of the sandbox while the guest walks through it: it never gets outside.</summary>
    [Theory, InlineData(FileSystemKind.Host), InlineData(FileSystemKind.HostWalkedByHand)]
    public void A_race_leads_nowhere(FileSystemKind kind)
    {
        using var outside = new TemporaryFolder();
        File.WriteAllText(Path.Combine(outside.Path, "f"), "secret");
        using var fixture = new FileSystemFixture(kind);
        var guest = fixture.Guest;
        Assert.Equal(Success, guest.CreateDirectory("real"));
        guest.Create("real/f", "public");
        File.CreateSymbolicLink(Path.Combine(fixture.HostPath!, "link"), outside.Path);
        Directory.Move(Path.Combine(fixture.HostPath!, "real"), Path.Combine(fixture.HostPath!, "d"));
        using var stop = new CancellationTokenSource();
        var swapper = new Thread(() =>
        {
            string At(string name) => Path.Combine(fixture.HostPath!, name);
            while (!stop.IsCancellationRequested)
            {
                Directory.Move(At("d"), At("real"));
                Directory.Move(At("link"), At("d"));
                Directory.Move(At("d"), At("link"));
                Directory.Move(At("real"), At("d"));
            }
        });
        swapper.Start();
        try
        {
            for (var i = 0; i < 3000; i++)
            {
                if (guest.TryOpen("d/f", out var fd, rights: Rights.FdRead, follow: true) == Success)
                {
                    Assert.Equal("public", guest.Read(fd));
                    guest.Close(fd);
                }

                guest.OpenErrno("d/planted", OpenFlags.Create);
                guest.CreateDirectory("d/made");
                guest.Rename("d/planted", "d/planted2");
                guest.Link("d/f", "d/hard");
            }
        }
        finally
        {
            stop.Cancel();
            swapper.Join();
        }

        Assert.Equal(["f"], Directory.EnumerateFileSystemEntries(outside.Path).Select(Path.GetFileName));
    }
}
