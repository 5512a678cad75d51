using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Enclave.Tests.Harness;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave.Tests.Guests;

/// <summary>A key that no keeper holds: custodians' shares meet in the enclave, and those who lie are named.</summary>
public sealed class CustodyTests : IDisposable
{
    private readonly HpkePrivateKey[] _custodians = [HpkePrivateKey.Generate(), HpkePrivateKey.Generate(), HpkePrivateKey.Generate()];
    private readonly Scene _scene = new();
    private readonly Cid _data;
    private readonly ShareSet _set;

    public CustodyTests()
    {
        _scene.Code = _scene.Plain(CopyGuest.Module);
        _data = _scene.SealedData([7, 8, 9]);
        _scene.Spec = new JobSpec { Name = "shared", Inputs = [new JobInput("data", _data, true)] };
        _set = Deal(_scene.PolicyOf(_data));
    }

    public static TheoryData<int[]> Enough => new() { { [0, 1] }, { [1, 2] }, { [0, 2] }, { [0, 1, 2] }, { [2, 1, 0, 0] } };

    [Theory]
    [MemberData(nameof(Enough))]
    public void Enough_shares_open_the_content(int[] custodians)
    {
        var ending = Run(info => [.. custodians.Select(custodian => Honest(_set, custodian, info))]);
        Assert.True(ending.Outcome is not null, ending.Refusal?.Words);
        Assert.Empty(Notices(ending));
    }

