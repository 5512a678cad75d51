using System.Collections.Immutable;
using Sojourn.Content;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Hosting.Keys;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Jobs.Tests.Keeping;

/// <summary>What a keeper releases, and to whom it does not: each clause with a world in which it alone is broken.</summary>
public sealed class ReleaseJudgeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-judge-").FullName;
    private readonly KeeperScene _scene;

    public ReleaseJudgeTests() => _scene = new KeeperScene(_folder);

    [Fact]
    public async Task The_key_goes_to_the_admitted_enclave_and_opens_nowhere_else()
    {
        var (content, key) = _scene.Seal(_scene.Sign(_scene.DataPolicy()), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content);
        var job = await _scene.JobAsync([offer], [content]);
        var decision = await _scene.DecideAsync(_scene.Open(), job, offer);
        Assert.True(decision.Released is not null, decision.Words);
        var admission = job.Round.Executors[0].Admission;
        Assert.Equal(HpkeFault.None, KeyWrap.Open(_scene.Enclave, KeyWrap.Info(job.Id, admission, _scene.PolicyOf(content), content), decision.Released, out var opened));
        using (opened)
        {
            Assert.True(key.FixedTimeEquals(opened!));
        }

        foreach (var info in new[]
        {
            KeyWrap.Info(Digest.Of("another job"u8), admission, _scene.PolicyOf(content), content), KeyWrap.Info(job.Id, Digest.Of("another admission"u8), _scene.PolicyOf(content), content),
            KeyWrap.Info(job.Id, admission, Cid.ForRaw("another policy"u8), content), KeyWrap.Info(job.Id, admission, _scene.PolicyOf(content), Cid.ForRaw("another content"u8)),
        })
        {
            Assert.NotEqual(HpkeFault.None, KeyWrap.Open(_scene.Enclave, info, decision.Released, out _));
        }
    }

    [Fact]
    public void A_grant_that_leaves_open_for_whom_it_is_wraps_nothing()
    {
        var signed = _scene.Sign(_scene.DataPolicy(policy => policy with { Proof = policy.Proof with { AnyMeasurement = true, VerifiersMin = 0 } }));
        using var key = SecretKey.Random();
        var request = new PolicyRequest
        {
            Stage = PolicyStage.Release, Now = DateTimeOffset.UtcNow, Requester = _scene.Requester.Address, Code = _scene.Code, Role = ContentRoles.Input, OutputBytesMax = 1, Revoked = false,
            Proof = ProofFacts.From(Accepted()), Job = Digest.Of("job"u8), Admission = Digest.Of("admission"u8), Content = Cid.ForRaw("content"u8), EnclaveKey = _scene.Enclave.Public.Bytes,
        };
        Assert.NotEmpty(KeyWrap.Release(PolicyEvaluator.Evaluate(signed, request).Grant!, key));
        foreach (var open in new[] { request with { Job = null }, request with { Admission = null }, request with { Content = null }, request with { EnclaveKey = default }, request with { EnclaveKey = new byte[65] } })
        {
            Assert.Throws<ArgumentException>(() => KeyWrap.Release(PolicyEvaluator.Evaluate(signed, open).Grant!, key));
        }
    }

    [Fact]
    public async Task A_header_that_was_changed_after_sealing_gets_no_key()
    {
        // The same stanza, salt and policy, another body: only the header's code tells.
        var signed = _scene.Sign(_scene.DataPolicy());
        var (content, _) = _scene.Seal(signed, "records"u8, _scene.Owner.Sealing.Public);
        var block = (await _scene.Blocks.GetAsync(content))!.Data.ToArray();
        Assert.Equal(SealedFault.None, SealedHeader.TryDecode(block, out var header));
        var at = block.AsSpan().IndexOf(header!.Body.Multihash.Digest.ToArray());
        block[at] ^= 1;
        var forged = Block.Create(Multicodec.DagCbor, block);
        await _scene.Blocks.PutAsync(forged);
        var offer = _scene.Offer(forged.Cid);
        var decision = await _scene.DecideAsync(_scene.Open(), await _scene.JobAsync([offer], [forged.Cid]), offer);
        Assert.Null(decision.Released);
        Assert.Contains(nameof(SealedFault.HeaderNotAuthentic), decision.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_app_owners_listed_module_is_trusted_and_nothing_else_under_its_policy()
    {
        using var lab = PartyKeys.Generate("lab");
        using var stranger = PartyKeys.Generate("stranger");
        var real = _scene.SealApp(lab, "the model"u8);
        var (other, _) = _scene.Seal(await PolicyAsync(real), "something else"u8, lab.Sealing.Public);
        var strangers = _scene.SealApp(stranger, "the model"u8);
        var unlisted = _scene.SealApp(lab, "the model"u8, _ => [Cid.ForRaw("another body"u8)]);
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy(policy => policy with { Code = [], AppOwners = [lab.Address] })), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content);
        foreach (var (code, released) in new[] { (real, true), (other, false), (strangers, false), (unlisted, false), (Cid.ForRaw("plain code"u8), false) })
        {
            _scene.Code = code;
            var app = code.Codec == Multicodec.DagCbor ? _scene.Offer(code, lab, kind: OfferKind.App) : null;
            OfferView[] offers = app is null ? [offer] : [offer, app];
            var decision = await _scene.DecideAsync(_scene.Open(), await _scene.JobAsync(offers, [content]), offer);
            Assert.True(released == decision.Released is not null, $"{code}: {decision.Words}");
            Assert.True(released || decision.Reason == DenyReason.Policy, decision.Words);
        }
    }

    [Fact]
    public async Task A_library_that_nobody_named_gets_no_data()
    {
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy()), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content);
        var job = await _scene.JobAsync([offer], [content], spec => spec with { Libraries = [new JobLibrary("spy", Cid.ForRaw("spy"u8), [], true)] });
        var decision = await _scene.DecideAsync(_scene.Open(), job, offer);
        Assert.Null(decision.Released);
        Assert.Equal(DenyReason.Policy, decision.Reason);
        Assert.Contains("linked with", decision.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sealed_code_is_not_released_as_data()
    {
        using var lab = PartyKeys.Generate("lab");
        var app = _scene.SealApp(lab, "the model"u8);
        var offer = _scene.Offer(app, lab, kind: OfferKind.App);
        var asData = await _scene.DecideAsync(_scene.Open(lab), await _scene.JobAsync([offer], [app]), offer);
        Assert.Null(asData.Released);
        Assert.Equal(DenyReason.Policy, asData.Reason);
        _scene.Code = app;
        var asCode = await _scene.DecideAsync(_scene.Open(lab, "again"), await _scene.JobAsync([offer], []), offer);
        Assert.True(asCode.Released is not null, asCode.Words);
    }

    [Fact]
    public async Task A_strangers_offer_for_the_owners_content_does_not_bind_the_owners_keeper()
    {
        using var stranger = PartyKeys.Generate("stranger");
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy()), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content, stranger, _scene.Owner);
        var decision = await _scene.DecideAsync(_scene.Open(), await _scene.JobAsync([offer], [content]), offer);
        Assert.Null(decision.Released);
        Assert.Equal(DenyReason.Policy, decision.Reason);
    }

    [Fact]
    public async Task Uses_are_the_policys_whatever_offers_they_come_under()
    {
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy(policy => policy with { Limits = new UseLimits { Uses = 2 } })), "records"u8, _scene.Owner.Sealing.Public);
        var offers = new[] { _scene.Offer(content), _scene.Offer(content), _scene.Offer(content) };
        var keeper = _scene.Open();
        for (var i = 0; i < 3; i++)
        {
            var decision = await _scene.DecideAsync(keeper, await _scene.JobAsync([offers[i]], [content], number: i), offers[i]);
            Assert.True(i < 2 == decision.Released is not null, decision.Words);
            if (decision.Use is { } use)
            {
                keeper.Uses.Record(use);
            }
        }

        // A job that was counted may have its key again: another executor, or a crash before it left.
        var again = await _scene.DecideAsync(keeper, _scene.Ledger.Jobs[(await _scene.JobAsync([offers[1]], [content], number: 1)).Id], offers[1]);
        Assert.True(again.Released is not null, again.Words);
    }

    [Fact]
    public async Task A_periods_budget_outlives_restarts_and_comes_back_with_time()
    {
        var (content, _) = _scene.Seal(
            _scene.Sign(_scene.DataPolicy(policy => policy with { Limits = new UseLimits { Period = TimeSpan.FromDays(7), PeriodUses = 3, PeriodOutputBytes = 250 } })), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content);

        // Each job may make 100 bytes: two fit into 250, though three uses are allowed. Every step is another process.
        foreach (var (day, number, released) in new[] { (0, 1, true), (1, 2, true), (2, 3, false), (6, 4, false), (7.01, 5, true), (7.02, 6, false), (9, 7, true) })
        {
            _scene.Clock.Shift = TimeSpan.FromDays(day);
            var keeper = _scene.Open();
            var decision = await _scene.DecideAsync(keeper, await _scene.JobAsync([offer], [content], number: number), offer);
            Assert.True(released == decision.Released is not null, $"day {day}: {decision.Words}");
            if (decision.Use is { } use)
            {
                keeper.Uses.Record(use);
            }

            // Not closed: the process is killed, and what counts is what lies on the disk.
        }
    }

    [Fact]
    public async Task A_clock_that_is_turned_back_gives_nothing_back()
    {
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy(policy => policy with { Limits = new UseLimits { Period = TimeSpan.FromHours(1), PeriodUses = 1 } })), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content);
        var keeper = _scene.Open();
        keeper.Uses.Record((await _scene.DecideAsync(keeper, await _scene.JobAsync([offer], [content], number: 1), offer)).Use!);
        _scene.Clock.Shift = TimeSpan.FromDays(-1);
        Assert.Null((await _scene.DecideAsync(keeper, await _scene.JobAsync([offer], [content], number: 2), offer)).Released);
    }

    [Fact]
    public async Task Regions_are_those_that_the_node_states()
    {
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy(policy => policy with { Proof = policy.Proof with { Regions = ["eu", "ch"] } })), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content);
        foreach (var (stated, released) in new[] { ("", false), ("us", false), ("eu", true), ("us ch", true) })
        {
            _scene.Regions = stated.Split(' ', StringSplitOptions.RemoveEmptyEntries).Aggregate(0UL, (bits, name) => RegionNames.TryParse(name, out var bit) ? bits | 1UL << bit : throw new InvalidOperationException(name));
            var decision = await _scene.DecideAsync(_scene.Open(), await _scene.JobAsync([offer], [content]), offer);
            Assert.True(released == decision.Released is not null, $"'{stated}': {decision.Words}");
        }
    }

    [Fact]
    public async Task Shares_of_the_price_must_be_offered_by_those_who_have_them()
    {
        using var partner = PartyKeys.Generate("partner");
        var (content, _) = _scene.Seal(
            _scene.Sign(_scene.DataPolicy(policy => policy with { Price = new PriceRule { PerUse = 100, Shares = [new PayShare(_scene.Owner.Address, 3), new PayShare(partner.Address, 1)] } })), "records"u8, _scene.Owner.Sealing.Public);
        var own = _scene.Offer(content, price: 75);
        var share = _scene.Offer(content, partner, price: 25, isSealed: false);
        var cheap = _scene.Offer(content, partner, price: 24, isSealed: false);
        Assert.Null((await _scene.DecideAsync(_scene.Open(), await _scene.JobAsync([own], [content]), own)).Released);
        Assert.Null((await _scene.DecideAsync(_scene.Open(), await _scene.JobAsync([own, cheap], [content]), own)).Released);
        var paid = await _scene.DecideAsync(_scene.Open(), await _scene.JobAsync([own, share], [content]), own);
        Assert.True(paid.Released is not null, paid.Words);
    }

    [Fact]
    public async Task A_pool_needs_enough_consenting_members_records_and_a_withdrawal_ends_it()
    {
        var members = Enumerable.Range(0, 3).Select(i => _scene.Party($"member-{i}")).ToArray();
        var signed = _scene.Sign(_scene.DataPolicy(policy => policy with
        {
            Pool = new PoolRule { Members = [.. members.Select(member => member.Address)], MembersMin = 2 }, Price = new PriceRule { PerUse = 5 },
        }));
        var keeper = _scene.Open();
        var books = keeper.Books!;
        var contents = members.Select(member => _scene.Seal(signed, "records of one"u8, books.Members.Create(member.Address, signed.Cid)).Content).ToArray();
        var offers = members.Select((member, i) => _scene.Offer(contents[i], member, _scene.Owner, price: 5)).ToArray();
        var number = 0;
        async Task<ReleaseDecision> AskAsync(int asked, params int[] used) => await _scene.DecideAsync(
            _scene.Open(), await _scene.JobAsync([.. used.Select(i => offers[i])], [.. used.Select(i => contents[i])], number: ++number), offers[asked]);
        void Say(int member, bool granted, ulong sequence) => books.Consents.Add(PoolConsent.Sign(signed.Cid, contents[member], granted, sequence, members[member].Identity));

        Assert.Null((await AskAsync(0, 0, 1)).Released);
        Say(0, true, 1);
        Assert.Null((await AskAsync(0, 0, 1)).Released);
        Say(1, true, 1);
        var both = await AskAsync(0, 0, 1);
        Assert.True(both.Released is not null, both.Words);

        // One member's records alone, and records of a member who has said nothing.
        Assert.Equal(DenyReason.Policy, (await AskAsync(0, 0)).Reason);
        Assert.Equal(DenyReason.Policy, (await AskAsync(2, 0, 1, 2)).Reason);

        // The member is paid for its own records: a cheaper offer of its own will not do.
        var cheap = _scene.Offer(contents[0], members[0], _scene.Owner, price: 4);
        Assert.Equal(DenyReason.Policy, (await _scene.DecideAsync(_scene.Open(), await _scene.JobAsync([cheap, offers[1]], [contents[0], contents[1]], number: ++number), cheap)).Reason);

        // A member that says of another's records that they are its own is neither counted nor paid for them.
        books.Consents.Add(PoolConsent.Sign(signed.Cid, contents[0], granted: true, 1, members[2].Identity));
        Assert.Equal(DenyReason.Policy, (await AskAsync(0, 0)).Reason);
        var stolen = _scene.Offer(contents[0], members[2], _scene.Owner, price: 5);
        Assert.Equal(DenyReason.Policy, (await _scene.DecideAsync(_scene.Open(), await _scene.JobAsync([stolen, offers[1]], [contents[0], contents[1]], number: ++number), stolen)).Reason);
        var still = await AskAsync(0, 0, 1);
        Assert.True(still.Released is not null, still.Words);

        // An old consent does not undo a withdrawal, and with the key nobody opens the records.
        Say(1, false, 2);
        Say(1, true, 1);
        Assert.Equal(DenyReason.Policy, (await AskAsync(0, 0, 1)).Reason);
        books.Members.Create(members[0].Address, Cid.ForRaw("another pool"u8));
        Assert.True(books.Members.Drop(members[0].Address, signed.Cid, out var shared) && !shared);
        Say(1, true, 3);
        var erased = await AskAsync(0, 0, 1);
        Assert.Null(erased.Released);
        Assert.Empty(books.Members.Find(members[0].Address, signed.Cid));

        // Leaving one pool takes nothing from another.
        Assert.Single(books.Members.Find(members[0].Address, Cid.ForRaw("another pool"u8)));
        Assert.Single(Directory.GetFiles(Path.Combine(_folder, "keeper", "members"), members[0].Address + "*"));
    }

    [Fact]
    public async Task A_custodian_releases_its_share_and_only_under_the_policy_it_was_given_for()
    {
        var custodians = Enumerable.Range(0, 3).Select(i => _scene.Party($"custodian-{i}")).ToArray();
        var signed = _scene.Sign(_scene.DataPolicy());
        var (content, key) = _scene.Seal(signed, "records"u8);
        (string, HpkePublicKey)[] names = [.. custodians.Select(custodian => (custodian.Name, custodian.Sealing.Public))];
        var set = ShareSet.Split(key, 2, names, signed.Cid);
        var offers = custodians.Select(custodian => _scene.Offer(content, _scene.Owner, custodian)).ToArray();
        var job = await _scene.JobAsync(offers, [content]);
        var shares = new List<Share>();
        for (var i = 0; i < 3; i++)
        {
            var keeper = _scene.Open(custodians[i], $"custodian-{i}");
            Assert.Null((await _scene.DecideAsync(keeper, job, offers[i])).Released);
            keeper.Books!.Custody.Add(content, set);
            var decision = await _scene.DecideAsync(keeper, job, offers[i]);
            Assert.True(decision.Released is not null, decision.Words);
            Assert.True(ShareRelease.IsShare(decision.Released));
            Assert.Equal(CustodyFault.None, ShareRelease.TryDecode(decision.Released, out var release));
            Assert.Equal(HpkeFault.None, release!.Open(_scene.Enclave, KeyWrap.Info(job.Id, job.Round.Executors[0].Admission, signed.Cid, content), out var share));
            shares.Add(share!);
            Assert.True(release.Record.Custodians.All(custodian => custodian.SealedShare.IsEmpty));
        }

        Assert.Equal(CustodyFault.None, set.TryCombine(shares[1..], out var combined, out _));
        Assert.True(key.FixedTimeEquals(combined!));

        // A record under another policy stays where it is, and so does one whose share does not open.
        var bound = _scene.Open(custodians[0], "bound");
        bound.Books!.Custody.Add(content, ShareSet.Split(key, 2, names, Cid.ForRaw("another policy"u8)));
        Assert.Null((await _scene.DecideAsync(bound, job, offers[0])).Released);
        var others = _scene.Open(custodians[0], "others");
        others.Books!.Custody.Add(content, ShareSet.Split(key, 1, [names[1]], signed.Cid));
        Assert.Null((await _scene.DecideAsync(others, job, offers[0])).Released);
        shares.ForEach(share => share.Dispose());
        combined!.Dispose();
    }

    [Fact]
    public async Task What_was_revoked_at_the_keeper_stays_with_it()
    {
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy()), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content);
        var keeper = _scene.Open();
        keeper.Revoked!.Add(offer.Id);
        Assert.Equal(DenyReason.Withdrawn, (await _scene.DecideAsync(keeper, await _scene.JobAsync([offer], [content]), offer)).Reason);
    }

    [Fact]
    public async Task The_use_is_on_the_disk_before_the_key_leaves_and_a_crash_then_costs_a_use_and_no_more()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var (content, _) = _scene.Seal(_scene.Sign(_scene.DataPolicy(policy => policy with { Limits = new UseLimits { Uses = 1, Period = TimeSpan.FromDays(1), PeriodUses = 1 } })), "records"u8, _scene.Owner.Sealing.Public);
        var offer = _scene.Offer(content);
        var box = _scene.DropBox;
        var job = await _scene.JobAsync([offer], [content]);
        var crash = new CrashingBox(box, Path.Combine(_folder, "keeper", "uses.log"));
        _scene.DropBox = crash;
        var running = new Keeper(_scene.Open()).RunAsync(limit.Token);
        Assert.Contains(job.Id.ToString(), await crash.OnDisk.Task.WaitAsync(limit.Token), StringComparison.Ordinal);
        Assert.Empty(_scene.Ledger.Submitted);
        await limit.CancelAsync();
        await running;

        // Another process: the job itself may have its key, the same one; another job may not.
        _scene.DropBox = box;
        var after = _scene.Open();
        Assert.NotNull((await _scene.DecideAsync(after, job, offer)).Released);
        Assert.Null((await _scene.DecideAsync(after, await _scene.JobAsync([offer], [content], number: 2), offer)).Released);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_taken_back_while_a_keeper_collects_facts_is_not_released(bool pool)
    {
        var member = _scene.Party("member");
        var signed = _scene.Sign(_scene.DataPolicy(policy => pool ? policy with { Pool = new PoolRule { Members = [member.Address] } } : policy));
        var keeper = _scene.Open();
        var (content, _) = _scene.Seal(signed, "records"u8, pool ? keeper.Books!.Members.Create(member.Address) : _scene.Owner.Sealing.Public);
        keeper.Books!.Consents.Add(PoolConsent.Sign(signed.Cid, content, granted: true, 1, member.Identity));
        var offer = _scene.Offer(content, owner: pool ? member : null, keeper: _scene.Owner);
        var job = await _scene.JobAsync([offer], [content]);
        Assert.NotNull((await _scene.DecideAsync(keeper, job, offer)).Released);

        // The last fact that is fetched takes its time, and the owner's word comes meanwhile.
        var asked = 0;
        _scene.Ledger.Asked = () =>
        {
            asked++;
            if (pool)
            {
                keeper.Books.Consents.Add(PoolConsent.Sign(signed.Cid, content, granted: false, 2, member.Identity));
            }
            else
            {
                keeper.Revoked!.Add(offer.Id);
            }
        };
        var decision = await _scene.DecideAsync(keeper, job, offer);
        Assert.True(asked > 0);
        Assert.Null(decision.Released);
        Assert.Equal(pool ? DenyReason.Policy : DenyReason.Withdrawn, decision.Reason);
    }

    [Fact]
    public void What_a_keeper_writes_down_is_its_owners_alone_to_read()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var state = Directory.CreateDirectory(Path.Combine(_folder, "modes")).FullName;
        using (var audit = new AuditLog(KeeperLog(state)))
        {
            audit.Add(new AuditEntry(DateTimeOffset.UtcNow, "denied", Digest.Zero, null, Digest.Zero, _scene.Owner.Address, _scene.Owner.Address, null, "why"));
        }

        using (new UseLedger(Path.Combine(state, "uses.log")))
        {
            HandOvers.Note(state, Cid.ForRaw("content"u8), _scene.Owner.Sealing.Public, DateTimeOffset.UtcNow);
        }

        foreach (var file in Directory.EnumerateFiles(state))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        Assert.Equal(3, Directory.EnumerateFiles(state).Count());

        static string KeeperLog(string folder) => Path.Combine(folder, "audit.log");
    }

    public void Dispose()
    {
        _scene.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<SignedPolicy> PolicyAsync(Cid content)
    {
        var block = await _scene.Blocks.GetAsync(_scene.PolicyOf(content));
        Assert.Equal(PolicyFault.None, SignedPolicy.TryDecode(block!.Data.Span, out var policy));
        return policy!;
    }

    private Sojourn.Attestation.AttestationResult Accepted() => AcceptedAsync().GetAwaiter().GetResult();

    private async Task<Sojourn.Attestation.AttestationResult> AcceptedAsync()
    {
        using var attester = new Sojourn.Attestation.Simulated.SimulatedAttester(new byte[32], new byte[32], TimeProvider.System);
        var data = Sojourn.Attestation.ReportData.Compute(new Sojourn.Attestation.JobBinding
        {
            Genesis = new byte[32], Beacon = new byte[32], JobId = new byte[32], Executor = new byte[20], Round = 0, PolicyCids = [], HpkeKey = new byte[65], ReceiptKey = new byte[33],
        });
        var evidence = await attester.AttestAsync(data, CancellationToken.None);
        var verdict = Sojourn.Attestation.Verifier.Verify(evidence, Sojourn.Attestation.Collateral.Empty, DateTimeOffset.UtcNow);
        return Sojourn.Attestation.Appraiser.Appraise(verdict, evidence, (_scene.Proof with { AnyMeasurement = true }).ToAppraisalPolicy("test", developmentLedger: true), data, DateTimeOffset.UtcNow);
    }

    // A drop box that loses the connection the moment a key would leave.
    private sealed class CrashingBox(IDropBox inner, string uses) : IDropBox
    {
        public TaskCompletionSource<string> OnDisk { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask PutAsync(Digest job, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
        {
            using var file = new FileStream(uses, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            OnDisk.TrySetResult(reader.ReadToEnd());
            throw new IOException("the connection broke");
        }

        public ValueTask<ReadOnlyMemory<byte>?> GetAsync(Digest job, string name, CancellationToken cancel) => inner.GetAsync(job, name, cancel);
    }
}
