using FsCheck;
using FsCheck.Fluent;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Primitives;
using Xunit;

namespace Sojourn.Cryptography.Tests.Sealing;

public sealed class RoundTripTests
{
    public static TheoryData<int, SizePadding> Sizes()
    {
        var data = new TheoryData<int, SizePadding>();
        foreach (var size in new[] { 0, 1, 15, 16, 239, 240, 241, 479, 480, 481, 256, 5000 })
        {
            data.Add(size, SizePadding.None);
            data.Add(size, SizePadding.Padme);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Edges_survive(int size, SizePadding padding)
    {
        var plain = Sealed.Random(size);
        var made = Sealed.Make(plain, 256, padding);
        Assert.Equal(plain, made.OpenBody(made.Body));
        Assert.Equal(SealedLayout.BodySize(SealedLayout.PaddedSize(size, padding), 256), made.Body.Length);
        using var content = made.Open();
        Assert.Equal(size, content.Metadata.Length);
        Assert.Equal("name", content.Metadata.Name);
        Assert.Equal("text/plain", content.Metadata.MediaType);
    }

    [Fact]
    public void Drawn_sizes_chunks_and_reads_survive() => Prop.ForAll(
        Gen.Choose(0, 20_000).ToArbitrary(),
        Gen.Choose(6, 13).ToArbitrary(),
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        (size, log, seed) =>
        {
            var plain = Sealed.Random(size, seed);
            var made = Sealed.Make(plain, 1 << log, seed % 2 == 0 ? SizePadding.Padme : SizePadding.None);
            Assert.Equal(plain, made.OpenBody(made.Body));
            Ranges(made, plain, new Random(seed)).GetAwaiter().GetResult();
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Ranges_across_the_default_chunk_read_no_more_than_they_hold()
    {
        var plain = Sealed.Random(5 << 20);
        var made = Sealed.Make(plain, SealedLayout.ChunkSizeDefault);
        using var content = made.Open();
        var body = new MemoryBody(made.Body, SealedLayout.ChunkSizeDefault);
        using var reader = content.OpenReader(body);
        var buffer = new byte[1024];
        Assert.Equal(1024, await reader.ReadAsync(3 << 20, buffer));
        Assert.Equal(plain.AsSpan(3 << 20, 1024).ToArray(), buffer);
        Assert.Equal(1, body.Reads);
    }

    [Fact]
    public async Task A_range_is_a_seekable_stream()
    {
        var plain = Sealed.Random(3000);
        var made = Sealed.Make(plain);
        using var content = made.Open();
        using var reader = content.OpenReader(new MemoryBody(made.Body, 256));
        await using var range = reader.OpenRange(100, 1000);
        Assert.Equal(plain.AsSpan(100, 1000).ToArray(), Sealed.ReadAll(range));
        range.Seek(-10, SeekOrigin.End);
        Assert.Equal(plain.AsSpan(1090, 10).ToArray(), Sealed.ReadAll(range));
        Assert.Equal(0, reader.OpenRange(5000, 10).Length);
    }

    [Fact]
    public void Small_reads_and_a_slow_source_change_nothing()
    {
        var plain = Sealed.Random(4000);
        using var sealer = new ContentSealer(new SealingOptions { Recipients = [Sealed.Recipient.Public], ChunkSize = 128 });
        using var stream = sealer.SealFile(new Trickle(plain));
        Assert.Throws<InvalidOperationException>(() => sealer.Finish(Cid.ForRaw(default)));
        Assert.Throws<InvalidOperationException>(() => sealer.SealFile(new MemoryStream()));
        using var body = new MemoryStream();
        var one = new byte[7];
        for (int read; (read = stream.Read(one)) > 0;)
        {
            body.Write(one, 0, read);
        }

        var made = new Sealed(sealer.Finish(Cid.ForRaw(body.ToArray())), body.ToArray());
        using var content = made.Open();
        using var opened = content.OpenStream(new Trickle(made.Body));
        Assert.Equal(plain, Sealed.ReadAll(opened));
    }

    [Fact]
    public async Task Reading_first_and_copying_then_gives_the_whole()
    {
        var plain = Sealed.Random(100_000);
        var made = Sealed.Make(plain, 1024);
        using var content = made.Open();
        foreach (var asynchronous in new[] { false, true })
        {
            using var stream = content.OpenStream(new MemoryStream(made.Body));
            var begin = new byte[777];
            stream.ReadExactly(begin);
            using var rest = new MemoryStream();
            if (asynchronous)
            {
                await stream.CopyToAsync(rest);
            }
            else
            {
                stream.CopyTo(rest);
            }

            Assert.Equal(plain, begin.Concat(rest.ToArray()).ToArray());
        }
    }

    [Fact]
    public void Several_recipients_each_open_alone_and_others_do_not()
    {
        using var p521 = HpkePrivateKey.Generate(HpkeKem.P521);
        using var p256 = HpkePrivateKey.Generate();
        using var stranger = HpkePrivateKey.Generate();
        foreach (var hide in new[] { false, true })
        {
            using var sealer = new ContentSealer(new SealingOptions { Recipients = [p521.Public, p256.Public], HideRecipients = hide });
            _ = Sealed.ReadAll(sealer.SealFile(new MemoryStream("x"u8.ToArray())));
            var header = sealer.Finish(Cid.ForRaw(default));
            Assert.All(header.Keys, k => Assert.Equal(hide ? 0 : 8, k.KeyId.Length));
            using var contentKey = sealer.ExportContentKey();
            foreach (var key in new[] { p521, p256 })
            {
                Assert.Equal(SealedFault.None, header.TryOpenKey(key, out var opened));
                Assert.True(opened!.FixedTimeEquals(contentKey));
            }

            Assert.Equal(SealedFault.NotForThisKey, header.TryOpenKey(stranger, out _));
        }
    }

    [Fact]
    public void Rewrapping_changes_recipients_and_policy_and_leaves_the_body()
    {
        var made = Sealed.Make(Sealed.Random(1000));
        using var key = Sealed.KeyOf(made.Header);
        using var newcomer = HpkePrivateKey.Generate();
        var policy = Cid.ForDagCbor("other policy"u8);
        Assert.Equal(SealedFault.None, made.Header.TryRewrap(key, [newcomer.Public], policy, hideRecipients: false, out var rewrapped));
        Assert.Equal(made.Header.Body, rewrapped!.Body);
        Assert.Equal(policy, rewrapped.Policy);
        Assert.Equal(SealedFault.NotForThisKey, rewrapped.TryOpenKey(Sealed.Recipient, out _));
        Assert.Equal(SealedFault.None, SealedHeader.TryDecode(rewrapped.Encode(), out var decoded));
        Assert.Equal(SealedFault.None, decoded!.TryOpenKey(newcomer, out var opened));
        Assert.Equal(SealedFault.None, OpenedContent.TryCreate(decoded, opened!, out var content));
        using (content)
        {
            Assert.Equal(Sealed.Random(1000), Sealed.ReadAll(content!.OpenStream(new MemoryStream(made.Body))));
        }

        using var wrong = Sojourn.Cryptography.Secrets.SecretKey.Random();
        Assert.Equal(SealedFault.HeaderNotAuthentic, made.Header.TryRewrap(wrong, [newcomer.Public], policy, hideRecipients: false, out _));
    }

    [Fact]
    public void Padded_sizes_share_few_values_and_cost_at_most_an_eighth()
    {
        var seen = new HashSet<long>();
        for (var length = 1000L; length < 2000; length++)
        {
            var padded = SealedLayout.PaddedSize(length, SizePadding.Padme);
            Assert.InRange(padded, length, length + (length / 8));
            seen.Add(padded);
        }

        Assert.InRange(seen.Count, 2, 33);
        Assert.Equal(0, SealedLayout.PaddedSize(0, SizePadding.Padme));
        Assert.Equal(1, SealedLayout.PaddedSize(1, SizePadding.Padme));
        Assert.Equal(10, SealedLayout.PaddedSize(9, SizePadding.Padme));
    }

    /// <summary>4 GiB and a byte of zeros: counters, sizes and memory at a size that no 32-bit number holds.</summary>
    [Fact]
    [Trait("speed", "slow")]
    public void Four_gibibytes_survive()
    {
        const long Length = (4L << 30) + 1;
        using var sealer = new ContentSealer(new SealingOptions { Recipients = [Sealed.Recipient.Public], Padding = SizePadding.None });
        using var stream = sealer.SealFile(new Zeros(Length));
        // Each chunk is opened as it comes, so that nothing of this size is ever held.
        using var opener = new ChunkOpener(sealer, stream);
        Assert.Equal(Length, opener.Count());
        Assert.Equal(4097, SealedLayout.ChunkCount(Length, SealedLayout.ChunkSizeDefault));
        var header = sealer.Finish(Cid.ForRaw(default));
        Assert.Equal(Length, header.Size);
    }

    private static async Task Ranges(Sealed made, byte[] plain, Random random)
    {
        using var content = made.Open();
        using var reader = content.OpenReader(new MemoryBody(made.Body, made.Header.ChunkSize));
        for (var i = 0; i < 5; i++)
        {
            var offset = random.Next(plain.Length + 10);
            var buffer = new byte[random.Next(3000)];
            var read = await reader.ReadAsync(offset, buffer);
            var expected = Math.Max(0, Math.Min(buffer.Length, plain.Length - offset));
            Assert.Equal(expected, read);
            Assert.Equal(plain.AsSpan(Math.Min(offset, plain.Length), expected).ToArray(), buffer[..expected]);
        }
    }

    /// <summary>Opens batches as they are sealed, so that 4 GiB need no room.</summary>
    private sealed class ChunkOpener(ContentSealer sealer, Stream stream) : IDisposable
    {
        private readonly Sojourn.Cryptography.Secrets.SecretKey key = sealer.ExportContentKey();

        public long Count()
        {

            using var cipher = sealer.CipherForTests(key);
            var sealedChunk = new byte[cipher.ChunkSize];
            var plain = new byte[cipher.PlainSize];
            long total = 0, index = 0;
            var chunks = SealedLayout.ChunkCount((4L << 30) + 1, cipher.ChunkSize);
            while (true)
            {
                var filled = stream.ReadAtLeast(sealedChunk, sealedChunk.Length, throwOnEndOfStream: false);
                if (filled == 0)
                {
                    return total;
                }

                Assert.Equal(SealedFault.None, cipher.Open(index, index == chunks - 1, sealedChunk.AsMemory(0, filled), plain, out var written, out _));
                Assert.False(plain.AsSpan(0, written).ContainsAnyExcept((byte)0));
                total += written;
                index++;
            }
        }

        public void Dispose() => key.Dispose();
    }

    private sealed class Zeros(long length) : ReadOnly
    {
        private long left = length;

        public override int Read(byte[] buffer, int offset, int count)
        {
            var take = (int)Math.Min(left, count);
            Array.Clear(buffer, offset, take);
            left -= take;
            return take;
        }
    }

    private sealed class Trickle(byte[] bytes) : ReadOnly
    {
        private int at;

        public override int Read(byte[] buffer, int offset, int count)
        {
            var take = Math.Min(Math.Min(count, 1 + (at % 13)), bytes.Length - at);
            bytes.AsSpan(at, take).CopyTo(buffer.AsSpan(offset));
            at += take;
            return take;
        }
    }

    private abstract class ReadOnly : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
