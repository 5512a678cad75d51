using Sojourn.Content.Ipfs.Store;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Tests.Store;

/// <summary>The power is cut at every call in turn, with the dice deciding what of the unsynced state survives.</summary>
public class PowerCutTests
{
    private static readonly FileBlockStoreOptions OneWriter = new() { Writers = 1 };

    [Fact]
    public async Task What_was_acknowledged_survives_a_power_cut_at_any_call()
    {
        var cuts = 0;
        for (var seed = 0; seed < 12; seed++)
        {
            for (var cut = 1; ; cut++)
            {
                if (!await RunAsync(seed, cut))
                {
                    break;
                }

                cuts++;
            }
        }

        Assert.True(cuts > 500, $"only {cuts} cuts: the workload has shrunk");
    }

    [Fact]
    public async Task A_store_that_did_not_sync_folders_would_be_caught()
    {
        // Guards the test itself: with folder syncs ignored, some cut must lose an acknowledged block.
        var caught = false;
        for (var seed = 0; seed < 20 && !caught; seed++)
        {
            try
            {
                for (var cut = 1; await RunAsync(seed, cut, ignoreFolderSync: true); cut++)
                {
                }
            }
            catch (Exception e) when (e is Xunit.Sdk.XunitException or StoreException)
            {
                caught = true;
            }
        }

        Assert.True(caught);
    }

    private static async Task<bool> RunAsync(int seed, int cut, bool ignoreFolderSync = false)
    {
        var disk = new SimulatedDisk { ShortWrites = seed % 3 == 0 ? 50 : 0 };
        disk.OnCall = (call, _, _) =>
        {
            if (call >= cut)
            {
                throw new PowerCutException();
            }
        };
        var acknowledged = new List<Block>();
        var pinned = new List<(Cid Cid, string? Name)>();
        var tried = new List<Block>();
        var survivedAll = false;
        try
        {
            await WorkAsync(ignoreFolderSync ? new WithoutFolderSync(disk) : disk, seed, tried, acknowledged, pinned);
            survivedAll = true;
        }
        catch (PowerCutException)
        {
        }

        var after = disk.AfterPowerCut(new Random((seed * 1000) + cut));
        var store = FileBlockStore.Open("/disk/store", OneWriter, after);
        foreach (var block in acknowledged)
        {
            Assert.True(Blocks.Same(store.Get(block.Cid), block), $"seed {seed}, cut {cut}: lost {block.Cid}");
        }

        foreach (var block in tried)
        {
            // Held or not, but never wrong: a damaged block would throw here.
            var found = store.Get(block.Cid);
            Assert.True(found is null || Blocks.Same(found, block));
        }

        foreach (var (cid, name) in pinned)
        {
            Assert.Contains(store.Pins.List(), pin => pin.Cid == cid && pin.Name == name);
        }

        // And it can be written again.
        await store.PutAsync(Blocks.Raw(5000, 10));
        return !survivedAll;
    }

    private static async Task WorkAsync(Content.Ipfs.Store.FileSystem.IStoreFileSystem disk, int seed, List<Block> tried, List<Block> acknowledged, List<(Cid Cid, string? Name)> pinned)
    {
        var random = new Random(seed);
        disk.CreateFolder("/disk");
        disk.SyncFolder("/");
        var store = FileBlockStore.Open("/disk/store", OneWriter, disk);
        for (var i = 0; i < 3; i++)
        {
            var single = Blocks.Raw(random);
            tried.Add(single);
            await store.PutAsync(single);
            acknowledged.Add(single);

            await using var writer = await store.BeginWriteAsync();
            var group = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Blocks.Raw(random)).ToList();
            foreach (var block in group)
            {
                tried.Add(block);
                await writer.PutAsync(block);
            }

            await writer.FlushAsync();
            acknowledged.AddRange(group);
            var name = random.Next(2) == 0 ? null : $"name {i}";
            await writer.PinAsync(group[0].Cid, name, DateTimeOffset.UnixEpoch);
            pinned.Add((group[0].Cid, name));
        }
    }

    private sealed class WithoutFolderSync(SimulatedDisk disk) : Content.Ipfs.Store.FileSystem.IStoreFileSystem
    {
        public void CreateFolder(string path) => disk.CreateFolder(path);

        public Content.Ipfs.Store.FileSystem.IStoreFile CreateFile(string path, long bytes) => disk.CreateFile(path, bytes);

        public byte[]? Read(string path, long maxBytes) => disk.Read(path, maxBytes);

        public long? Length(string path) => disk.Length(path);

        public void Rename(string from, string to) => disk.Rename(from, to);

        public void Delete(string path) => disk.Delete(path);

        public void SyncFolder(string path)
        {
        }

        public IEnumerable<string> Files(string folder) => disk.Files(folder);

        public IEnumerable<string> Folders(string folder) => disk.Folders(folder);

        public IDisposable? TryLock(string path, bool exclusive) => disk.TryLock(path, exclusive);
    }
}
