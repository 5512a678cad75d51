using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Content.Ipfs.Tests.Sources;

public class LocalStoreConformanceTests : BlockSourceConformance
{
    protected override async Task<SourceFixture> CreateAsync(IReadOnlyList<Block> held)
    {
        var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("store"));
        await using var writer = await store.BeginWriteAsync();
        foreach (var block in held)
        {
            await writer.PutAsync(block);
        }

        await writer.FlushAsync();
        return new SourceFixture(store, folder);
    }

    protected override async Task<SourceFixture?> CreateLyingAsync(Block block, byte[] lie)
    {
        var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("store"));
        await store.PutAsync(block);
        File.WriteAllBytes(store.List().Single().Path, lie);
        return new SourceFixture(store, folder);
    }
}
