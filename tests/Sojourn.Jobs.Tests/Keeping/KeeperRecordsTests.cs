using Sojourn.Hosting.DropBox;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;

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
        var (offer, first, second) = (Digest.Of("offer"u8), Digest.Of("1"u8), Digest.Of("2"u8));
        using (var uses = new UseLedger(path))
        {
            uses.Record(offer, first, DateTimeOffset.UnixEpoch, Cid.ForRaw("spec"u8));
            uses.Record(offer, first, DateTimeOffset.UnixEpoch, Cid.ForRaw("spec"u8));
        }

        File.AppendAllText(path, $"1970-01-01T00:00:00.0000000Z {offer} {second.ToString()[..20]}");
        using var again = new UseLedger(path);
        Assert.True(again.Knows(offer, first));
        Assert.False(again.Knows(offer, second));
        Assert.Equal(1, again.JobsBefore(offer, second));
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
