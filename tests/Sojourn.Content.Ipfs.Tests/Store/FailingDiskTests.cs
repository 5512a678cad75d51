using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Content.Ipfs.Tests.Store;

/// <summary>Every call fails in turn with every error: the failure is told, nothing acknowledged is lost, nothing wrong is served.</summary>
public class FailingDiskTests
{
    private static readonly FileBlockStoreOptions OneWriter = new() { Writers = 1 };

    [Theory]
    [InlineData(28, StoreFault.DiskFull, 0)]
    [InlineData(122, StoreFault.DiskFull, 0)]
    [InlineData(30, StoreFault.ReadOnlyDisk, 0)]
    [InlineData(5, StoreFault.InputOutput, 0)]
    [InlineData(28, StoreFault.DiskFull, 7)]
    [InlineData(5, StoreFault.InputOutput, 31)]
    public async Task Each_call_may_fail(int errno, StoreFault expected, int bytesPerWrite)
    {
        var failures = 0;
        for (var failing = 1; ; failing++)
        {
            // A write may take fewer bytes than it was given; the failure then comes in the middle of a block.
            var disk = new SimulatedDisk { ShortWrites = bytesPerWrite };
            disk.CreateFolder("/disk");
            var store = FileBlockStore.Open("/disk/store", OneWriter, disk);
            var first = disk.Calls;
            disk.OnCall = (call, what, path) =>
            {
                if (call == first + failing)
                {
                    throw new IOException($"injected at {what} {path}", errno);
                }
            };
            var acknowledged = new List<Block>();
            var told = false;
            var blocks = Enumerable.Range(0, 6).Select(i => Blocks.Raw(i, 100 + i)).ToList();
            try
            {
                await store.PutAsync(blocks[0]);
                acknowledged.Add(blocks[0]);
                await using var writer = await store.BeginWriteAsync();
                foreach (var block in blocks.Skip(1))
                {
                    await writer.PutAsync(block);
                }

                await writer.FlushAsync();
                acknowledged.AddRange(blocks.Skip(1));
                await writer.PinAsync(blocks[1].Cid, "x", DateTimeOffset.UnixEpoch);
            }
            catch (StoreException e)
            {
                told = true;
                Assert.Equal(expected, e.Fault);
                Assert.Contains("/disk/store", e.Message, StringComparison.Ordinal);
            }

            foreach (var block in acknowledged)
            {
                Assert.True(Blocks.Same(store.Get(block.Cid), block));
            }

            foreach (var block in blocks)
            {
                Assert.True(store.Get(block.Cid) is not { } found || Blocks.Same(found, block));
            }

            // The disk works again: everything can be stored.
            disk.OnCall = null;
            await using (var again = await store.BeginWriteAsync())
            {
                foreach (var block in blocks)
                {
                    await again.PutAsync(block);
                }

                await again.FlushAsync();
            }

            Assert.All(blocks, block => Assert.True(Blocks.Same(store.Get(block.Cid), block)));
            Assert.Empty(StoreVerifier.Verify(store, putAside: false, null, default).Damaged);
            if (!told)
            {
                break;
            }

            failures++;
        }

        Assert.True(failures > 20, $"only {failures} calls failed");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task Short_writes_are_gone_on_with(int bytesPerWrite)
    {
        var disk = new SimulatedDisk { ShortWrites = bytesPerWrite };
        disk.CreateFolder("/disk");
        disk.SyncFolder("/");
        var store = FileBlockStore.Open("/disk/store", OneWriter, disk);
        var block = Blocks.Raw(3, 2500);
        var before = disk.Calls;
        await store.PutAsync(block);
        Assert.True(disk.Calls - before > 2500 / bytesPerWrite, "the disk took the block at once");
        Assert.True(Blocks.Same(store.Get(block.Cid), block));
        Assert.True(Blocks.Same(FileBlockStore.Open("/disk/store", OneWriter, disk.AfterPowerCut(new Random(1))).Get(block.Cid), block));
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_is_an_error_and_not_a_hang()
    {
        var disk = new SimulatedDisk();
        disk.CreateFolder("/disk");
        var store = FileBlockStore.Open("/disk/store", OneWriter, disk);
        var failing = new StoppedDisk(disk);
        var stuck = FileBlockStore.Open("/disk/store", OneWriter, failing);
        var e = await Assert.ThrowsAsync<StoreException>(async () => await stuck.PutAsync(Blocks.Raw(1, 10)));
        Assert.Equal(StoreFault.InputOutput, e.Fault);
        Assert.Null(store.Get(Blocks.Raw(1, 10).Cid));
        Assert.Empty(disk.Files("/disk/store/tmp"));
    }

    private sealed class StoppedDisk(SimulatedDisk disk) : Content.Ipfs.Store.FileSystem.IStoreFileSystem
    {
        public void CreateFolder(string path) => disk.CreateFolder(path);

        public Content.Ipfs.Store.FileSystem.IStoreFile CreateFile(string path, long bytes) => new Stopped(disk.CreateFile(path, bytes));

        public byte[]? Read(string path, long maxBytes) => disk.Read(path, maxBytes);

        public long? Length(string path) => disk.Length(path);

        public void Rename(string from, string to) => disk.Rename(from, to);

        public void Delete(string path) => disk.Delete(path);

        public void SyncFolder(string path) => disk.SyncFolder(path);

        public IEnumerable<string> Files(string folder) => disk.Files(folder);

        public IEnumerable<string> Folders(string folder) => disk.Folders(folder);

        public IDisposable? TryLock(string path, bool exclusive) => disk.TryLock(path, exclusive);

        private sealed class Stopped(Content.Ipfs.Store.FileSystem.IStoreFile file) : Content.Ipfs.Store.FileSystem.IStoreFile
        {
            private bool once;

            public int Write(ReadOnlySpan<byte> bytes)
            {
                var taken = once ? 0 : file.Write(bytes[..(bytes.Length / 2)]);
                once = true;
                return taken;
            }

            public void Sync() => file.Sync();

            public void Dispose() => file.Dispose();
        }
    }
}
