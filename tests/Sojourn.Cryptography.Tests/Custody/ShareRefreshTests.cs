using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Xunit;

namespace Sojourn.Cryptography.Tests.Custody;

/// <summary>Custodians refresh their shares among themselves: the secret stays, old shares fit no new ones, and whoever deals wrongly is named.</summary>
public sealed class ShareRefreshTests : IDisposable
{
    private static readonly string[] Names = ["Ada", "Bob", "Cem", "Dora", "Emil"];
    private readonly HpkePrivateKey[] keys = [.. Names.Select(_ => HpkePrivateKey.Generate())];
    private readonly SecretKey secret = SecretKey.Random();
    private readonly ShareSet set;

    public ShareRefreshTests() => set = ShareSet.Split(secret, 3, [.. Names.Select((name, i) => (name, keys[i].Public))], Cid.ForRaw("policy"u8));

    [Fact]
    public void Every_share_changes_and_the_secret_does_not()
    {
        var first = set;
        for (var epoch = 1; epoch <= 3; epoch++)
        {
            var next = Refresh(first, 5);
            Assert.Equal((epoch, first.Policy, first.Threshold, set.Id), (next.Epoch, next.Policy, next.Threshold, next.Origin));
            Assert.NotEqual(first.Id, next.Id);
            foreach (var holders in new int[][] { [0, 1, 2], [4, 2, 0], [1, 3, 4], [0, 1, 2, 3, 4] })
            {
                var shares = holders.Select(i => Open(next, i)).ToList();
                Assert.Equal(CustodyFault.None, next.TryCombine(shares, out var combined, out var wrong));
                using (combined)
                {
                    Assert.True(combined!.FixedTimeEquals(secret) && wrong.IsEmpty);
                }

                shares.ForEach(share => share.Dispose());
            }

            for (var i = 0; i < keys.Length; i++)
            {
                Assert.NotEqual(BytesOf(first, i), BytesOf(next, i));
            }

            first = next;
        }
    }

    [Fact]
    public void Old_shares_fit_no_new_ones()
    {
        var next = Refresh(set, 3);

        // Two that leaked before and one that leaks now: of different sets by their ids, of different polynomials whatever ids say.
        Share[] mixed = [Open(set, 0), Open(set, 1), Open(next, 2)];
        Assert.Equal(CustodyFault.OtherSet, next.TryCombine(mixed, out _, out _));
        Share[] relabelled = [Relabelled(set, 0, next.Id), Relabelled(set, 1, next.Id), Open(next, 2)];
        Assert.Equal(CustodyFault.WrongShare, next.TryCombine(relabelled, out _, out var wrong));
        Assert.Equal((string[])["Ada", "Bob"], wrong.ToArray());
        using var forged = ShareSet.Interpolate(relabelled);
        Assert.False(forged.FixedTimeEquals(secret));
    }

