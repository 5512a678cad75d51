using Sojourn.Cryptography.Identity;
using Sojourn.Primitives;
using Sojourn.Primitives.Ipld;
using Sojourn.Protocol.Policies;
using Xunit;
using static Sojourn.Protocol.Tests.Policies.PolicySamples;

namespace Sojourn.Protocol.Tests.Policies;

public sealed class PolicyCodecTests
{
    [Fact]
    public void Policies_survive_the_way()
    {
        foreach (var policy in new OwnerPolicy[] { Data, Alone, App, App with { Code = [] }, Data with { Replaces = Code, Revision = 2, Pool = null } })
        {
            var signed = Sign(policy);
            Assert.Equal(PolicyFault.None, SignedPolicy.TryDecode(signed.Block.Span, out var read));
            Assert.Equal(policy, read!.Policy);
            Assert.Equal(signed.Cid, read.Cid);
            Assert.Equal(signed.Body, read.Body);
            Assert.Equal(PolicyFault.None, PolicyCodec.TryDecode(PolicyCodec.Encode(policy), out var bare));
            Assert.Equal(policy, bare);
        }
    }

    [Fact]
    public void An_unknown_key_is_refused_at_every_level()
    {
        var tree = (DagMap)DagCbor.Decode(PolicyCodec.Encode(Data));
        var places = 0;
        Visit(tree, [], bad =>
        {
            places++;
            var fault = PolicyCodec.TryDecode(DagCbor.Encode(bad), out _);
            Assert.True(fault is PolicyFault.UnknownKey, fault.ToString());
        });
        Assert.InRange(places, 8, 100);
    }

    [Fact]
    public void A_missing_key_is_refused()
    {
        var tree = (DagMap)DagCbor.Decode(PolicyCodec.Encode(Data));
        foreach (var entry in tree.Entries.Where(entry => entry.Key is not ("pool" or "replaces")))
        {
            var bad = Map(tree.Entries.Where(e => e.Key != entry.Key));
            Assert.Equal(PolicyFault.Malformed, PolicyCodec.TryDecode(DagCbor.Encode(bad), out _));
        }
    }

