using Sojourn.Jobs.Tests.Keeping;
using Sojourn.Node.Journal;
using Sojourn.Primitives;
using Sojourn.Protocol.State;

namespace Sojourn.Jobs.Tests.Journal;

/// <summary>What a node promised is known again after any end, and nothing that was not kept is.</summary>
public sealed class PromiseLogTests : IDisposable
{
    private static readonly Digest Job = Digest.Of("job"u8);
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-promises-").FullName;

    private string File => Path.Combine(_folder, "promises", "log");

    [Fact]
    public async Task What_was_kept_is_known_again_and_what_was_forgotten_is_not()
    {
        using (var log = PromiseLog.Open(_folder))
        {
            await log.KeepAsync(PromiseKind.Votes, Job, 0, "first"u8.ToArray());
            await log.KeepAsync(PromiseKind.Votes, Job, 0, "second"u8.ToArray());
            await log.KeepAsync(PromiseKind.Evidence, Job, 1, default);
            await log.KeepAsync(PromiseKind.Result, Digest.Of("other"u8), 0, "gone"u8.ToArray());
            log.Forget(Digest.Of("other"u8));
            await log.KeepAsync(PromiseKind.Votes, Job, 2, "last"u8.ToArray());
        }

        using var again = PromiseLog.Open(_folder);
        Assert.Equal("second"u8.ToArray(), again.Find(PromiseKind.Votes, Job, 0)!.Value.ToArray());
        Assert.Equal("last"u8.ToArray(), again.Find(PromiseKind.Votes, Job, 2)!.Value.ToArray());
        Assert.NotNull(again.Find(PromiseKind.Evidence, Job, 1));
        Assert.Null(again.Find(PromiseKind.Evidence, Job, 0));
        Assert.Null(again.Find(PromiseKind.Result, Digest.Of("other"u8), 0));
    }

    [Fact]
    public async Task Cut_at_any_byte_the_log_knows_every_promise_that_is_whole()
    {
        using (var log = PromiseLog.Open(_folder))
        {
            for (byte i = 0; i < 3; i++)
            {
                await log.KeepAsync(PromiseKind.Result, Job, i, new byte[] { i, 1, 2 });
            }
        }

        var whole = await System.IO.File.ReadAllBytesAsync(File);
        var each = whole.Length / 3;
        for (var cut = 0; cut <= whole.Length; cut++)
        {
            await System.IO.File.WriteAllBytesAsync(File, whole[..cut]);
            using (var log = PromiseLog.Open(_folder))
            {
                for (byte i = 0; i < 3; i++)
                {
                    Assert.Equal(cut >= each * (i + 1), log.Find(PromiseKind.Result, Job, i) is not null);
                }

                // The next one takes the place of what was torn.
                await log.KeepAsync(PromiseKind.Evidence, Job, 9, default);
            }

            using var again = PromiseLog.Open(_folder);
            Assert.NotNull(again.Find(PromiseKind.Evidence, Job, 9));
        }
    }

