using System.Text;
using Sojourn.Content.Car;
using Sojourn.Content.Codecs;
using Sojourn.Content.Dag;
using Sojourn.Content.Directories;
using Sojourn.Content.Export;
using Sojourn.Content.Import;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Content.Tests.Fuzz;

/// <summary>Every decoder of untrusted bytes: good inputs to start from, and what must hold whatever comes in. A target throws when it does not hold.</summary>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Corpus, Action<byte[]> Check);

internal static class FuzzTargets
{
    private static readonly byte[] Raw = Cid.ForRaw("leaf"u8).Bytes.ToArray();

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("cid", [Raw, Cid.FromSha256Version0(new byte[32]).Bytes.ToArray(), Cid.ForIdentity(Multicodec.DagCbor, "data"u8).Bytes.ToArray()], CheckCid),
        new("cid-text", [.. Multibase.All.Select(b => Encoding.UTF8.GetBytes(Cid.ForRaw("leaf"u8).ToString(b))), Encoding.UTF8.GetBytes("/ipfs/" + Cid.ForRaw("leaf"u8) + "/a/b%20c"), "ipfs://QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn/x?y#z"u8.ToArray()], CheckText),
        new("cbor", CborCorpus(), CheckCbor),
        new("dag-json", JsonCorpus(), CheckJson),
        new("dag-pb", PbCorpus(), CheckPb),
        new("unixfs", [.. PbCorpus().Select(UnixFsOf).Where(bytes => bytes is not null).Select(bytes => bytes!)], CheckUnixFs),
        new("car", [MakeCar(1, false), MakeCar(2, false), MakeCar(2, true)], CheckCar),
        new("car-index", [MakeIndex()], CheckIndex),
        new("hamt", HamtCorpus(), CheckHamt),
        new("file", PbCorpus(), CheckFile),
        new("range", ["0:100"u8.ToArray(), "-5:*"u8.ToArray(), "512:-1"u8.ToArray()], CheckRange),
    ];

    private static void CheckCid(byte[] bytes)
    {
        var fault = Cid.TryDecodePrefix(bytes, out var cid, out var length);
        Require(fault == CidFault.None == cid is not null, "verdict and value disagree");
        if (cid is not null)
        {
            Require(cid.Bytes.SequenceEqual(bytes.AsSpan(0, length)), "decoded to other bytes");
            Require(Cid.Parse(cid.ToString()) == cid, "its text reads as another");
            BlockVerifier.Verify(cid, bytes);
        }
    }

    private static void CheckText(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        if (Cid.TryParse(text, out var cid))
        {
            Require(Cid.Parse(cid.ToString()) == cid, "its text reads as another");
        }

        if (ContentPath.TryParse(text, percentEncoded: true, out var path, out _))
        {
            Require(path.Segments.All(segment => segment.Length > 0), "an empty segment");
        }

        Multibase.TryDecode(text, out _);
    }

    private static void CheckCbor(byte[] bytes)
    {
        foreach (var profile in new[] { CborProfile.Deterministic, CborProfile.DagCbor })
        {
            if (CborReader.Check(bytes, profile) == CborFault.None)
            {
                Require(CborReader.Check(bytes, CborProfile.Lenient) == CborFault.None, "strict but not lenient");
            }
        }

        CborReader.Check(bytes, CborProfile.Lenient);
        if (DagCbor.TryDecode(bytes, out var value, out _))
        {
            Require(DagCbor.Encode(value).AsSpan().SequenceEqual(bytes), "two encodings of one value");
            var links = new List<Cid>();
            DagCbor.ReadLinks(bytes, links);
        }
        else
        {
            Require(CborReader.Check(bytes, CborProfile.DagCbor, DagCbor.DepthMax) != CborFault.None, "the checker accepts what the decoder refuses");
        }
    }

    private static void CheckJson(byte[] bytes)
    {
        if (DagJson.TryDecode(bytes, out var value, out _))
        {
            byte[] again;
            try
            {
                again = DagJson.Encode(value);
            }
            catch (ArgumentException)
            {
                return; // a map that only its key order kept from reading as a link
            }

            Require(DagJson.TryDecode(again, out var second, out _) && DagJson.Encode(second).AsSpan().SequenceEqual(again), "canonical form is not stable");
        }
    }

    private static void CheckPb(byte[] bytes)
    {
        if (DagPb.TryDecode(bytes, out var node, out _))
        {
            var encoded = DagPb.Encode(node);
            Require(DagPb.TryDecode(encoded, out var again, out _) && DagPb.Encode(again).AsSpan().SequenceEqual(encoded), "canonical form is not stable");
            Require(again!.Links.Count == node.Links.Count, "links got lost");
            DagPbForm.ToValue(node);
        }
    }

    private static void CheckUnixFs(byte[] bytes)
    {
        if (UnixFsData.TryDecode(bytes, out var data, out _))
        {
            var encoded = data.Encode();
            Require(UnixFsData.TryDecode(encoded, out var again, out _) && again.Encode().AsSpan().SequenceEqual(encoded), "canonical form is not stable");
        }
    }

    private static void CheckCar(byte[] bytes) => Refusable(() =>
    {
        long data = 0;
        var reader = CarReader.OpenAsync(new MemoryStream(bytes)).AsTask().GetAwaiter().GetResult();
        while (reader.ReadAsync().AsTask().GetAwaiter().GetResult() is { } section)
        {
            data += section.Data.Length;
            Require(data <= bytes.Length, "more data than input");
        }

        using var source = CarFileSource.OpenAsync(new MemoryStream(bytes)).AsTask().GetAwaiter().GetResult();
        source.GetAsync(Cid.ForRaw("leaf"u8)).AsTask().GetAwaiter().GetResult();
    });

    private static void CheckIndex(byte[] bytes) => Refusable(() => CarIndex.Decode(bytes).TryFind(Cid.ForRaw("leaf"u8), out _));

    /// <summary>The input is a shard; its children are the corpus, taken on trust, so that the walk goes on with hostile shapes.</summary>
    private static void CheckHamt(byte[] bytes)
    {
        var root = Cid.For(Multicodec.DagPb, bytes);
        var source = new Trusting(new Block(root, bytes));
        Refusable(() => ListAsync(source, root).GetAwaiter().GetResult());
        Refusable(() => DirectoryReader.FindAsync(source, root, "name-7").AsTask().GetAwaiter().GetResult());
        Refusable(() => WalkAsync(source, root).GetAwaiter().GetResult());
    }

    private static void CheckFile(byte[] bytes)
    {
        var root = Cid.For(Multicodec.DagPb, bytes);
        var source = new Trusting(new Block(root, bytes));
        Refusable(() => UnixFsExporter.StatAsync(source, root).AsTask().GetAwaiter().GetResult());
        Refusable(() => ReadAsync(source, root).GetAwaiter().GetResult());
        Refusable(() => WalkAsync(source, root).GetAwaiter().GetResult());
    }

    private static void CheckRange(byte[] bytes)
    {
        if (EntityBytes.TryParse(Encoding.UTF8.GetString(bytes), out var range))
        {
            foreach (var size in new[] { 0L, 1, 1000, long.MaxValue / 4 })
            {
                var (start, end) = range.Within(size);
                Require(0 <= start && start <= end && end <= size, "a range outside the file");
            }

            Require(EntityBytes.TryParse(range.ToString(), out var again) && again == range, "prints as another");
        }
    }

    private static async Task ListAsync(IBlockSource source, Cid root)
    {
        var count = 0;
        await foreach (var entry in DirectoryReader.ListAsync(source, root))
        {
            Require(++count < 100_000, "an endless listing");
        }
    }

    private static async Task ReadAsync(IBlockSource source, Cid root)
    {
        long total = 0;
        await foreach (var piece in UnixFsExporter.ReadAsync(source, root, new ByteRange(0, 100_000)))
        {
            total += piece.Length;
            Require(total <= 100_000, "more bytes than the range has");
        }
    }

    private static async Task WalkAsync(IBlockSource source, Cid root)
    {
        var count = 0;
        await foreach (var _ in DagWalker.WalkAsync(source, new DagRequest(ContentPath.Of(root)) { Duplicates = false }))
        {
            Require(++count < 10_000, "an endless walk");
        }
    }

    private static void Refusable(Action action)
    {
        try
        {
            action();
        }
        catch (ContentException refused)
        {
            Require(refused.Fault != ContentFault.None && refused.Message.Length < 1000, "a refusal without a reason");
        }
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }

    private static List<byte[]> CborCorpus()
    {
        var corpus = new List<byte[]>
        {
            DagCbor.Encode(DagMap.Create(("links", new DagList([Cid.ForRaw("a"u8), Cid.ForDagCbor("b"u8)])), ("n", -5), ("f", new DagFloat(1.5)), ("b", new byte[] { 1, 2, 3 }), ("t", "text"), ("u", true), ("z", DagNull.Instance))),
            new CborWriter().BeginMap().WriteKey(1).WriteText("iss").WriteKey(-7).WriteDouble(0.5).WriteKey("k").WriteTag(1).WriteInteger(1000).EndMap().ToArray(),
            Convert.FromHexString("bf616101616202ff"), Convert.FromHexString("9f018202039f0405ffff"), Convert.FromHexString("5f42010243030405ff"), Convert.FromHexString("d2845f41a0ffa0f640"),
        };
        return corpus;
    }

    private static List<byte[]> JsonCorpus() =>
    [
        .. CborCorpus().Take(1).Select(cbor => DagJson.Encode(DagCbor.Decode(cbor))),
        """{"/":"bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"}"""u8.ToArray(), """{"/":{"bytes":"AQID"}}"""u8.ToArray(),
        """[1e400,-0.0,18446744073709551616,"\u0000\ud83d\ude00",{"a":{"/":1}}]"""u8.ToArray(),
    ];

    private static List<byte[]> PbCorpus()
    {
        var corpus = new List<byte[]>();
        var sink = new Collecting(corpus);
        foreach (var layout in Enum.GetValues<FileLayout>())
        {
            var profile = new ImportProfile { ChunkBytes = 16, LinksMax = 3, Layout = layout, RawLeaves = layout == FileLayout.Balanced };
            UnixFsImporter.ImportAsync(new MemoryStream(new byte[300]), sink, new ImportOptions { Profile = profile }).AsTask().GetAwaiter().GetResult();
        }

        corpus.Add(DagPb.Encode(new UnixFsData { Type = UnixFsType.Symlink, Data = "target"u8.ToArray(), Mode = 0x1ff, ModifiedAt = new UnixTime(-1, 5) }.Encode(), []));
        corpus.AddRange(HamtCorpus());
        return corpus.DistinctBy(Convert.ToHexString).Where(bytes => bytes.Length > 2).ToList();
    }

    private static List<byte[]> HamtCorpus()
    {
        var corpus = new List<byte[]>();
        foreach (var fanout in new[] { 8, 256 })
        {
            using var builder = new DirectoryBuilder(new ImportProfile { ShardThresholdBytes = 0, ShardFanout = fanout });
            for (var i = 0; i < 30; i++)
            {
                builder.Add($"name-{i}", Cid.ForRaw("leaf"u8), 4);
            }

            builder.FinishAsync(new Collecting(corpus)).AsTask().GetAwaiter().GetResult();
        }

        return corpus;
    }

    private static byte[]? UnixFsOf(byte[] block) => DagPb.TryDecode(block, out var node, out _) ? node.Data?.ToArray() : null;

    private static byte[] MakeCar(int version, bool withIndex)
    {
        var stream = new MemoryStream();
        var writer = CarWriter.CreateAsync(stream, [Cid.ForRaw("leaf"u8)], new CarWriterOptions { Version = version, WithIndex = withIndex }).AsTask().GetAwaiter().GetResult();
        writer.PutAsync(Block.Create(Multicodec.Raw, "leaf"u8.ToArray())).AsTask().Wait();
        writer.PutAsync(Block.Create(Multicodec.DagCbor, CborCorpus()[0])).AsTask().Wait();
        writer.FinishAsync().AsTask().Wait();
        return stream.ToArray();
    }

    private static byte[] MakeIndex()
    {
        var car = MakeCar(2, true);
        return car[(int)System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(car.AsSpan(43))..];
    }

    private sealed class Collecting(List<byte[]> blocks) : IBlockSink
    {
        public bool IsSequential => true;

        public ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
        {
            if (block.Cid.Codec == Multicodec.DagPb)
            {
                blocks.Add(block.Data.ToArray());
            }

            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Gives the input for its own CID and a few small blocks for any other, whatever their hash.</summary>
    private sealed class Trusting(Block root) : IBlockSource
    {
        private static readonly byte[][] Others = [.. HamtCorpus(), .. PbCorpus()];

        public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
        {
            if (cid == root.Cid)
            {
                return ValueTask.FromResult<Block?>(root);
            }

            var bytes = cid.Codec == Multicodec.DagPb ? Others[cid.Digest.IsEmpty ? 0 : cid.Digest[0] % Others.Length] : new byte[16];
            return ValueTask.FromResult<Block?>(new Block(cid, bytes));
        }
    }
}
