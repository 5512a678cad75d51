using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Secrets;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Releases;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.Independent;

/// <summary>Everything else that owners, keepers and custodians write, read by the program that was written from the normative text alone: shares, releases, refreshes, policies, consents, counts of uses.</summary>
public sealed class OwnersRecordsTests : IDisposable
{
    private static readonly Cid Policy = Cid.ForDagCbor([0xA0]);
    private readonly HpkePrivateKey[] custodians = [.. Enumerable.Range(0, 4).Select(_ => HpkePrivateKey.Generate())];
    private readonly HpkePrivateKey enclave = HpkePrivateKey.Generate();
    private readonly SecretKey secret = SecretKey.Random();
    private readonly ShareSet set;

    public OwnersRecordsTests() => set = ShareSet.Split(secret, 3, [.. custodians.Select((key, i) => ($"custodian {i}", key.Public))], Policy);

    [ToolFact("node")]
    public void It_opens_shares_and_finds_the_secret()
    {
        var answer = IndependentReaderTests.Ask(new JsonObject { ["action"] = "secretOf", ["record"] = Hex.Of(set.Encode()), ["privateKeys"] = Keys() });
        Assert.Equal(Bytes(secret), answer.GetProperty("secret").GetString());
        var damaged = set.Encode();
        damaged[damaged.AsSpan().IndexOf(set.SecretCommitment.AsSpan())] ^= 1;
        Assert.True(IndependentReaderTests.Ask(new JsonObject { ["action"] = "secretOf", ["record"] = Hex.Of(damaged), ["privateKeys"] = Keys() }).TryGetProperty("refused", out _));
    }

    [ToolFact("node")]
    public void It_opens_what_keepers_and_custodians_release_as_an_enclave_does()
    {
        var (job, admission, content) = (Digest.Of("job"u8), Digest.Of("admission"u8), Cid.ForRaw("content"u8));
        var info = KeyWrap.Info(job, admission, Policy, content);
        JsonObject Request(params byte[][] releases) => new()
        {
            ["action"] = "released", ["releases"] = new JsonArray([.. releases.Select(release => (JsonNode)Hex.Of(release))]), ["enclaveKey"] = Bytes(enclave), ["job"] = Hex.Of(job.AsSpan()),
            ["admission"] = Hex.Of(admission.AsSpan()), ["policy"] = Hex.Of(Policy.Bytes), ["content"] = Hex.Of(content.Bytes),
        };
        Assert.Equal(Bytes(secret), IndependentReaderTests.Ask(Request(KeyWrap.WrapWithoutGrant(enclave.Public, info, secret))).GetProperty("secret").GetString());

        var record = set.WithoutShares().Encode();
        var releases = custodians.Take(3).Select((key, i) =>
        {
            Assert.Equal(CustodyFault.None, set.TryOpen(key, out var share));
            using (share)
            using (var value = share!.Export())
            {
                var own = new ProtocolHash("sojourn/share-release/1").Add(new Digest(info)).Add(Digest.Of(record)).Add((ulong)(i + 1)).Finish().ToArray();
                var made = new CborWriter(CborProfile.DagCbor).BeginArray().WriteText("sojourn/share-release/1").WriteBytes(record).WriteInteger(i + 1).WriteBytes(Hpke.SealKey(enclave.Public, own, [], value)).EndArray().ToArray();

                // What the code reads is what the other reader is shown.
                Assert.Equal(CustodyFault.None, ShareRelease.TryDecode(made, out var read));
                Assert.Equal(HpkeFault.None, read!.Open(enclave, info, out _));
                return made;
            }
        }).ToArray();
        Assert.Equal(Bytes(secret), IndependentReaderTests.Ask(Request(releases)).GetProperty("secret").GetString());
        releases[1][^1] ^= 1;
        Assert.True(IndependentReaderTests.Ask(Request(releases)).TryGetProperty("refused", out _));
    }

    [ToolFact("node")]
    public void It_opens_a_share_that_was_handed_over()
    {
        using var owner = HpkePrivateKey.Generate();
        Assert.Equal(CustodyFault.None, set.TryOpen(custodians[1], out var share));
        using (share)
        using (var value = share!.Export())
        {
            var answer = IndependentReaderTests.Ask(new JsonObject { ["action"] = "handedOver", ["handOver"] = Hex.Of(ShareHandOver.Seal(share, owner.Public)), ["privateKey"] = Bytes(owner) });
            Assert.Equal((2, Bytes(value)), (answer.GetProperty("index").GetInt32(), answer.GetProperty("value").GetString()));
        }
    }

