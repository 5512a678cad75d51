using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;
using Xunit;

namespace Sojourn.Cryptography.Tests.Custody;

public sealed class ShareSetTests
{
    private static readonly HpkePrivateKey[] Keys = [.. Enumerable.Range(0, 7).Select(i => HpkePrivateKey.Derive(HpkeKem.P256, [.. Enumerable.Repeat((byte)(i + 1), 32)]))];

    private static readonly string[] Names = ["Ada", "Bob", "Cem", "Dua", "Eve", "Fay", "Gus"];

    private static IReadOnlyList<(string, HpkePublicKey)> Custodians(int count) => [.. Enumerable.Range(0, count).Select(i => (Names[i], Keys[i].Public))];

    private static Share Open(ShareSet set, int custodian)
    {
        Assert.Equal(CustodyFault.None, set.TryOpen(Keys[custodian], out var share));
        return share!;
    }

    /// <summary>Every product and inverse against the definition in schoolbook form.</summary>
    [Fact]
    public void The_field_is_the_field()
    {
        for (var a = 0; a < 256; a++)
        {
            for (var b = 0; b < 256; b++)
            {
                Assert.Equal(Schoolbook(a, b), GaloisField.Multiply((byte)a, (byte)b));
            }

            Assert.Equal(a == 0 ? 0 : 1, GaloisField.Multiply((byte)a, GaloisField.Invert((byte)a)));
        }
    }

    [Fact]
    public void Any_threshold_of_shares_gives_the_secret_and_fewer_do_not()
    {
        using var secret = SecretKey.Random();
        var set = ShareSet.Split(secret, 3, Custodians(5), Cid.ForRaw("policy"u8));
        Assert.Equal(CustodyFault.None, ShareSet.TryDecode(set.Encode(), out var read));
        var shares = Enumerable.Range(0, 5).Select(i => Open(read!, i)).ToArray();
        for (var mask = 0; mask < 32; mask++)
        {
            var chosen = shares.Where((_, i) => (mask >> i & 1) != 0).ToArray();
            var fault = read!.TryCombine(chosen, out var combined, out var wrong);
            Assert.Empty(wrong);
            if (chosen.Length < 3)
            {
                Assert.Equal(CustodyFault.TooFewShares, fault);
                Assert.Null(combined);
            }
            else
            {
                Assert.Equal(CustodyFault.None, fault);
                Assert.True(secret.FixedTimeEquals(combined!));
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 7)]
    [InlineData(7, 7)]
    public void Edges_of_the_threshold(int threshold, int count)
    {
        using var secret = SecretKey.Random(1024);
        var set = ShareSet.Split(secret, threshold, Custodians(count));
        Assert.Equal(CustodyFault.None, set.TryCombine([.. Enumerable.Range(count - threshold, threshold).Select(i => Open(set, i))], out var combined, out _));
        Assert.True(secret.FixedTimeEquals(combined!));
    }

    [Fact]
    public void A_wrong_share_is_known_by_its_holders_name()
    {
        using var secret = SecretKey.Random();
        var set = ShareSet.Split(secret, 2, Custodians(4));
        using var junk = SecretKey.Random();
        var lie = Share.Received(set.Id, 3, junk.Copy());
        Assert.Equal(CustodyFault.WrongShare, set.TryCombine([Open(set, 0), lie], out _, out var wrong));
        Assert.Equal("Cem", Assert.Single(wrong));

        // With enough good shares the secret comes back, and the liar is still named.
        Assert.Equal(CustodyFault.None, set.TryCombine([Open(set, 0), lie, Open(set, 3)], out var combined, out wrong));
        Assert.Equal("Cem", Assert.Single(wrong));
        Assert.True(secret.FixedTimeEquals(combined!));

        // A share handed in twice counts once.
        Assert.Equal(CustodyFault.TooFewShares, set.TryCombine([Open(set, 0), Open(set, 0)], out _, out _));
    }

    [Fact]
    public void Shares_are_refreshed_and_old_ones_do_not_mix_in()
    {
        using var secret = SecretKey.Random();
        var first = ShareSet.Split(secret, 2, Custodians(4));
        Assert.Equal(CustodyFault.None, first.TryRefresh([Open(first, 0), Open(first, 1)], 3, Custodians(5), out var second, out _));
        Assert.Equal(1, second!.Epoch);
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(CustodyFault.OtherSet, second.TryCombine([Open(first, 0), Open(first, 1), Open(first, 2)], out _, out _));
        Assert.Equal(CustodyFault.WrongShare, second.TryCombine([Relabel(first, second, 0), Open(second, 1), Open(second, 2)], out _, out var wrong));
        Assert.Equal("Ada", Assert.Single(wrong));
        Assert.Equal(CustodyFault.None, second.TryCombine([Open(second, 0), Open(second, 4), Open(second, 2)], out var combined, out _));
        Assert.True(secret.FixedTimeEquals(combined!));
    }

    [Fact]
    public void Shares_of_unequal_length_are_a_reason_and_never_a_crash()
    {
        // A dealer that commits to whatever it likes: the commitments hold, the shares do not fit together.
        using var secret = SecretKey.Random();
        var set = ShareSet.Split(secret, 2, Custodians(2));
        foreach (var length in new[] { 16, 31, 33, 64 })
        {
            using var odd = SecretKey.Random(length);
            var bytes = set.Encode();
            var commitment = ShareSet.CommitmentOf(set.Id, 2, odd);
            var at = bytes.AsSpan().IndexOf(set.Custodians[1].Commitment.AsSpan());
            commitment.AsSpan().CopyTo(bytes.AsSpan(at));
            Assert.Equal(CustodyFault.None, ShareSet.TryDecode(bytes, out var lie));
            Assert.Equal(CustodyFault.WrongSecret, lie!.TryCombine([Open(set, 0), Share.Received(set.Id, 2, odd.Copy())], out var combined, out _));
            Assert.Null(combined);
        }
    }

    [Fact]
    public void A_refresh_by_whoever_has_the_key_deals_anew_without_combining()
    {
        using var secret = SecretKey.Random();
        using var other = SecretKey.Random();
        var first = ShareSet.Split(secret, 2, Custodians(3), Cid.ForRaw("policy"u8));
        Assert.Equal(CustodyFault.WrongSecret, first.TryDealAnew(other, 2, Custodians(3), out _));
        Assert.Equal(CustodyFault.None, first.TryDealAnew(secret, 3, Custodians(4), out var second));
        Assert.True(second!.Follows(first));
        Assert.False(first.Follows(second));
        Assert.Equal(first.Policy, second.Policy);
        Assert.Equal(CustodyFault.None, second.TryCombine([Open(second, 0), Open(second, 3), Open(second, 2)], out var combined, out _));
        Assert.True(secret.FixedTimeEquals(combined!));
    }

    [Fact]
    public void One_name_or_one_key_holds_one_share()
    {
        using var secret = SecretKey.Random();
        Assert.Throws<ArgumentException>(() => ShareSet.Split(secret, 2, [("a", Keys[0].Public), ("b", Keys[0].Public)]));
        Assert.Throws<ArgumentException>(() => ShareSet.Split(secret, 2, [("a", Keys[0].Public), ("a", Keys[1].Public)]));
    }

    [Fact]
    public void A_share_is_handed_over_to_the_owner_and_to_nobody_else()
    {
        using var secret = SecretKey.Random();
        var set = ShareSet.Split(secret, 2, Custodians(3));
        using var share = Open(set, 1);
        var bytes = ShareHandOver.Seal(share, Keys[5].Public);
        Assert.Equal(CustodyFault.NotForThisKey, ShareHandOver.TryOpen(Keys[4], bytes, out _));
        Assert.Equal(CustodyFault.None, ShareHandOver.TryOpen(Keys[5], bytes, out var back));
        Assert.Equal(CustodyFault.None, set.TryCombine([back!, Open(set, 2)], out var combined, out _));
        Assert.True(secret.FixedTimeEquals(combined!));
        for (var i = 0; i < bytes.Length; i++)
        {
            var bad = (byte[])bytes.Clone();
            bad[i] ^= 1;
            Assert.NotEqual(CustodyFault.None, ShareHandOver.TryOpen(Keys[5], bad, out _));
            Assert.NotEqual(CustodyFault.None, ShareHandOver.TryOpen(Keys[5], bytes.AsSpan(0, i), out _));
        }
    }

    [Fact]
    public void A_share_opens_for_its_custodian_in_its_set_alone()
    {
        using var secret = SecretKey.Random();
        var set = ShareSet.Split(secret, 2, Custodians(3));
        Assert.Equal(CustodyFault.NotForThisKey, set.TryOpen(Keys[5], out _));
        var bytes = set.Encode();
        var noticed = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var bad = (byte[])bytes.Clone();
            bad[i] ^= 1;
            if (ShareSet.TryDecode(bad, out var read) != CustodyFault.None)
            {
                noticed++;
                continue;
            }

            var opened = Enumerable.Range(0, 3).Select(c => read!.TryOpen(Keys[c], out var share) == CustodyFault.None ? share : null).OfType<Share>().ToArray();
            noticed += opened.Length < 3 || read!.TryCombine(opened, out _, out _) != CustodyFault.None ? 1 : 0;
        }

        // Names are labels for people: three letters each may change unnoticed here; policies name custodians by key.
        Assert.InRange(bytes.Length - noticed, 0, 9);
    }

