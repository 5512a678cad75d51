using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Hosting.DropBox;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Policies;

namespace Sojourn.Jobs.Tests.Keeping;

/// <summary>What a keeper and a gateway write down, after crashes and meddling.</summary>
public sealed class KeeperRecordsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-records-").FullName;

    [Fact]
    public void A_line_taken_out_of_the_audit_log_is_seen()
    {
        var path = Path.Combine(_folder, "audit.jsonl");
        using (var log = new AuditLog(path))
        {
            for (byte i = 1; i <= 3; i++)
            {
                log.Add(Entry(i));
            }
        }

        Assert.Equal(3, AuditLog.Read(path, out var broken).Count);
        Assert.Equal(0, broken);
        File.WriteAllLines(path, File.ReadAllLines(path).Where((_, i) => i != 1));
        Assert.Equal(2, AuditLog.Read(path, out broken).Count);
        Assert.Equal(2, broken);
    }

    [Fact]
    public void A_torn_last_line_of_the_audit_log_is_dropped_and_the_chain_goes_on()
    {
        var path = Path.Combine(_folder, "audit.jsonl");
        using (var log = new AuditLog(path))
        {
            log.Add(Entry(1));
        }

        File.AppendAllText(path, "{\"at\":\"20");
        using (var log = new AuditLog(path))
        {
            log.Add(Entry(2));
        }

        Assert.Equal(2, AuditLog.Read(path, out var broken).Count);
        Assert.Equal(0, broken);
    }

    [Fact]
    public void A_use_is_counted_once_and_survives_a_torn_line()
    {
        var path = Path.Combine(_folder, "uses.log");
        var (offer, first, second, policy) = (Digest.Of("offer"u8), Digest.Of("1"u8), Digest.Of("2"u8), Cid.ForRaw("policy"u8));
        var use = new CountedUse(DateTimeOffset.UnixEpoch, offer, first, Cid.ForRaw("spec"u8), policy, 100);
        using (var uses = new UseLedger(path))
        {
            uses.Record(use);
            uses.Record(use);
        }

        File.AppendAllText(path, $"1970-01-01T00:00:00.0000000Z {offer} {second.ToString()[..20]}");
        using (var again = new UseLedger(path))
        {
            Assert.True(again.Knows(offer, first));
            Assert.False(again.Knows(offer, second));
            Assert.Equal(new UseCounts(1, 1, 100), again.Counts(policy, second, DateTimeOffset.UnixEpoch.AddHours(1), TimeSpan.FromHours(2)));
            Assert.Equal(new UseCounts(1, 0, 0), again.Counts(policy, second, DateTimeOffset.UnixEpoch.AddHours(2), TimeSpan.FromHours(2)));
            Assert.Equal(default, again.Counts(policy, first, DateTimeOffset.UnixEpoch, null));
            again.Record(use with { Job = second, Offer = Digest.Of("another offer"u8) });
        }

        Assert.Equal(2, File.ReadAllLines(path).Length);
        using var last = new UseLedger(path);
        Assert.Equal(2, last.Counts(policy, Digest.Zero, DateTimeOffset.UnixEpoch, null).Jobs);
    }

    [Fact]
    public void A_use_ledger_with_a_damaged_line_is_not_opened()
    {
        var path = Path.Combine(_folder, "uses.log");
        using (var uses = new UseLedger(path))
        {
            uses.Record(new CountedUse(DateTimeOffset.UnixEpoch, Digest.Of("offer"u8), Digest.Of("1"u8), Cid.ForRaw("spec"u8), Cid.ForRaw("policy"u8), 100));
        }

        File.WriteAllText(path, "what happened here?\n" + File.ReadAllText(path));
        Assert.Contains("line 1", Assert.Throws<InvalidDataException>(() => new UseLedger(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_members_last_word_counts_in_whatever_order_words_come()
    {
        using var member = Sojourn.Hosting.Keys.PartyKeys.Generate("member");
        using var owner = Sojourn.Hosting.Keys.PartyKeys.Generate("owner");
        var signed = SignedPolicy.Sign(
            new DataPolicy
            {
                Title = "pool", Owner = owner.Address, NotBefore = DateTimeOffset.UnixEpoch, NotAfter = DateTimeOffset.UnixEpoch.AddYears(1),
                Output = new OutputRule { Public = true }, Pool = new PoolRule { Members = [member.Address] },
            },
            owner.Identity);
        var records = Cid.ForRaw("records"u8);
        PoolConsent Word(bool granted, ulong number) => PoolConsent.Sign(signed.Cid, records, granted, number, member.Identity);
        var book = new ConsentBook(Path.Combine(_folder, "consents"));
        Assert.Empty(book.Standing(signed));
        Assert.True(book.Add(Word(true, 1)));
        Assert.Single(book.Standing(signed));
        Assert.True(book.Add(Word(false, 1)));
        Assert.False(book.Add(Word(true, 1)));
        Assert.Empty(new ConsentBook(Path.Combine(_folder, "consents")).Standing(signed));
        Assert.True(book.Add(Word(true, 2)));
        Assert.Equal(records, Assert.Single(new ConsentBook(Path.Combine(_folder, "consents")).Standing(signed)).Value);

        // What somebody else wrote into the folder is nobody's word.
        var file = Assert.Single(Directory.GetFiles(Path.Combine(_folder, "consents"), "*", SearchOption.AllDirectories));
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Empty(book.Standing(signed));
    }

    [Fact]
    public void A_later_epochs_share_takes_the_place_of_the_old_one()
    {
        using var custodian = HpkePrivateKey.Generate();
        using var key = SecretKey.Random();
        var (content, policy) = (Cid.ForRaw("content"u8), Cid.ForRaw("policy"u8));
        var first = ShareSet.Split(key, 1, [("a", custodian.Public)], policy);
        Assert.Equal(CustodyFault.None, first.TryDealAnew(key, 1, [("a", custodian.Public)], out var second));
        var book = new CustodyBook(Path.Combine(_folder, "custody"));
        Assert.True(book.Add(content, first));
        Assert.True(book.Add(content, second!));
        Assert.False(book.Add(content, first));
        Assert.Equal(second!.Id, book.Find(content)!.Id);
        Assert.False(book.Add(content, ShareSet.Split(key, 1, [("a", custodian.Public)], Cid.ForRaw("another policy"u8))));
        Assert.True(book.Drop(content));
        Assert.Null(book.Find(content));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "custody")));
    }

    [Fact]
    public void A_revoked_offer_stays_revoked()
    {
        var path = Path.Combine(_folder, "revoked");
        var offer = Digest.Of("offer"u8);
        Assert.False(new RevocationList(path).Contains(offer));
        new RevocationList(path).Add(offer);
        new RevocationList(path).Add(offer);
        Assert.True(new RevocationList(path).Contains(offer));
        Assert.Single(File.ReadAllLines(path));
    }

    [Fact]
    public async Task A_drop_box_keeps_what_it_took_and_takes_nothing_under_another_name()
    {
        var (job, bytes) = (Digest.Of("job"u8), "evidence"u8.ToArray());
        var name = DropNames.Evidence(0, default, Digest.Of(bytes));
        var box = new FileDropBox(_folder);
        await box.PutAsync(job, name, bytes, CancellationToken.None);
        await box.PutAsync(job, name, bytes, CancellationToken.None);
        var fault = await Assert.ThrowsAsync<DropBoxException>(async () => await box.PutAsync(job, name, "other"u8.ToArray(), CancellationToken.None));
        Assert.Equal(DropBoxFault.Misnamed, fault.Fault);
        await File.WriteAllTextAsync(Path.Combine(_folder, job.ToString(), ".torn"), "half");
        var again = await new FileDropBox(_folder).GetAsync(job, name, CancellationToken.None);
        Assert.Equal(bytes, again!.Value.ToArray());
        Assert.Null(await new FileDropBox(_folder).GetAsync(job, "../keys", CancellationToken.None));
        Assert.False(File.Exists(Path.Combine(_folder, job.ToString(), ".torn")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static AuditEntry Entry(byte number) =>
        new(DateTimeOffset.UnixEpoch.AddSeconds(number), "released", Digest.Of([number]), Cid.ForRaw([number]), Digest.Of([number, 1]), default, default, null, "words");
}
