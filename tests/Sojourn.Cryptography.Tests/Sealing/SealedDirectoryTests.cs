using System.Text;
using Sojourn.Cryptography.Sealing;
using Sojourn.Primitives;
using Xunit;

namespace Sojourn.Cryptography.Tests.Sealing;

public sealed class SealedDirectoryTests
{
    [Fact]
    public async Task Files_are_read_alone_and_the_public_sees_one_body()
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["patients/a.csv"] = Sealed.Random(1000, 1),
            ["patients/b.csv"] = Sealed.Random(0, 2),
            ["ä/ö.bin"] = Sealed.Random(3000, 3),
            ["readme"] = Sealed.Random(1, 4),
        };
        var (header, body) = Seal(
            [
                .. files.Select(f => new SealedDirectorySource(f.Key, SealedEntryKind.File, () => new MemoryStream(f.Value), 0x1A4, 1_700_000_000)),
                new SealedDirectorySource("empty", SealedEntryKind.Directory),
                new SealedDirectorySource("latest", SealedEntryKind.Link, Target: "patients/a.csv"),
            ]);
        var text = Encoding.Latin1.GetString([.. header.Encode(), .. body]);
        Assert.DoesNotContain("patients", text, StringComparison.Ordinal);

        using var content = new Sealed(header, body).Open();
        Assert.Equal(SealedKind.Directory, content.Metadata.Kind);
        using var reader = content.OpenReader(new MemoryBody(body, 256));
        var entries = await SealedDirectory.ReadManifestAsync(content, reader);
        Assert.Equal(6, entries.Length);
        foreach (var entry in entries.Where(e => e.Kind == SealedEntryKind.File))
        {
            Assert.Equal(files[entry.Path], Sealed.ReadAll(reader.OpenRange(entry.Offset, entry.Length)));
            Assert.Equal(0x1A4, entry.Mode);
        }

        Assert.Equal("patients/a.csv", entries.Single(e => e.Kind == SealedEntryKind.Link).Target);
    }

    [Fact]
    public async Task An_empty_directory_is_one_too()
    {
        var (header, body) = Seal([]);
        using var content = new Sealed(header, body).Open();
        using var reader = content.OpenReader(new MemoryBody(body, 256));
        Assert.Empty(await SealedDirectory.ReadManifestAsync(content, reader));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("../x")]
    [InlineData("a/../b")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("./a")]
    [InlineData("a\\b")]
    [InlineData("a\0b")]
    public void Paths_that_lead_out_are_refused(string path)
    {
        Assert.False(SealedDirectory.IsPath(path));
        Assert.Throws<ArgumentException>(() => Seal([new SealedDirectorySource(path, SealedEntryKind.Directory)]));
        var manifest = SealedDirectory.Encode([new SealedDirectoryEntry(path, SealedEntryKind.Directory, 0, 0, null, null, null)]);
        Assert.Equal(SealedFault.ManifestInvalid, SealedDirectory.TryDecode(manifest, 0, out _));
    }

    [Fact]
    public void Manifests_that_lie_are_refused()
    {
        var good = new SealedDirectoryEntry("a", SealedEntryKind.File, 0, 10, null, null, null);
        Assert.Equal(SealedFault.None, SealedDirectory.TryDecode(SealedDirectory.Encode([good]), 10, out _));
        foreach (var bad in new[]
                 {
                     good with { Length = 11 },
                     good with { Offset = -1 },
                     good with { Offset = 11, Length = 0 },
                     good with { Offset = long.MaxValue, Length = long.MaxValue },
                     good with { Mode = 4096 },
                     good with { Target = "x" },
                 })
        {
            Assert.Equal(SealedFault.ManifestInvalid, SealedDirectory.TryDecode(SealedDirectory.Encode([bad]), 10, out _));
        }

        Assert.Equal(SealedFault.ManifestInvalid, SealedDirectory.TryDecode(SealedDirectory.Encode([good, good]), 10, out _));
        Assert.Equal(SealedFault.ManifestInvalid, SealedDirectory.TryDecode(SealedDirectory.Encode([good with { Path = "b" }, good]), 10, out _));
        Assert.Equal(SealedFault.ManifestInvalid, SealedDirectory.TryDecode([0xA0], 10, out _));
        Assert.Equal(SealedFault.ManifestInvalid, SealedDirectory.TryDecode(default, 10, out _));
    }

    [Fact]
    public void Manifests_whose_files_share_bytes_or_lie_below_what_is_no_folder_are_refused()
    {
        var file = new SealedDirectoryEntry("a", SealedEntryKind.File, 0, 10, null, null, null);
        var link = new SealedDirectoryEntry("a", SealedEntryKind.Link, 0, 0, null, null, "/tmp");
        var folder = new SealedDirectoryEntry("a", SealedEntryKind.Directory, 0, 0, null, null, null);
        foreach (var (entries, fault) in new (SealedDirectoryEntry[], SealedFault)[]
                 {
                     ([file with { Length = 5 }, file with { Path = "b", Offset = 5, Length = 5 }], SealedFault.None),
                     ([file with { Offset = 5, Length = 5 }, file with { Path = "b", Length = 5 }], SealedFault.None),
                     ([file with { Length = 0 }, file with { Path = "b" }], SealedFault.None),
                     ([file with { Length = 6 }, file with { Path = "b", Offset = 5, Length = 5 }], SealedFault.ManifestInvalid),
                     ([file, file with { Path = "b" }], SealedFault.ManifestInvalid),
                     ([file, file with { Path = "b", Offset = 3, Length = 1 }], SealedFault.ManifestInvalid),
                     ([folder, file with { Path = "a/b" }], SealedFault.None),
                     ([link, file with { Path = "a/b" }], SealedFault.ManifestInvalid),
                     ([file with { Length = 0 }, file with { Path = "a/b" }], SealedFault.ManifestInvalid),
                     ([link, folder with { Path = "a-b" }, file with { Path = "a/b/c/d" }], SealedFault.ManifestInvalid),
                     ([link, file with { Path = "ab/c" }], SealedFault.None),
                 })
        {
            Assert.Equal(fault, SealedDirectory.TryDecode(SealedDirectory.Encode(entries), 10, out _));
        }
    }

    [Fact]
    public void Random_damage_to_manifests_never_throws()
    {
        var manifest = SealedDirectory.Encode([new SealedDirectoryEntry("a/b", SealedEntryKind.File, 0, 10, 420, 5, null), new SealedDirectoryEntry("c", SealedEntryKind.Link, 0, 0, null, null, "a")]);
        var random = new Random(72);
        for (var i = 0; i < 50_000; i++)
        {
            var bad = (byte[])manifest.Clone();
            bad[random.Next(bad.Length)] = (byte)random.Next(256);
            bad[random.Next(bad.Length)] = (byte)random.Next(256);
            _ = SealedDirectory.TryDecode(bad.AsSpan(0, random.Next(bad.Length + 1)), 10, out _);
        }
    }

    private static (SealedHeader Header, byte[] Body) Seal(IReadOnlyList<SealedDirectorySource> entries)
    {
        using var sealer = new ContentSealer(new SealingOptions { Recipients = [Sealed.Recipient.Public], ChunkSize = 256 });
        var body = Sealed.ReadAll(sealer.SealDirectory(entries));
        return (sealer.Finish(Cid.ForRaw(body)), body);
    }
}