    [ToolFact("node")]
    public void It_refreshes_shares_as_we_do()
    {
        var dealings = custodians.Select(key => ShareDealing.TryMake(set, key, out var dealing) == CustodyFault.None ? dealing! : throw new InvalidOperationException()).ToArray();
        var words = custodians.Select(key => ShareRefresh.TryTake(set, key, dealings, out var word, out _) == CustodyFault.None ? word! : throw new InvalidOperationException()).ToArray();
        JsonObject Take(IEnumerable<ShareDealing> taken, int by) => new()
        {
            ["action"] = "takeDealings", ["record"] = Hex.Of(set.Encode()), ["dealings"] = new JsonArray([.. taken.Select(dealing => (JsonNode)Hex.Of(dealing.Encode()))]), ["privateKey"] = Bytes(custodians[by]),
        };
        for (var i = 0; i < custodians.Length; i++)
        {
            var answer = IndependentReaderTests.Ask(Take(dealings.Reverse(), i));
            Assert.Equal((Hex.Of(words[i].Set.AsSpan()), Hex.Of(words[i].Commitment.AsSpan())), (answer.GetProperty("next").GetString(), answer.GetProperty("commitment").GetString()));
            var word = IndependentReaderTests.Ask(new JsonObject { ["action"] = "checkWord", ["record"] = Hex.Of(set.Encode()), ["word"] = Hex.Of(words[i].Encode()), ["privateKey"] = Bytes(custodians[(i + 1) % 4]) });
            Assert.Equal(Hex.Of(words[i].Commitment.AsSpan()), word.GetProperty("commitment").GetString());
        }

        Assert.Equal(CustodyFault.None, ShareRefresh.TryAdopt(set, custodians[0], words, out var next, out _));
        var found = IndependentReaderTests.Ask(new JsonObject { ["action"] = "secretOf", ["record"] = Hex.Of(next!.Encode()), ["privateKeys"] = Keys() });
        Assert.Equal((Bytes(secret), 1), (found.GetProperty("secret").GetString(), found.GetProperty("epoch").GetInt32()));

        // A word under another's commitment is refused there, too.
        var forged = words[1].Encode();
        forged[forged.AsSpan().IndexOf(words[1].Commitment.AsSpan())] ^= 1;
        Assert.True(IndependentReaderTests.Ask(new JsonObject { ["action"] = "checkWord", ["record"] = Hex.Of(set.Encode()), ["word"] = Hex.Of(forged), ["privateKey"] = Bytes(custodians[0]) }).TryGetProperty("refused", out _));
    }

    [ToolFact("node")]
    public void It_reads_signed_policies_and_members_words()
    {
        using var owner = Secp256k1Identity.Generate();
        using var member = Secp256k1Identity.Generate();
        var data = new DataPolicy
        {
            Title = "records é", Owner = owner.Address, NotBefore = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), NotAfter = DateTimeOffset.FromUnixTimeSeconds(1_900_000_000), AnyRequester = true,
            Code = [Policy], Limits = new UseLimits { Uses = 9, Draws = 20, Period = TimeSpan.FromDays(7), PeriodUses = 2, PeriodOutputBytes = 1 << 20 },
            Proof = new ProofRequirement { Regions = ["eu", "ch"], AnyMeasurement = true }, Output = new OutputRule { AnyRecipient = true },
            Price = new PriceRule { PerUse = 12 }, Pool = new PoolRule { Members = [owner.Address, member.Address], MembersMin = 2 },
        };
        foreach (var policy in new OwnerPolicy[]
        {
            data, data with { Pool = null, Price = new PriceRule { PerUse = 100, Shares = [new PayShare(owner.Address, 2), new PayShare(member.Address, 1)] }, Replaces = Policy, Revision = 2 },
            new AppPolicy { Title = "app", Owner = owner.Address, NotBefore = data.NotBefore, NotAfter = data.NotAfter, AnyRequester = true, Code = [Policy] },
        })
        {
            var signed = SignedPolicy.Sign(policy, owner);
            var answer = IndependentReaderTests.Ask(new JsonObject { ["action"] = "policy", ["block"] = Hex.Of(signed.Block.Span) });
            Assert.False(answer.TryGetProperty("refused", out var why), why.ToString());
            Assert.Equal((Hex.Of(owner.Address.AsSpan()), signed.Cid.ToString(), signed.Body.ToString()), (answer.GetProperty("owner").GetString(), answer.GetProperty("cid").GetString(), answer.GetProperty("body").GetString()));
            Assert.Equal(policy.Title, answer.GetProperty("title").GetString());
            Assert.Equal(policy.Price.PerUse.ToString(), answer.GetProperty("price").GetString());
            Assert.Equal(policy.Price.Shares.Select(share => share.Parts), answer.GetProperty("shares").EnumerateArray().Select(share => share.GetProperty("parts").GetInt32()));
            if (policy is DataPolicy { Pool: not null })
            {
                Assert.Equal(2, answer.GetProperty("pool").GetProperty("least").GetInt32());
                Assert.Equal(7 * 86_400, answer.GetProperty("limits").GetProperty("period").GetInt32());
                Assert.Equal(1 << 20, answer.GetProperty("limits").GetProperty("periodBytes").GetInt32());
            }

            var bad = signed.Block.ToArray();
            bad[bad.AsSpan().IndexOf("title"u8) + 7] ^= 1;
            Assert.True(IndependentReaderTests.Ask(new JsonObject { ["action"] = "policy", ["block"] = Hex.Of(bad) }).TryGetProperty("refused", out _));
        }

