using System.Security.Cryptography;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Content.Ipfs.Store.FileSystem;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Tests.Store;

/// <summary>Large files go past the page cache; whatever their size and wherever their bytes lie, what is read back is what was written.</summary>
public sealed class HostFileSystemTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData((128 << 10) - 1)]
    [InlineData(128 << 10)]
    [InlineData((128 << 10) + 1)]
    [InlineData((1 << 20) - 1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 14)]
    [InlineData(2 << 20)]
    public void Files_of_any_size_from_anywhere_in_memory(int bytes)
    {
        foreach (var path in new[] { folder.At("disk"), Memory() }.OfType<string>())
        {
            Directory.CreateDirectory(path);
            foreach (var skip in new[] { 0, 1, 512 })
            {
                var room = PageMemory.Allocate(bytes + skip + (64 << 10));
                var content = room.Slice(skip, bytes);
                RandomNumberGenerator.Fill(content.Span);
                var file = Path.Combine(path, $"{skip}-{bytes}");
                using (var open = HostFileSystem.Instance.CreateFile(file, bytes))
                {
                    for (var at = 0; at < bytes;)
                    {
                        at += open.Write(content.Span[at..]);
                    }

                    open.Sync();
                }

                Assert.Equal(content.ToArray(), File.ReadAllBytes(file));
                Assert.Equal(content.ToArray(), HostFileSystem.Instance.Read(file, bytes));
                File.Delete(file);
            }

            Directory.Delete(path);
        }
    }

    [Fact]
    public void Pieces_of_odd_sizes_make_one_file()
    {
        var random = new Random(5);
        var content = new byte[700_001];
        random.NextBytes(content);
        var file = folder.At("pieces");
        using (var open = HostFileSystem.Instance.CreateFile(file, content.Length))
        {
            for (var at = 0; at < content.Length;)
            {
                at += open.Write(content.AsSpan(at, Math.Min(content.Length - at, random.Next(1, 50_000))));
            }

            open.Sync();
        }

        Assert.Equal(content, File.ReadAllBytes(file));
    }

    [Fact]
    public void A_name_that_is_taken_is_refused_and_its_file_left_alone()
    {
        var file = folder.At("taken");
        File.WriteAllText(file, "mine");
        Assert.ThrowsAny<IOException>(() => HostFileSystem.Instance.CreateFile(file, 1 << 20));
        Assert.Equal("mine", File.ReadAllText(file));
    }

    [Fact]
    public async Task A_block_is_read_to_where_it_is_wanted_and_refused_there_when_it_has_decayed()
    {
        var store = FileBlockStore.Open(folder.At("store"));
        var block = Blocks.Raw(9, 300_000);
        await store.PutAsync(block);
        var room = new byte[400_000];
        IPlacingSource placing = store;
        var read = placing.Get(block.Cid, length => room.AsMemory(50, length))!;
        Assert.True(Blocks.Same(read, block));
        Assert.True(read.Data.Span.Overlaps(room));
        Assert.Null(placing.Get(Cid.ForRaw([1, 2, 3]), _ => throw new InvalidOperationException("asked for room for a block that is not held")));

        var path = Assert.Single(store.List()).Path;
        var bytes = File.ReadAllBytes(path);
        bytes[299_999] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Equal(StoreFault.DamagedBlock, Assert.Throws<StoreException>(() => placing.Get(block.Cid, length => room.AsMemory(0, length))).Fault);
    }

    // A file system in memory takes such writes on some kernels and refuses them on others; both must end well.
    private static string? Memory() => Directory.Exists("/dev/shm") ? $"/dev/shm/sojourn-test-{Environment.ProcessId}-{Guid.NewGuid():N}" : null;
}
