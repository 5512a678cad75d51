using FsCheck;
using FsCheck.Fluent;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;
using Xunit;

namespace Sojourn.Cryptography.Tests.Sealing;

/// <summary>What an operator or a peer could do to sealed bytes; each attempt has the reason it is refused for.</summary>
public sealed class AttackTests
{
    private const int Chunk = 256;

    /// <summary>Sizes around every edge, as drawn ones.</summary>
    private static readonly Arbitrary<int> Sizes = Gen.OneOf(
        Gen.Elements(0, 1, 239, 240, 241, 480, 481),
        Gen.Choose(0, 3000)).ToArbitrary();

    [Fact]
    public void Cutting_at_every_length_is_truncation() => Prop.ForAll(Sizes, size =>
    {
        var made = Sealed.Make(Sealed.Random(size), Chunk);
        for (var length = 0; length < made.Body.Length; length += length % Chunk is 0 or 17 or 255 ? 1 : 13)
        {
            Assert.Equal(SealedFault.Truncated, made.Fault(made.Body[..length]));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Dropping_swapping_and_repeating_chunks_is_refused() => Prop.ForAll(Sizes, size =>
    {
        var made = Sealed.Make(Sealed.Random(size), Chunk);
        var chunks = made.Body.Chunk(Chunk).ToList();
        for (var i = 0; i < chunks.Count; i++)
        {
            var dropped = chunks.Where((_, at) => at != i).SelectMany(c => c).ToArray();
            // Which reason comes first depends on whether the cut or the shift is met first.
            Assert.Contains(made.Fault(dropped), new[] { SealedFault.Truncated, SealedFault.ChunkNotAuthentic, SealedFault.WrongLastFlag });
            var repeated = chunks.Take(i + 1).Concat(chunks.Skip(i)).SelectMany(c => c).ToArray();
            Assert.Contains(made.Fault(repeated), new[] { SealedFault.TrailingData, SealedFault.ChunkNotAuthentic, SealedFault.WrongLastFlag });
            for (var j = i + 1; j < chunks.Count; j++)
            {
                var swapped = chunks.ToArray();
                (swapped[i], swapped[j]) = (swapped[j], swapped[i]);
                Assert.Equal(SealedFault.ChunkNotAuthentic, made.Fault([.. swapped.SelectMany(c => c)]));
            }
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Bytes_behind_the_end_are_refused()
    {
        var made = Sealed.Make(Sealed.Random(500), Chunk);
        Assert.Equal(SealedFault.TrailingData, made.Fault([.. made.Body, 0]));
        Assert.Equal(SealedFault.TrailingData, made.Fault([.. made.Body, .. made.Body]));
    }

    [Fact]
    public void Every_bit_of_the_body_counts()
    {
        var made = Sealed.Make(Sealed.Random(300), Chunk);
        for (var i = 0; i < made.Body.Length; i++)
        {
            var bad = (byte[])made.Body.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            Assert.Equal(SealedFault.ChunkNotAuthentic, made.Fault(bad));
        }
    }

    [Fact]
    public void Chunks_of_other_content_do_not_mix_in()
    {
        var plain = Sealed.Random(700);
        var one = Sealed.Make(plain, Chunk);
        var other = Sealed.Make(plain, Chunk);
        for (var i = 0; i < 3; i++)
        {
            var mixed = (byte[])one.Body.Clone();
            other.Body.AsSpan(i * Chunk, Math.Min(Chunk, mixed.Length - (i * Chunk))).CopyTo(mixed.AsSpan(i * Chunk));
            Assert.Equal(SealedFault.ChunkNotAuthentic, one.Fault(mixed));
        }
    }

    /// <summary>Sealed by one who holds the key but marks the wrong chunk as last, early or not at all.</summary>
    [Fact]
    public void A_wrong_last_flag_is_named()
    {
        var made = Sealed.Make(Sealed.Random(3 * 240), Chunk);
        using var content = made.Open();
        using var cipher = content.Cipher();
        foreach (var index in new[] { 0, 1, 2 })
        {
            var body = (byte[])made.Body.Clone();
            cipher.Seal(index, endsContent: index != 2, Sealed.Random(240), body.AsMemory(index * Chunk, Chunk));
            Assert.Equal(SealedFault.WrongLastFlag, made.Fault(body));
        }
    }

    [Fact]
    public void Bytes_in_the_padding_are_named()
    {
        var made = Sealed.Make(Sealed.Random(1000), Chunk, SizePadding.Padme);
        var padded = SealedLayout.PaddedSize(1000, SizePadding.Padme);
        Assert.True(padded > 1000);
        using var content = made.Open();
        using var cipher = content.Cipher();
        var plain = new byte[padded - (4 * 240)];
        plain[^1] = 1;
        var body = (byte[])made.Body.Clone();
        cipher.Seal(4, endsContent: true, plain, body.AsMemory(4 * Chunk));
        Assert.Equal(SealedFault.PaddingNotZero, made.Fault(body));
    }

    [Fact]
    public void Every_bit_of_the_header_counts()
    {
        var made = Sealed.Make(Sealed.Random(300), Chunk);
        var block = made.Header.Encode();
        using var key = Sealed.KeyOf(made.Header);
        var reasons = new HashSet<SealedFault>();
        for (var i = 0; i < block.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var bad = (byte[])block.Clone();
                bad[i] ^= (byte)(1 << bit);
                var fault = SealedHeader.TryDecode(bad, out var header);
                if (fault == SealedFault.None)
                {
                    // With the key at hand, as a keeper has it, and with the stanza, as a recipient has it.
                    Assert.Equal(SealedFault.HeaderNotAuthentic, OpenedContent.TryCreate(header!, key, out _));
                    fault = header!.TryOpenKey(Sealed.Recipient, out var opened);
                    if (fault == SealedFault.None)
                    {
                        fault = OpenedContent.TryCreate(header, opened!, out _);
                    }
                }

                Assert.NotEqual(SealedFault.None, fault);
                reasons.Add(fault);
            }
        }

        Assert.Superset(
            new HashSet<SealedFault> { SealedFault.Malformed, SealedFault.UnknownVersion, SealedFault.UnknownSuite, SealedFault.ChunkSize, SealedFault.NotForThisKey, SealedFault.StanzaNotAuthentic, SealedFault.HeaderNotAuthentic },
            reasons);
    }

    [Fact]
    public void A_header_cut_anywhere_or_followed_by_anything_is_malformed()
    {
        var block = Sealed.Make(Sealed.Random(10), Chunk).Header.Encode();
        for (var length = 0; length < block.Length; length++)
        {
            Assert.Equal(SealedFault.Malformed, SealedHeader.TryDecode(block.AsSpan(0, length), out _));
        }

        Assert.Equal(SealedFault.Malformed, SealedHeader.TryDecode([.. block, 0], out _));
        Assert.Equal(SealedFault.Malformed, SealedHeader.TryDecode(new byte[SealedLayout.HeaderSizeMax + 1], out _));
    }

    [Fact]
    public void A_stanza_moved_to_other_content_or_another_policy_does_not_open()
    {
        var one = Sealed.Make(Sealed.Random(10), Chunk);
        var other = Sealed.Make(Sealed.Random(10), Chunk);
        using var key = Sealed.KeyOf(one.Header);
        var stanza = one.Header.Keys[0];
        Assert.Equal(SealedFault.None, stanza.TryOpen(Sealed.Recipient, one.Header.Salt.Span, Sealed.Policy, out var opened));
        opened!.Dispose();
        Assert.Equal(SealedFault.StanzaNotAuthentic, stanza.TryOpen(Sealed.Recipient, other.Header.Salt.Span, Sealed.Policy, out _));
        Assert.Equal(SealedFault.StanzaNotAuthentic, stanza.TryOpen(Sealed.Recipient, one.Header.Salt.Span, Cid.ForDagCbor("lax"u8), out _));
        Assert.Equal(SealedFault.StanzaNotAuthentic, stanza.TryOpen(Sealed.Recipient, one.Header.Salt.Span, null, out _));
    }

    [Fact]
    public void A_key_of_other_content_does_not_open_the_header()
    {
        var made = Sealed.Make(Sealed.Random(10), Chunk);
        using var other = SecretKey.Random();
        Assert.Equal(SealedFault.HeaderNotAuthentic, OpenedContent.TryCreate(made.Header, other, out _));
    }

    [Fact]
    public async Task Ranges_refuse_what_streams_refuse()
    {
        var plain = Sealed.Random(1000);
        var made = Sealed.Make(plain, Chunk);
        using var content = made.Open();
        var bad = (byte[])made.Body.Clone();
        bad[(2 * Chunk) + 5] ^= 1;
        using (var reader = content.OpenReader(new MemoryBody(bad, Chunk)))
        {
            var buffer = new byte[100];
            Assert.Equal(100, await reader.ReadAsync(0, buffer));
            var refused = await Assert.ThrowsAsync<SealedContentException>(async () => await reader.ReadAsync(500, buffer));
            Assert.Equal(SealedFault.ChunkNotAuthentic, refused.Fault);
            Assert.Equal(2, refused.Chunk);
            Assert.Equal(100, await reader.ReadAsync(750, buffer));
            Assert.Equal(plain.AsSpan(750, 100).ToArray(), buffer);
        }

        using var cut = content.OpenReader(new MemoryBody(made.Body[..^1], Chunk));
        var truncated = await Assert.ThrowsAsync<SealedContentException>(async () => await cut.ReadAsync(990, new byte[10]));
        Assert.Equal(SealedFault.Truncated, truncated.Fault);
    }

    [Fact]
    public void A_stream_that_failed_stays_failed()
    {
        var made = Sealed.Make(Sealed.Random(1000), Chunk);
        using var content = made.Open();
        var bad = (byte[])made.Body.Clone();
        bad[3] ^= 1;
        using var stream = content.OpenStream(new MemoryStream(bad));
        Assert.Throws<SealedContentException>(() => stream.ReadByte());
        Assert.Throws<SealedContentException>(() => stream.ReadByte());
    }

    [Fact]
    public void Random_damage_to_headers_never_throws()
    {
        var block = Sealed.Make(Sealed.Random(10), Chunk).Header.Encode();
        var random = new Random(71);
        for (var i = 0; i < 50_000; i++)
        {
            var bad = (byte[])block.Clone();
            for (var edits = random.Next(1, 5); edits > 0; edits--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            _ = SealedHeader.TryDecode(bad.AsSpan(0, random.Next(bad.Length + 1)), out _);
        }
    }
}