    [Fact]
    public void Only_the_owner_signs()
    {
        Assert.Throws<ArgumentException>(() => SignedPolicy.Sign(Data, Identity(2)));
        var forged = Forge(Data with { Owner = Identity(2).Address }, Sign(Data));
        Assert.Contains(SignedPolicy.TryDecode(forged, out _), new[] { PolicyFault.NotSignedByOwner, PolicyFault.BadSignature });
    }

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        var block = Sign(Data).Block.ToArray();
        for (var i = 0; i < block.Length; i++)
        {
            var bad = (byte[])block.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            Assert.NotEqual(PolicyFault.None, SignedPolicy.TryDecode(bad, out _));
        }
    }

    [Fact]
    public void Random_damage_never_throws()
    {
        var block = Sign(Data).Block.ToArray();
        var body = PolicyCodec.Encode(Data);
        var random = new Random(77);
        for (var i = 0; i < 20_000; i++)
        {
            var bad = (byte[])(i % 2 == 0 ? block : body).Clone();
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            _ = i % 2 == 0 ? SignedPolicy.TryDecode(bad, out _) : PolicyCodec.TryDecode(bad, out _);
        }
    }

    [Fact]
    public void Values_that_contradict_are_refused()
    {
        foreach (var bad in new OwnerPolicy[]
                 {
                     Data with { Title = "" },
                     Data with { NotAfter = Data.NotBefore },
                     Data with { Revision = 0 },
                     Data with { Owner = Address.Zero },
                     Data with { Limits = new UseLimits { PeriodUses = 1 } },
                     Data with { Limits = new UseLimits { Uses = -1 } },
                     Data with { Output = new OutputRule() },
                     Data with { Pool = new PoolRule { Members = [Requester], MembersMin = 2 } },
                     Data with { Pool = new PoolRule { Members = [Requester, Requester] } },
                     Data with { Price = new PriceRule { Shares = [new PayShare(Requester, 0)] } },
                     Data with { Price = new PriceRule { Shares = [new PayShare(Requester, 1)] } },
                 })
        {
            Assert.NotNull(bad.Fault());
            Assert.Equal(PolicyFault.InvalidValue, PolicyCodec.TryDecode(PolicyCodec.Encode(bad), out _));
        }
    }

    [Fact]
    public void Consent_is_signed_counted_and_withdrawn()
    {
        var policy = Sign(Data);
        var consents = new[]
        {
            PoolConsent.Sign(policy.Cid, Code, granted: true, 1, Identity(3)),
            PoolConsent.Sign(policy.Cid, Code, granted: true, 1, Identity(4)),
            PoolConsent.Sign(policy.Cid, Code, granted: false, 2, Identity(4)),
            PoolConsent.Sign(policy.Cid, Code, granted: true, 1, Identity(4)),
            PoolConsent.Sign(policy.Cid, Code, granted: true, 1, Identity(9)),
            PoolConsent.Sign(Code, Code, granted: true, 1, Identity(5)),
        };
        Assert.Equal([Identity(3).Address], PoolConsents.Standing(policy, consents).Keys);
        Assert.Equal([Identity(3).Address], PoolConsents.Standing(policy, consents.Reverse()).Keys);
        foreach (var consent in consents)
        {
            Assert.Equal(PolicyFault.None, PoolConsent.TryDecode(consent.Encode(), out var read));
            Assert.Equal(consent.Encode(), read!.Encode());
        }

        var bytes = consents[0].Encode();
        for (var i = 0; i < bytes.Length; i++)
        {
            var bad = (byte[])bytes.Clone();
            bad[i] ^= 1;
            Assert.NotEqual(PolicyFault.None, PoolConsent.TryDecode(bad, out _));
        }
    }

    [Fact]
    public void Explanations_say_what_it_costs_to_break_and_hide_nothing()
    {
        var parts = PolicyExplainer.Explain(Data, new MarketFacts(21, 1000, 500));
        var all = string.Join("\n", parts.SelectMany(part => part.Lines));
        Assert.Contains("15 of 21", all, StringComparison.Ordinal);
        Assert.Contains("15000", all, StringComparison.Ordinal);
        Assert.Contains("at most 40960 bytes", all, StringComparison.Ordinal);
        Assert.Contains(Code.ToString(), all, StringComparison.Ordinal);
        var simulated = Data with { Proof = Data.Proof with { Level = Sojourn.Attestation.TrustLevel.Simulated } };
        Assert.Contains("To read the content: nothing", string.Join("\n", PolicyExplainer.Explain(simulated).SelectMany(part => part.Lines)), StringComparison.Ordinal);
        Assert.NotEmpty(PolicyExplainer.Explain(App));
    }

    private static byte[] Forge(OwnerPolicy policy, SignedPolicy other)
    {
        var tree = (DagMap)DagCbor.Decode(other.Block.Span);
        var body = DagCbor.Decode(PolicyCodec.Encode(policy));
        return DagCbor.Encode(Map(tree.Entries.Select(entry => entry.Key == "policy" ? new(entry.Key, body) : entry)));
    }

    private static void Visit(DagMap map, List<string> path, Action<DagMap> tryTree)
    {
        tryTree(Map(map.Entries.Append(new("zz-unknown", DagNull.Instance))));
        foreach (var entry in map.Entries)
        {
            if (entry.Value is DagMap inner && entry.Key != "values")
            {
                Visit(inner, [.. path, entry.Key], bad => tryTree(Map(map.Entries.Select(e => e.Key == entry.Key ? new(e.Key, bad) : e))));
            }
            else if (entry.Value is DagList list && list.Items.Length > 0 && list.Items[0] is DagMap first)
            {
                Visit(first, [.. path, entry.Key], bad => tryTree(Map(map.Entries.Select(e => e.Key == entry.Key ? new(e.Key, new DagList([bad, .. list.Items.Skip(1)])) : e))));
            }
        }
    }

    private static DagMap Map(IEnumerable<KeyValuePair<string, DagValue>> entries)
    {
        Assert.True(DagMap.TryCreate(entries, out var map));
        return map;
    }
}