    [Fact]
    public void Nothing_that_is_written_down_is_the_secret_or_a_share()
    {
        var dealings = Deal(set, 5);
        var words = dealings.Select(dealing => dealing.Encode()).Concat(Take(set, dealings).Select(share => share.Encode())).Append(Refresh(set, 4).Encode()).ToList();
        using var whole = secret.Lend();
        foreach (var word in words)
        {
            Assert.True(word.AsSpan().IndexOf(whole.Span) < 0);
            for (var i = 0; i < keys.Length; i++)
            {
                Assert.True(word.AsSpan().IndexOf(BytesOf(set, i)) < 0);
            }
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(0, 31)]
    [InlineData(5, 7)]
    public void A_dealing_that_is_not_zero_at_zero_is_known_to_everybody_by_its_dealers_name(int polynomial, int at)
    {
        // The same constant in every value: the dealer would change the secret.
        var lie = Lying(set, 1, (p, _, bytes) => bytes[at] ^= (byte)(p == polynomial ? 0x40 : 0));
        foreach (var key in keys)
        {
            Assert.Equal(CustodyFault.WrongShare, ShareRefresh.TryTake(set, key, [.. Deal(set, 1), lie, .. Deal(set, 3).Skip(2)], out _, out var wrong));
            Assert.Equal((string[])["Bob"], wrong.ToArray());
        }
    }

    [Fact]
    public void A_dealing_of_too_high_a_degree_is_known_to_those_whom_it_reaches()
    {
        // One custodian's value lies beside the polynomial: its share would be lost with the next epoch.
        var lie = Lying(set, 1, (p, j, bytes) => bytes[3] ^= (byte)(p == 0 && j == 4 ? 1 : 0));
        ShareDealing[] dealings = [.. Deal(set, 1), lie, .. Deal(set, 3).Skip(2)];
        Assert.Equal(CustodyFault.WrongShare, ShareRefresh.TryTake(set, keys[3], dealings, out _, out var wrong));
        Assert.Equal((string[])["Bob"], wrong.ToArray());
        Assert.Equal(CustodyFault.None, ShareRefresh.TryTake(set, keys[4], dealings, out _, out _));
    }

    [Fact]
    public void The_proof_of_an_honest_dealing_that_is_written_by_hand_holds()
    {
        ShareDealing[] dealings = [.. Deal(set, 1), Lying(set, 1, (_, _, _) => { }), .. Deal(set, 3).Skip(2)];
        Assert.Equal(CustodyFault.None, ShareRefresh.TryTake(set, keys[0], dealings, out _, out var wrong));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Nobody_deals_in_anothers_name_nor_for_another_epoch_nor_too_few()
    {
        var dealings = Deal(set, 3);
        var forged = Lying(set, 1, (_, _, _) => { }, dealer: keys[4]);
        Assert.Equal(CustodyFault.WrongShare, ShareRefresh.TryTake(set, keys[0], [dealings[0], forged, dealings[2]], out _, out var wrong));
        Assert.Equal((string[])["Bob"], wrong.ToArray());
        var next = Refresh(set, 3);
        Assert.Equal(CustodyFault.OtherSet, ShareRefresh.TryTake(next, keys[0], dealings, out _, out _));
        Assert.Equal(CustodyFault.TooFewShares, ShareRefresh.TryTake(set, keys[0], dealings[..2], out _, out _));
        Assert.Equal(CustodyFault.TooFewShares, ShareRefresh.TryTake(set, keys[0], [dealings[0], dealings[0], dealings[1]], out _, out _));
        using var stranger = HpkePrivateKey.Generate();
        Assert.Equal(CustodyFault.NotForThisKey, ShareRefresh.TryTake(set, stranger, dealings, out _, out _));
        Assert.Equal(CustodyFault.NotForThisKey, ShareDealing.TryMake(set, stranger, out _));
    }

    [Fact]
    public void What_is_not_everybodys_word_is_not_adopted_and_who_is_missing_is_named()
    {
        var dealings = Deal(set, 4);
        var words = Take(set, dealings);
        var others = Take(set, dealings[..3]);
        Assert.Equal(CustodyFault.TooFewShares, ShareRefresh.TryAdopt(set, keys[0], words[..4], out _, out var wrong));
        Assert.Equal((string[])["Emil"], wrong.ToArray());
        Assert.Equal(CustodyFault.TooFewShares, ShareRefresh.TryAdopt(set, keys[0], [.. words[..4], others[4]], out _, out wrong));
        Assert.Equal((string[])["Emil"], wrong.ToArray());

        // A word in another's name, with a commitment of the forger's.
        var bytes = words[1].Encode();
        bytes[bytes.AsSpan().IndexOf(words[1].Commitment.AsSpan())] ^= 1;
        Assert.Equal(CustodyFault.None, RefreshedShare.TryDecode(bytes, out var forged));
        Assert.Equal(CustodyFault.TooFewShares, ShareRefresh.TryAdopt(set, keys[0], [words[0], forged!, .. words[2..]], out _, out wrong));
        Assert.Equal((string[])["Bob"], wrong.ToArray());
    }

    [Fact]
    public void A_custodian_that_commits_to_junk_in_a_refresh_is_named_when_shares_meet()
    {
        var dealings = Deal(set, 3);
        var words = Take(set, dealings);
        using var junk = SecretKey.Random();
        var id = words[0].Set;
        var lie = RefreshedShare.Make(id, 1, 2, ShareSet.CommitmentOf(id, 2, junk), ShareSet.SealShare(keys[1].Public, id, 1, 2, 3, set.Policy, junk), [.. keys.Select(key => key.Public)], keys[1]);
        Assert.Equal(CustodyFault.None, ShareRefresh.TryAdopt(set, keys[0], [words[0], lie, .. words[2..]], out var next, out _));

        // Three with the lie give nothing; a fourth gives the secret, and the name.
        Share[] shares = [Open(next!, 0), Open(next!, 1), Open(next!, 2), Open(next!, 4)];
        Assert.Equal(CustodyFault.WrongSecret, next!.TryCombine(shares[..3], out _, out _));
        Assert.Equal(CustodyFault.None, next.TryCombine(shares, out var combined, out var wrong));
        Assert.Equal((string[])["Bob"], wrong.ToArray());
        Assert.True(combined!.FixedTimeEquals(secret));
        combined.Dispose();
    }

    [Fact]
    public void A_threshold_of_one_cannot_be_refreshed()
    {
        var one = ShareSet.Split(secret, 1, [("Ada", keys[0].Public)]);
        Assert.Equal(CustodyFault.CannotRefresh, ShareDealing.TryMake(one, keys[0], out _));
        Assert.Equal(CustodyFault.CannotRefresh, ShareRefresh.TryTake(one, keys[0], [], out _, out _));
    }

    [Fact]
    public void Damaged_files_are_a_fault_and_never_more()
    {
        var random = new Random(11);
        var dealings = Deal(set, 3);
        var word = Take(set, dealings)[1].Encode();
        var dealing = dealings[1].Encode();
        for (var i = 0; i < 300; i++)
        {
            var bad = Damage(dealing, random, i);
            if (ShareDealing.TryDecode(bad, out var read) == CustodyFault.None && !bad.AsSpan().SequenceEqual(dealing))
            {
                Assert.NotEqual(CustodyFault.None, keys.Select(key => ShareRefresh.TryTake(set, key, [dealings[0], read!, dealings[2]], out _, out _)).Max());
            }

            bad = Damage(word, random, i);
            _ = RefreshedShare.TryDecode(bad, out _);
        }
    }

    public void Dispose()
    {
        secret.Dispose();
        foreach (var key in keys)
        {
            key.Dispose();
        }
    }

    private static byte[] Damage(byte[] bytes, Random random, int i)
    {
        byte[] bad = [.. bytes];
        bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
        return i % 3 == 0 ? bad[..random.Next(bad.Length)] : bad;
    }

    private ShareDealing[] Deal(ShareSet from, int dealers) =>
    [
        .. keys.Take(dealers).Select(key =>
        {
            Assert.Equal(CustodyFault.None, ShareDealing.TryMake(from, key, out var dealing));
            Assert.Equal(CustodyFault.None, ShareDealing.TryDecode(dealing!.Encode(), out var read));
            return read!;
        }),
    ];

    private RefreshedShare[] Take(ShareSet from, ShareDealing[] dealings) =>
    [
        .. keys.Select(key =>
        {
            Assert.Equal(CustodyFault.None, ShareRefresh.TryTake(from, key, dealings, out var refreshed, out _));
            Assert.Equal(CustodyFault.None, RefreshedShare.TryDecode(refreshed!.Encode(), out var read));
            return read!;
        }),
    ];

    private ShareSet Refresh(ShareSet from, int dealers)
    {
        var words = Take(from, Deal(from, dealers));
        ShareSet? first = null;
        foreach (var key in keys)
        {
            Assert.Equal(CustodyFault.None, ShareRefresh.TryAdopt(from, key, words, out var next, out _));
            first ??= next;
            Assert.Equal(first!.Encode(), next!.Encode());
        }

        Assert.Equal(CustodyFault.None, ShareSet.TryDecode(first!.Encode(), out var read));
        return read!;
    }

    private Share Open(ShareSet from, int custodian)
    {
        Assert.Equal(CustodyFault.None, from.TryOpen(keys[custodian], out var share));
        return share!;
    }

    private byte[] BytesOf(ShareSet from, int custodian)
    {
        using var share = Open(from, custodian);
        using var value = share.Export();
        using var lease = value.Lend();
        return lease.Span.ToArray();
    }

    private Share Relabelled(ShareSet from, int custodian, Digest id)
    {
        using var share = Open(from, custodian);
        return Share.Received(id, share.Index, share.Export());
    }

    // A dealing written out by hand from the document, with a lie in it: polynomial, custodian, and the value's bytes.
    private ShareDealing Lying(ShareSet from, int dealerIndex, Action<int, int, byte[]> lie, HpkePrivateKey? dealer = null)
    {
        const int Checks = 16;
        var (k, n, length) = (from.Threshold, from.Custodians.Length, 32);
        var coefficients = Enumerable.Range(0, Checks + 1).Select(_ => RandomNumberGenerator.GetBytes((k - 1) * length)).ToArray();
        byte[] At(byte[] polynomial, int x)
        {
            var value = new byte[length];
            for (var i = 0; i < length; i++)
            {
                byte power = (byte)x;
                for (var c = 0; c < k - 1; c++)
                {
                    value[i] ^= GaloisField.Multiply(polynomial[(c * length) + i], power);
                    power = GaloisField.Multiply(power, (byte)x);
                }
            }

            return value;
        }

        byte[] Place(int j) => [.. from.Id.AsSpan(), 0, 0, 0, (byte)(from.Epoch + 1), (byte)(dealerIndex + 1), (byte)j];
        var values = Enumerable.Range(1, n).Select(j => coefficients.SelectMany((polynomial, p) =>
        {
            var value = At(polynomial, j);
            lie(p, j, value);
            return value;
        }).ToArray()).ToArray();
        byte[] label = [.. "sojourn/share-dealing/1"u8];
        var commitments = values.Select((value, j) => SHA256.HashData([.. label, .. Place(j + 1), .. value])).ToArray();
        var challenge = SHA256.HashData([.. "sojourn/share-challenge/1"u8, .. Place(0), .. commitments.SelectMany(commitment => commitment)]);
        var shown = Enumerable.Range(0, Checks).Select(i => coefficients[i + 1].Select((b, at) => (byte)(b ^ GaloisField.Multiply(coefficients[0][at], challenge[i]))).ToArray()).ToArray();
        var all = SHA256.HashData([.. commitments.SelectMany(commitment => commitment), .. shown.SelectMany(polynomial => polynomial)]);
        var writer = new CborWriter(CborProfile.DagCbor).BeginArray().WriteText("sojourn/share-dealing/1").WriteBytes(from.Id.AsSpan()).WriteInteger(from.Epoch + 1).WriteInteger(dealerIndex + 1).BeginArray();
        foreach (var commitment in commitments)
        {
            writer.WriteBytes(commitment);
        }

        writer.EndArray().BeginArray();
        foreach (var polynomial in shown)
        {
            writer.WriteBytes(polynomial);
        }

        writer.EndArray().BeginArray();
        for (var j = 0; j < n; j++)
        {
            writer.WriteBytes(Hpke.Seal(keys[j].Public, label, [.. Place(j + 1), .. all], values[j], dealer ?? keys[dealerIndex]));
        }

        Assert.Equal(CustodyFault.None, ShareDealing.TryDecode(writer.EndArray().EndArray().ToArray(), out var dealing));
        return dealing!;
    }
}
