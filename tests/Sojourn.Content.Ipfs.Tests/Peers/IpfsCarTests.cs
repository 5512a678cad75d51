using System.Diagnostics;
using Sojourn.Content.Import;
using Sojourn.Content.Ipfs.Folders;
using Sojourn.Content.Ipfs.Tests.Store;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Peers;

/// <summary>ipfs-car packs files and folders into CARs: we agree on the root and read what it wrote.</summary>
[Trait("speed", "slow")]
public class IpfsCarTests
{
    private const string Tool = "tests/peers/ipfs/node_modules/ipfs-car/bin.js";

    [ToolFact(PeerProcess.Node, Tool)]
    public async Task Roots_agree_and_its_cars_are_read()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("tree/sub"));
        await File.WriteAllBytesAsync(folder.At("tree/empty"), []);
        await File.WriteAllBytesAsync(folder.At("tree/small ü.txt"), "small"u8.ToArray());
        await File.WriteAllBytesAsync(folder.At("tree/sub/large"), Blocks.Raw(1, 5_000_000).Data.ToArray());
        foreach (var name in new[] { "tree", "tree/sub/large", "tree/small ü.txt" })
        {
            var car = folder.At("out.car");
            using var process = Process.Start(new ProcessStartInfo(Tools.Find(PeerProcess.Node)!)
            {
                ArgumentList = { Tools.Find(Tool)!, "pack", folder.At(name), "--no-wrap", "--output", car },
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            var root = (await process.StandardOutput.ReadToEndAsync()).Trim();
            await process.WaitForExitAsync();

            // Its chunker takes 1 MiB and 1,024 links, as our default profile does.
            var ours = await FolderImporter.ImportAsync(folder.At(name), null, new FolderImportOptions(), default);
            Assert.Equal(root, ours.Root.ToString());
            await using var stream = File.OpenRead(car);
            var reader = await Car.CarReader.OpenAsync(stream);
            Assert.Equal([ours.Root], reader.Roots);
            Assert.True((await Car.CarVerifier.VerifyAsync(reader)).Blocks > 0);
            File.Delete(car);
        }
    }
}
