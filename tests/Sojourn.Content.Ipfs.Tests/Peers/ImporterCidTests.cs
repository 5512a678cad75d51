using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Sojourn.Content.Import;
using Sojourn.Content.Ipfs.Tests.Store;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Peers;

/// <summary>The same bytes and parameters give the same CID as ipfs-unixfs-importer, over cases drawn by FsCheck.</summary>
[Trait("speed", "slow")]
public class ImporterCidTests
{
    private const int Cases = 220;

    private sealed record Case(int Size, int Chunk, int Width, bool RawLeaves, int CidVersion, bool Trickle, int Seed);

    // Sizes around multiples of the chunk and of full levels, where trees change their shape.
    private static readonly Gen<Case> Drawn =
        from chunk in Gen.OneOf(Gen.Choose(1, 64), Gen.Elements(256, 1000, 4096, 262_144, 1 << 20))
        from width in Gen.Elements(2, 3, 4, 7, 174, 1024)
        from leaves in Gen.OneOf(Gen.Choose(0, 20), Gen.Elements(width - 1, width, width + 1, width * width, (width * width) + 1))
        from off in Gen.Choose(-1, 1)
        from raw in Gen.Elements(true, false)
        from version in Gen.Elements(0, 1)
        from trickle in Gen.Elements(true, false)
        from seed in Gen.Choose(0, 1000)
                // An empty file has no leaf to lay out: under "trickle" the peer makes a root over an empty leaf, Kubo and ours one without children.
        let size = Math.Clamp((Math.Min((long)leaves, 3000) * chunk) + off, trickle ? 1 : 0, 3_000_000)
        select new Case((int)size, chunk, width, raw, version, trickle, seed);

    [ToolFact(PeerProcess.Node)]
    public async Task Cids_agree_over_drawn_cases()
    {
        using var folder = new TemporaryFolder();
        var cases = Gen.Sample(Drawn, Cases, 30).ToList();
        var ours = new List<string>();
        await using var peer = PeerProcess.Start("ipfs/importer-cids.mjs");
        var theirs = Task.Run(async () =>
        {
            var lines = new List<string>();
            while (lines.Count < cases.Count)
            {
                lines.Add(await peer.ReadLineAsync());
            }

            return lines;
        });
        foreach (var (i, each) in cases.Index())
        {
            var path = folder.At($"{i}");
            await File.WriteAllBytesAsync(path, Blocks.Raw(each.Seed, each.Size).Data.ToArray());
            await peer.SendAsync(new { path, chunk = each.Chunk, width = each.Width, rawLeaves = each.RawLeaves, cidVersion = each.CidVersion, layout = each.Trickle ? "trickle" : "balanced" });
            await using var stream = File.OpenRead(path);
            var profile = new ImportProfile
            {
                ChunkBytes = each.Chunk,
                LinksMax = each.Width,
                RawLeaves = each.RawLeaves,
                CidVersion = each.CidVersion,
                Layout = each.Trickle ? FileLayout.Trickle : FileLayout.Balanced,
            };
            ours.Add((await UnixFsImporter.ImportAsync(stream, null, new ImportOptions { Profile = profile })).Root.ToString());
        }

        peer.EndInput();
        var different = cases.Zip(ours, await theirs).Where(row => row.Second != row.Third).Select(row => $"{JsonSerializer.Serialize(row.First)}: {row.Second}, peer {row.Third}").ToList();
        Assert.True(different.Count == 0, $"{different.Count} of {cases.Count} differ:\n{string.Join('\n', different.Take(10))}");
    }
}
