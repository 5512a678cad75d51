using System.Collections.Immutable;
using Sojourn.Hosting.DropBox;
using Sojourn.Jobs.Tests.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Views;

namespace Sojourn.Jobs.Tests.DropBox;

/// <summary>No sender keeps another's objects out of a drop box, or makes it drop them.</summary>
public sealed class UploadRulesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-uploads-").FullName;
    private readonly KeeperScene _scene;

    public UploadRulesTests() => _scene = new KeeperScene(_folder);

    [Fact]
    public async Task Only_a_closed_jobs_box_makes_room()
    {
        var box = new MemoryDropBox();
        var rules = new UploadRules(box, _scene.Ledger);
        var template = await _scene.JobAsync([], []);
        var content = "evidence"u8.ToArray();
        var name = DropNames.Evidence(0, _scene.Node, Digest.Of(content));
        var jobs = Enumerable.Range(0, DropBoxLimits.JobsMax + 1).Select(i => Digest.Of(BitConverter.GetBytes(i))).ToArray();
        for (var i = 0; i < jobs.Length; i++)
        {
            // Many requesters, so that none has too many.
            _scene.Ledger.Jobs[jobs[i]] = template with { Id = jobs[i], Requester = new Address([.. BitConverter.GetBytes(i / 100), .. new byte[16]]) };
        }

        foreach (var job in jobs[..^1])
        {
            await rules.PutAsync(job, name, content, _scene.Node, CancellationToken.None);
        }

        Assert.Equal(DropBoxFault.Full, (await Assert.ThrowsAsync<DropBoxException>(() => rules.PutAsync(jobs[^1], name, content, _scene.Node, CancellationToken.None))).Fault);
        Assert.NotNull(await box.GetAsync(jobs[0], name, CancellationToken.None));

        // One closes: its box makes room, once somebody looked at it.
        _scene.Ledger.Jobs[jobs[7]] = _scene.Ledger.Jobs[jobs[7]] with { Phase = JobPhase.Closed };
        var taken = false;
        for (var i = 0; i < jobs.Length && !taken; i++)
        {
            taken = await Record.ExceptionAsync(() => rules.PutAsync(jobs[^1], name, content, _scene.Node, CancellationToken.None)) is null;
        }

        Assert.True(taken);
        Assert.Null(await box.GetAsync(jobs[7], name, CancellationToken.None));
        Assert.All(jobs.Where(job => job != jobs[7]), job => Assert.NotNull(box.GetAsync(job, name, CancellationToken.None).AsTask().GetAwaiter().GetResult()));
    }

    [Fact]
    public async Task A_box_on_disk_drops_what_it_is_told_to_and_nothing_else()
    {
        var folder = Path.Combine(_folder, "box");
        var (content, first, second) = ("evidence"u8.ToArray(), Digest.Of("first"u8), Digest.Of("second"u8));
        var name = DropNames.Evidence(0, _scene.Node, Digest.Of(content));
        var box = new FileDropBox(folder);
        await box.PutAsync(first, name, content, CancellationToken.None);
        await box.PutAsync(second, name, content, CancellationToken.None);
        Assert.Equal([first, second], box.Jobs());
        box.Remove(first);
        box.Remove(first);
        var again = new FileDropBox(folder);
        Assert.Equal([second], again.Jobs());
        Assert.Null(await again.GetAsync(first, name, CancellationToken.None));
        Assert.NotNull(await again.GetAsync(second, name, CancellationToken.None));
    }

    [Fact]
    public async Task A_requester_has_so_many_boxes_of_open_jobs_and_no_more()
    {
        var rules = new UploadRules(new MemoryDropBox(), _scene.Ledger);
        var template = await _scene.JobAsync([], []);
        var content = "evidence"u8.ToArray();
        var name = DropNames.Evidence(0, _scene.Node, Digest.Of(content));
        var jobs = Enumerable.Range(0, DropBoxLimits.RequesterJobsMax + 1).Select(i => Digest.Of(BitConverter.GetBytes(i))).ToArray();
        foreach (var job in jobs)
        {
            _scene.Ledger.Jobs[job] = template with { Id = job };
        }

        foreach (var job in jobs[..^1])
        {
            await rules.PutAsync(job, name, content, _scene.Node, CancellationToken.None);
        }

        Assert.Equal(DropBoxFault.Full, (await Assert.ThrowsAsync<DropBoxException>(() => rules.PutAsync(jobs[^1], name, content, _scene.Node, CancellationToken.None))).Fault);
        foreach (var job in jobs[..^1])
        {
            _scene.Ledger.Jobs[job] = template with { Id = job, Phase = JobPhase.Closed };
        }

        await rules.PutAsync(jobs[^1], name, content, _scene.Node, CancellationToken.None);
    }

    [Fact]
    public async Task A_closed_job_takes_nothing_and_a_name_is_its_partys()
    {
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy()), "records"u8, _scene.Owner.Sealing.Public);
        var job = await _scene.JobAsync([_scene.Offer(content)], [content]);
        var verifier = _scene.Party("verifier").Address;
        _scene.Ledger.Jobs[job.Id] = job = job with { Rounds = [job.Round with { Verifiers = [new VerifierView(verifier, 1, null)] }] };
        var rules = new UploadRules(new MemoryDropBox(), _scene.Ledger);
        var bytes = "bytes"u8.ToArray();
        var digest = Digest.Of(bytes);
        var (owner, node) = (_scene.Owner.Address, _scene.Node);
        foreach (var (name, account, taken) in new[]
        {
            (DropNames.Evidence(0, node, digest), node, true), (DropNames.Evidence(0, node, digest), verifier, false), (DropNames.Evidence(0, verifier, digest), verifier, false),
            (DropNames.Receipt(0, node, digest), node, true), (DropNames.Receipt(0, node, digest), owner, false),
            (DropNames.WrappedKey(0, node, digest), owner, true), (DropNames.WrappedKey(0, node, digest), node, false), (DropNames.WrappedKey(0, verifier, digest), owner, false),
            (DropNames.Said(0, verifier, 1), verifier, true), (DropNames.Said(0, verifier, 1), node, false), (DropNames.Said(0, owner, 1), owner, false),
            (DropNames.Evidence(0, _scene.Requester.Address, digest), _scene.Requester.Address, false), ("spam-" + digest.ToString()[..32], node, false),
        })
        {
            var refusal = await Record.ExceptionAsync(() => rules.PutAsync(job.Id, name, bytes, account, CancellationToken.None));
            Assert.True(taken == refusal is null, $"{name} of {account}: {refusal?.Message}");
        }

        _scene.Ledger.Jobs[job.Id] = job with { Phase = JobPhase.Closed };
        var late = new UploadRules(new MemoryDropBox(), _scene.Ledger);
        Assert.Equal(DropBoxFault.NotAuthenticated, (await Assert.ThrowsAsync<DropBoxException>(() => late.PutAsync(job.Id, DropNames.Evidence(0, node, digest), bytes, node, CancellationToken.None))).Fault);
    }

    [Fact]
    public async Task One_party_that_leaves_all_it_may_leaves_room_for_the_others()
    {
        var job = await _scene.JobAsync([], []);
        var other = _scene.Party("other").Address;
        var seat = job.Round.Executors[0];
        _scene.Ledger.Jobs[job.Id] = job with { Rounds = [job.Round with { Executors = [seat, seat with { Node = other }] }] };
        var rules = new UploadRules(new MemoryDropBox(), _scene.Ledger);
        var left = 0;
        DropBoxException? full = null;
        for (var i = 0; full is null; i++)
        {
            var bytes = new byte[DropBoxLimits.ObjectBytesMax];
            BitConverter.TryWriteBytes(bytes, i);
            full = await Record.ExceptionAsync(() => rules.PutAsync(job.Id, DropNames.Evidence(0, other, Digest.Of(bytes)), bytes, other, CancellationToken.None)) as DropBoxException;
            left += full is null ? bytes.Length : 0;
        }

        Assert.Equal(DropBoxFault.Full, full.Fault);
        Assert.Equal(DropBoxLimits.PartyBytesMax, left);
        var honest = new byte[DropBoxLimits.ObjectBytesMax];
        honest[^1] = 1;
        await rules.PutAsync(job.Id, DropNames.Evidence(0, _scene.Node, Digest.Of(honest)), honest, _scene.Node, CancellationToken.None);
    }

    public void Dispose()
    {
        _scene.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