    [Fact]
    public async Task A_damaged_promise_before_a_whole_one_is_not_passed_over()
    {
        using (var log = PromiseLog.Open(_folder))
        {
            await log.KeepAsync(PromiseKind.Votes, Job, 0, "votes"u8.ToArray());
            await log.KeepAsync(PromiseKind.Votes, Job, 1, "votes"u8.ToArray());
        }

        var bytes = await System.IO.File.ReadAllBytesAsync(File);
        bytes[20] ^= 1;
        await System.IO.File.WriteAllBytesAsync(File, bytes);
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => PromiseLog.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(int.MaxValue, 1)]
    [InlineData(9 << 20, 1)]
    [InlineData(5000, 1)]
    [InlineData(0, 2)]
    public async Task A_damaged_length_or_two_bad_groups_before_a_whole_one_are_not_passed_over(int length, int bad)
    {
        using (var log = PromiseLog.Open(_folder))
        {
            for (byte i = 0; i < 4; i++)
            {
                await log.KeepAsync(PromiseKind.Votes, Job, i, "votes"u8.ToArray());
            }
        }

        var bytes = await System.IO.File.ReadAllBytesAsync(File);
        var each = bytes.Length / 4;
        for (var i = 1; i <= bad; i++)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan((each * i) + 8), length);
        }

        await System.IO.File.WriteAllBytesAsync(File, bytes);
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => PromiseLog.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_power_cut_that_leaves_the_end_of_a_group_without_its_beginning_is_a_torn_end()
    {
        long before;
        using (var log = PromiseLog.Open(_folder))
        {
            await log.KeepAsync(PromiseKind.Votes, Job, 0, "votes"u8.ToArray());
            await log.KeepAsync(PromiseKind.Votes, Digest.Of("other"u8), 0, "votes"u8.ToArray());
            before = new FileInfo(File).Length;

            // Both in one group: nobody waits for the first.
            log.Forget(Digest.Of("other"u8));
            await log.KeepAsync(PromiseKind.Votes, Job, 1, "votes"u8.ToArray());
        }

        var bytes = await System.IO.File.ReadAllBytesAsync(File);
        for (var at = before; at < bytes.Length; at++)
        {
            var torn = bytes.ToArray();
            torn.AsSpan((int)before, (int)(at - before) + 1).Clear();
            await System.IO.File.WriteAllBytesAsync(File, torn);
            using var log = PromiseLog.Open(_folder);
            Assert.NotNull(log.Find(PromiseKind.Votes, Job, 0));
            Assert.NotNull(log.Find(PromiseKind.Votes, Digest.Of("other"u8), 0));
            Assert.Null(log.Find(PromiseKind.Votes, Job, 1));
        }
    }

    [Fact]
    public async Task Jobs_that_were_closed_meanwhile_are_forgotten_and_open_ones_are_not()
    {
        using var scene = new KeeperScene(Path.Combine(_folder, "scene"));
        var open = await scene.JobAsync([], [], number: 1);
        var closed = await scene.JobAsync([], [], number: 2);
        scene.Ledger.Jobs[closed.Id] = closed with { Phase = JobPhase.Closed };
        using var log = PromiseLog.Open(_folder);
        foreach (var job in new[] { open.Id, closed.Id, Job })
        {
            await log.KeepAsync(PromiseKind.Votes, job, 0, "votes"u8.ToArray());
        }

        await log.ForgetClosedAsync(scene.Ledger, CancellationToken.None);
        Assert.NotNull(log.Find(PromiseKind.Votes, open.Id, 0));
        Assert.NotNull(log.Find(PromiseKind.Votes, Job, 0)); // The ledger does not know it (yet): that says nothing.
        Assert.Null(log.Find(PromiseKind.Votes, closed.Id, 0));
    }

    [Fact]
    public async Task Many_at_once_are_all_kept_and_a_long_log_is_written_anew_without_what_was_forgotten()
    {
        using (var log = PromiseLog.Open(_folder))
        {
            for (var group = 0; group < 12; group++)
            {
                await Task.WhenAll(Enumerable.Range(0, 40).Select(i => log.KeepAsync(PromiseKind.Result, JobOf((group * 40) + i), 0, new byte[12_000])));
                for (var i = 0; i < 40; i++)
                {
                    log.Forget(JobOf((group * 40) + i));
                }
            }

            await Task.WhenAll(Enumerable.Range(0, 40).Select(i => log.KeepAsync(PromiseKind.Votes, Job, (byte)i, new byte[] { (byte)i })));
        }

        Assert.InRange(new FileInfo(File).Length, 1, 5 << 20);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        }

        using var again = PromiseLog.Open(_folder);
        Assert.All(Enumerable.Range(0, 40), i => Assert.Equal(new[] { (byte)i }, again.Find(PromiseKind.Votes, Job, (byte)i)!.Value.ToArray()));
        Assert.Null(again.Find(PromiseKind.Result, JobOf(3), 0));
    }

    [Fact]
    public async Task A_closed_log_refuses()
    {
        var log = PromiseLog.Open(_folder);
        log.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => log.KeepAsync(PromiseKind.Evidence, Job, 0, default));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Digest JobOf(int number) => Digest.Of(BitConverter.GetBytes(number));
}