    [Fact]
    public void Too_few_do_not()
    {
        foreach (var custodians in new int[][] { [0], [2, 2] })
        {
            var ending = Run(info => [.. custodians.Select(custodian => Honest(_set, custodian, info))]);
            Assert.Equal(FailReason.KeyMissing, ending.Refusal!.Reason);
            Assert.Contains("2 are needed", ending.Refusal.Words, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_custodian_that_lies_is_named_and_does_not_stop_the_others()
    {
        var ending = Run(info => [Honest(_set, 0, info), Lying(_set, 1, info), Honest(_set, 2, info)]);
        Assert.True(ending.Outcome is not null, ending.Refusal?.Words);
        Assert.Contains("'Bob'", Assert.Single(Notices(ending)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_custodian_that_lies_is_named_where_too_few_remain()
    {
        var ending = Run(info => [Honest(_set, 0, info), Lying(_set, 1, info)]);
        Assert.Equal(FailReason.KeyMissing, ending.Refusal!.Reason);
        Assert.Contains("'Bob'", ending.Refusal.Words, StringComparison.Ordinal);
        Assert.DoesNotContain("'Ada'", ending.Refusal.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void Shares_that_come_one_after_another_are_awaited_and_who_lied_is_told_at_once()
    {
        var asked = new List<string>();
        Target target = null!;
        Releases first = null!;
        var ending = new Host(_scene)
        {
            Release = identity =>
            {
                first = Releases(identity, out target, info => [Lying(_set, 1, info), Honest(_set, 2, info)]) with { Final = false };
                return first;
            },
            MoreKeys = words =>
            {
                asked.Add(words);
                return asked.Count == 1 ? first : first with { Keys = first.Keys.Add(new ReleasedKey(_data, Honest(_set, 0, target))), Final = true };
            },
        }.Run();
        Assert.True(ending.Outcome is not null, ending.Refusal?.Words);
        Assert.Equal(2, asked.Count);
        Assert.All(asked, words => Assert.Contains("'Bob'", words, StringComparison.Ordinal));
        Assert.All(asked, words => Assert.DoesNotContain("'Cem'", words, StringComparison.Ordinal));
        Assert.Contains("'Bob'", Assert.Single(Notices(ending)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_brings_nothing_more_is_not_asked_for_ever()
    {
        var asked = 0;
        Releases first = null!;
        var ending = new Host(_scene)
        {
            Release = identity => first = Releases(identity, out _, info => [Honest(_set, 2, info)]) with { Final = false },
            MoreKeys = _ => ++asked > 1000 ? throw new InvalidOperationException("it asks for ever") : first,
        }.Run();
        Assert.Equal(FailReason.KeyMissing, ending.Refusal!.Reason);
        Assert.InRange(asked, 1, 100);
    }

    [Fact]
    public void A_custodian_that_brings_another_record_along_stands_alone()
    {
        // A set of its own, of threshold one, for a key of its own choosing: the header is not authentic under it.
        var mine = SecretKey.Random();
        var forged = ShareSet.Split(mine, 1, [("Bob", _custodians[1].Public)], _scene.PolicyOf(_data));
        var ending = Run(info => [Honest(_set, 0, info), Honest(forged, 1, info), Honest(_set, 2, info)]);
        Assert.True(ending.Outcome is not null, ending.Refusal?.Words);
        Assert.Contains("'Bob'", Assert.Single(Notices(ending)), StringComparison.Ordinal);
        Assert.Equal(FailReason.KeyMissing, Run(info => [Honest(forged, 1, info)]).Refusal!.Reason);
    }

    [Fact]
    public void Whoever_lies_under_anothers_name_is_known_by_its_release()
    {
        // Bob brings a record of his own in which his place is called Ada.
        var mine = SecretKey.Random();
        var framing = ShareSet.Split(mine, 2, [("Cem", _custodians[0].Public), ("Ada", _custodians[1].Public)], _scene.PolicyOf(_data));
        var ending = Run(info => [Honest(_set, 0, info), Honest(_set, 2, info), Lying(framing, 1, info)]);
        Assert.True(ending.Outcome is not null, ending.Refusal?.Words);
        Assert.Contains("(release 3)", Assert.Single(Notices(ending)), StringComparison.Ordinal);
        Assert.DoesNotContain("(release 1)", Assert.Single(Notices(ending)), StringComparison.Ordinal);
    }

    [Fact]
    public void Shares_of_two_epochs_do_not_mix()
    {
        Assert.Equal(CustodyFault.None, _set.TryDealAnew(_scene.KeyOf(_data), 2, Names(), out var next));
        Assert.Equal(FailReason.KeyMissing, Run(info => [Honest(_set, 0, info), Honest(next!, 1, info)]).Refusal!.Reason);
        Assert.NotNull(Run(info => [Honest(next!, 0, info), Honest(next!, 1, info)]).Outcome);
    }

    [Fact]
    public void A_share_for_another_job_enclave_or_policy_is_worth_nothing()
    {
        using var stranger = HpkePrivateKey.Generate();
        var other = Deal(Cid.ForRaw("another policy"u8));
        Assert.Equal(FailReason.KeyMissing, Run(info => [Honest(_set, 0, info), Honest(_set, 1, info with { Job = Digest.Of("another job"u8) })]).Refusal!.Reason);
        Assert.Equal(FailReason.KeyMissing, Run(info => [Honest(_set, 0, info), Honest(_set, 1, info with { Enclave = stranger.Public })]).Refusal!.Reason);
        Assert.Equal(FailReason.KeyMissing, Run(info => [Honest(other, 0, info), Honest(other, 1, info)]).Refusal!.Reason);
    }

    [Fact]
    public void Damaged_shares_are_a_reason_and_never_a_crash()
    {
        var random = new Random(41);
        for (var i = 0; i < 30; i++)
        {
            var ending = Run(info =>
            {
                var bad = Honest(_set, 1, info);
                bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
                return [Honest(_set, 0, info), i % 3 == 0 ? bad[..random.Next(1, bad.Length)] : bad];
            });
            Assert.True(ending.Outcome is null && ending.Refusal is { Reason: FailReason.KeyMissing }, ending.Refusal?.Words ?? "it ran");
        }
    }

    public void Dispose()
    {
        _scene.Dispose();
        foreach (var key in _custodians)
        {
            key.Dispose();
        }
    }

    private sealed record Target(HpkePublicKey Enclave, Digest Job, Digest Admission);

    private IReadOnlyList<(string, HpkePublicKey)> Names() => [("Ada", _custodians[0].Public), ("Bob", _custodians[1].Public), ("Cem", _custodians[2].Public)];

    private ShareSet Deal(Cid policy) => ShareSet.Split(_scene.KeyOf(_data), 2, Names(), policy);

    private Ending Run(Func<Target, byte[][]> shares) => new Host(_scene)
    {
        Release = identity => Releases(identity, out _, shares),
    }.Run();

    private Releases Releases(EnclaveIdentity identity, out Target target, Func<Target, byte[][]> shares)
    {
        var releases = _scene.Release(identity)!;
        Assert.True(HpkePublicKey.TryImport(HpkeKem.P256, identity.HpkeKey.Span, out var enclave));
        target = new Target(enclave!, _scene.Job, releases.Admission);
        return releases with { Keys = [.. shares(target).Select(share => new ReleasedKey(_data, share))] };
    }

    private byte[] Honest(ShareSet set, int custodian, Target target)
    {
        Assert.Equal(CustodyFault.None, set.TryOpen(_custodians[custodian], out var share));
        using (share)
        using (var value = share!.Export())
        {
            return Wrap(set, share.Index, value, target);
        }
    }

    private byte[] Lying(ShareSet set, int custodian, Target target)
    {
        using var junk = SecretKey.Random();
        return Wrap(set, custodian + 1, junk, target);
    }

    // What a keeper makes of its grant, written out by hand: a custodian that lies uses no library of ours.
    private byte[] Wrap(ShareSet set, int index, SecretKey value, Target target)
    {
        var record = set.WithoutShares().Encode();
        var info = KeyWrap.Info(target.Job, target.Admission, _scene.PolicyOf(_data), _data);
        var own = new ProtocolHash("sojourn/share-release/1").Add(new Digest(info)).Add(Digest.Of(record)).Add((ulong)index).Finish().ToArray();
        return new CborWriter(CborProfile.DagCbor).BeginArray().WriteText("sojourn/share-release/1").WriteBytes(record).WriteInteger(index).WriteBytes(Hpke.SealKey(target.Enclave, own, [], value)).EndArray().ToArray();
    }

    private static List<string> Notices(Ending ending)
    {
        var notices = new List<string>();
        for (var at = 0; at < ending.Said.Length;)
        {
            var (type, length) = Frame.ParseHeader(ending.Said.AsSpan(at));
            if (type == MessageType.Notice)
            {
                notices.Add(EnclaveNotice.Decode(ending.Said.AsSpan(at + FrameLimits.HeaderLength, length)).Words);
            }

            at += FrameLimits.HeaderLength + length;
        }

        return notices;
    }
}