        foreach (var granted in new[] { true, false })
        {
            var word = PoolConsent.Sign(Policy, Cid.ForRaw("records"u8), granted, 7, member).Encode();
            var answer = IndependentReaderTests.Ask(new JsonObject { ["action"] = "consent", ["word"] = Hex.Of(word) });
            Assert.Equal((Hex.Of(member.Address.AsSpan()), granted, 7), (answer.GetProperty("member").GetString(), answer.GetProperty("granted").GetBoolean(), answer.GetProperty("number").GetInt32()));
            word[^10] ^= 1;
            Assert.True(IndependentReaderTests.Ask(new JsonObject { ["action"] = "consent", ["word"] = Hex.Of(word) }).TryGetProperty("refused", out _));
        }
    }

    [ToolFact("node")]
    public void It_counts_uses_of_a_period_as_a_keeper_does()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "uses.log");
        var now = new DateTimeOffset(2030, 1, 8, 12, 0, 0, TimeSpan.Zero);
        var (offer, own) = (Digest.Of("offer"u8), Digest.Of("own"u8));
        UseCounts counts;
        using (var uses = new UseLedger(file))
        {
            foreach (var (job, hours, bytes) in new[] { ("a", 200, 5), ("b", 100, 7), ("b", 1, 7), ("c", 2, 11), ("own", 0, 100), ("d", -3, 13) })
            {
                uses.Record(new CountedUse(now.AddHours(-hours), Digest.Of(System.Text.Encoding.ASCII.GetBytes(hours + "offer")), Digest.Of(System.Text.Encoding.ASCII.GetBytes(job)), Policy, Policy, bytes));
            }

            uses.Record(new CountedUse(now, offer, Digest.Of("e"u8), Policy, Cid.ForRaw("another policy"u8), 1000));
            counts = uses.Counts(Policy, own, now, TimeSpan.FromDays(5));
        }

        var answer = IndependentReaderTests.Ask(new JsonObject
        {
            ["action"] = "budget", ["lines"] = new JsonArray([.. File.ReadAllLines(file).Select(line => (JsonNode)line)]), ["policy"] = Policy.ToString(), ["now"] = now.ToUnixTimeMilliseconds(),
            ["period"] = (long)TimeSpan.FromDays(5).TotalSeconds, ["job"] = own.ToString(),
        });
        Assert.Equal((4L, 3L, 31L), (counts.Jobs, counts.PeriodJobs, counts.PeriodOutputBytes));
        Assert.Equal((counts.Jobs, counts.PeriodJobs, counts.PeriodOutputBytes), (answer.GetProperty("jobs").GetInt64(), answer.GetProperty("periodJobs").GetInt64(), answer.GetProperty("periodBytes").GetInt64()));
    }

    public void Dispose()
    {
        secret.Dispose();
        enclave.Dispose();
        foreach (var key in custodians)
        {
            key.Dispose();
        }
    }

    private JsonArray Keys() => new([.. custodians.Select(key => (JsonNode)Bytes(key))]);

    private static string Bytes(SecretKey key)
    {
        using var lease = key.Lend();
        return Hex.Of(lease.Span);
    }

    private static string Bytes(HpkePrivateKey key)
    {
        using var scalar = key.ExportScalar();
        return Bytes(scalar);
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("sojourn-uses-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