    [Fact]
    public void Random_damage_never_throws()
    {
        using var secret = SecretKey.Random();
        var bytes = ShareSet.Split(secret, 2, Custodians(3)).Encode();
        var random = new Random(91);
        for (var i = 0; i < 20_000; i++)
        {
            var bad = (byte[])bytes.Clone();
            bad[random.Next(bad.Length)] = (byte)random.Next(256);
            bad[random.Next(bad.Length)] = (byte)random.Next(256);
            _ = ShareSet.TryDecode(bad.AsSpan(0, random.Next(bad.Length + 1)), out _);
        }
    }

    /// <summary>One share of two is uniform whatever the secret: each value of its first byte comes about equally often.</summary>
    [Fact]
    public void A_share_below_the_threshold_tells_nothing()
    {
        foreach (byte fixedByte in new byte[] { 0, 0xFF })
        {
            var counts = new int[16];
            using var secret = SecretKey.CopyOf(Enumerable.Repeat(fixedByte, 1024).ToArray());
            for (var i = 0; i < 8; i++)
            {
                foreach (var share in ShareSet.Deal(secret, 2, 2))
                {
                    using var lease = share.Lend();
                    foreach (var value in lease.Span)
                    {
                        counts[value >> 4]++;
                    }
                }
            }

            // 16,384 draws into 16 cells: 1,024 each, standard deviation 31.
            Assert.All(counts, count => Assert.InRange(count, 1024 - 250, 1024 + 250));
        }
    }

    private static Share Relabel(ShareSet from, ShareSet to, int custodian)
    {
        using var old = Open(from, custodian);
        return Share.Received(to.Id, custodian + 1, old.Export());
    }

    private static int Schoolbook(int a, int b)
    {
        var product = 0;
        for (var i = 0; i < 8; i++)
        {
            if ((b >> i & 1) != 0)
            {
                product ^= a << i;
            }
        }

        for (var i = 14; i >= 8; i--)
        {
            if ((product >> i & 1) != 0)
            {
                product ^= 0x11B << (i - 8);
            }
        }

        return product;
    }
}
