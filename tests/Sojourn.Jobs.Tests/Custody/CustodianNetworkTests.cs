using System.Diagnostics;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Hosting.Devnet;
using Sojourn.Jobs.Tests.Processes;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Jobs.Tests.Custody;

/// <summary>Data whose key three custodians share, two of whom are enough, over real processes: the owner is away for good, and no keeper of the owner's runs.</summary>
[Collection("network")]
public sealed class CustodianNetworkTests(ITestOutputHelper output)
{
    private static readonly string[] Custodians = ["ada", "bob", "cem"];

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public async Task Jobs_run_while_the_owner_and_one_custodian_are_away_a_liar_is_named_and_two_away_end_a_job_with_a_refund()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(9));
        var cancel = limit.Token;
        await using var net = await ProcessNet.StartAsync(cancel, options => options with { Keepers = [.. options.Keepers, .. Custodians] });
        var data = await PublishAsync(net, cancel);
        await net.Net["keeper-data-owner"].KillAsync();

        await StepAsync("one of three custodians is away", () => OneAwayAsync(net, data, cancel));
        await StepAsync("one is away, and one lies until the other is back", () => LiarAsync(net, data, cancel));
        await StepAsync("custodians refresh their shares among themselves", () => RefreshedAsync(net, data, cancel));
        await StepAsync("two of three are away", () => TwoAwayAsync(net, data, cancel));
    }

    // The same table as the network's own, sealed to nobody.
    private static async Task<Cid> PublishAsync(ProcessNet net, CancellationToken cancel)
    {
        var shared = Path.Combine(net.Folder, "shared.csv");
        File.Copy(Path.Combine(net.Folder, "patients.csv"), shared);
        return Cid.Parse(await net.CliAsync(
            cancel,
            [
                "data", "publish", shared, "--code", net.Code.ToString(), "--guard", ProcessNet.Artifact("guests", "guards", "min-group-size.wasm"), "--guard-arg=5",
                .. Custodians.SelectMany(name => new[] { "--custodian", name }), "--threshold", "2",
            ]));
    }

    private static async Task<string> OneAwayAsync(ProcessNet net, Cid data, CancellationToken cancel)
    {
        // The custodian in whose offer the price stands.
        await net.Net["keeper-ada"].KillAsync();
        var key = KeyOf(net, data);
        var searched = 0;
        var job = await net.PostAsync(3, 2, cancel, data: data);
        var view = await net.FollowAsync(job, e =>
        {
            // Shares meet in the enclave: when the first result is there, neither a keeper nor a node has ever seen the key.
            if (e.Kind == EventKind.Committed)
            {
                foreach (var party in net.Net.Parties.Where(party => party.ProcessId != 0))
                {
                    searched++;
                    Assert.True(ProcessMemory.Find(party.ProcessId, [key]) is null, $"the key is in the memory of {party.Name}");
                }
            }

            return Task.CompletedTask;
        }, cancel);
        Assert.True(view.Outcome == JobOutcome.Succeeded, $"{view.Outcome}\n{net.Log}");
        Assert.Equal(ProcessNet.Expected, await net.OutputAsync(view, cancel));
        Assert.True(searched >= 10, $"{searched} processes were searched");
        Assert.Contains(LineReason.OfferPaid, await net.LinesAsync(net.AddressOf("data-owner"), job, cancel));
        var gave = view.Round.Executors.SelectMany(executor => executor.Releases).Select(release => release.Offer).Distinct().Count();
        Assert.Equal(3, gave);
        await net.Net["keeper-ada"].StartAsync(cancel);
        return $"{view.Outcome}, the key in none of {searched} memories";
    }

    private static async Task<string> LiarAsync(ProcessNet net, Cid data, CancellationToken cancel)
    {
        // Bob's place is taken by one who hands out what is no share, and says on the ledger that it was one.
        await net.Net["keeper-ada"].KillAsync();
        await net.Net["keeper-bob"].KillAsync();
        using var bob = net.Client.Party("bob");
        using var box = net.Client.Uploads(bob);
        var lied = 0;
        var job = await net.PostAsync(1, 1, cancel, data: data);
        var view = await net.FollowAsync(job, async e =>
        {
            if (e.Kind == EventKind.Admitted)
            {
                var admitted = (await net.Client.Ledger.JobAsync(job, cancel))!;
                var executor = admitted.Round.Executors.Single(executor => executor.Node == e.Account);
                var offer = (await net.Client.Ledger.OffersAsync(new OfferQuery(Content: data), cancel)).Single(offer => offer.Terms.Keeper == bob.Address);
                var junk = Junk(net, bob.Name, data, job, executor);
                await box.PutAsync(job, DropNames.WrappedKey(admitted.Round.Index, executor.Node, Digest.Of(junk)), junk, cancel);
                var sent = await net.Client.SubmitAsync(bob, new ReleaseRecord(job, admitted.Round.Index, executor.Node, offer.Id, executor.Admission, Digest.Of(junk)), cancel);
                Assert.True(sent.Applied, sent.Refusal.ToString());
                lied++;
                // Ada comes back once an enclave has met bob's share, together with cem's.
                while (!net.Log.Contains("waits for further shares", StringComparison.Ordinal))
                {
                    await Task.Delay(100, cancel);
                }

                await net.Net["keeper-ada"].StartAsync(cancel);
            }
        }, cancel);
        Assert.True(view.Outcome == JobOutcome.Succeeded && lied == 1, $"{view.Outcome}, {lied}\n{net.Log}");
        Assert.Equal(ProcessNet.Expected, await net.OutputAsync(view, cancel));
        var words = net.Log.Split('\n').First(line => line.Contains("waits for further shares", StringComparison.Ordinal));
        Assert.Contains("'bob'", words, StringComparison.Ordinal);
        Assert.DoesNotContain("'cem'", words, StringComparison.Ordinal);
        await net.Net["keeper-bob"].StartAsync(cancel);
        return words.Trim();
    }

    private static async Task<string> RefreshedAsync(ProcessNet net, Cid data, CancellationToken cancel)
    {
        // The keepers run on; nobody has the key at any moment.
        var before = BookOf(net, "ada").Find(data)!;
        string At(string name, string what) => Path.Combine(net.Folder, $"{name}.{what}");
        string Keeper(string name) => Path.Combine(net.Folder, "state", "parties", name, "keeper.yaml");
        foreach (var name in Custodians)
        {
            await net.CliAsync(cancel, "keeper", "share", "deal", "--content", data.ToString(), "--to", At(name, "deal"), "--keeper", Keeper(name));
        }

        foreach (var name in Custodians)
        {
            await net.CliAsync(cancel, ["keeper", "share", "take", .. Custodians.Select(dealer => At(dealer, "deal")), "--content", data.ToString(), "--to", At(name, "word"), "--keeper", Keeper(name)]);
        }

        foreach (var name in Custodians)
        {
            await net.CliAsync(cancel, ["keeper", "share", "adopt", .. Custodians.Select(other => At(other, "word")), "--content", data.ToString(), "--keeper", Keeper(name)]);
        }

        Assert.Equal((before.Epoch + 1, before.Origin), (BookOf(net, "cem").Find(data)!.Epoch, BookOf(net, "cem").Find(data)!.Origin));
        var job = await net.PostAsync(1, 1, cancel, data: data);
        var view = await net.FollowAsync(job, _ => Task.CompletedTask, cancel);
        Assert.True(view.Outcome == JobOutcome.Succeeded, $"{view.Outcome}\n{net.Log}");
        Assert.Equal(ProcessNet.Expected, await net.OutputAsync(view, cancel));
        return $"{view.Outcome} with shares of epoch {before.Epoch + 1}";
    }

    private static async Task<string> TwoAwayAsync(ProcessNet net, Cid data, CancellationToken cancel)
    {
        await net.Net["keeper-bob"].KillAsync();
        await net.Net["keeper-cem"].KillAsync();
        var before = (await net.Client.Ledger.AccountAsync(net.AddressOf("requester"), cancel)).Free;
        var job = await net.PostAsync(1, 1, cancel, terms => terms with { RedrawsMax = 0, Windows = new JobWindows(2, 29, 300, 60, 60, 60, 20) }, data);
        var view = await net.FollowAsync(job, _ => Task.CompletedTask, cancel);
        Assert.True(view.Outcome == JobOutcome.KeyDenied, $"{view.Outcome}\n{net.Log}");
        Assert.Equal((LineReason[])[LineReason.Escrowed, LineReason.Refunded], (await net.LinesAsync(net.AddressOf("requester"), job, cancel)).Where(reason => reason is LineReason.Escrowed or LineReason.Refunded).Order());
        Assert.DoesNotContain(LineReason.OfferPaid, await net.LinesAsync(net.AddressOf("data-owner"), job, cancel));

        // Verifiers did their work and are paid; all else is back.
        var after = (await net.Client.Ledger.AccountAsync(net.AddressOf("requester"), cancel)).Free;
        var verifiers = view.Terms.VerifierPay * view.Terms.Verifiers;
        Assert.True(before - after <= verifiers + (Amount)net.Client.Ledger.Genesis.Rules.PostFee, $"{before} before, {after} after, of which verifiers {verifiers}");
        var told = await net.CliAsync(cancel, "job", "describe", job.ToString());
        var why = told.Split('\n').First(line => line.StartsWith("why:", StringComparison.Ordinal));
        Assert.Contains("1 of the 2 shares", why, StringComparison.Ordinal);
        Assert.Contains(net.AddressOf("bob").ToString(), why, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(net.AddressOf("cem").ToString(), why, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(net.AddressOf("ada").ToString(), why, StringComparison.OrdinalIgnoreCase);
        return why;
    }

    // The content key, from shares that the test can open because all custodians' keys lie on this machine.
    private static byte[] KeyOf(ProcessNet net, Cid data)
    {
        var shares = new List<Share>();
        ShareSet? set = null;
        foreach (var name in Custodians)
        {
            set = BookOf(net, name).Find(data)!;
            using var keys = net.Client.Party(name);
            Assert.Equal(CustodyFault.None, set.TryOpen(keys.Sealing, out var share));
            shares.Add(share!);
        }

        Assert.Equal(CustodyFault.None, set!.TryCombine(shares, out var secret, out _));
        using (secret)
        using (var lease = secret!.Lend())
        {
            return lease.Span.ToArray();
        }
    }

    private static CustodyBook BookOf(ProcessNet net, string name) => new KeeperBooks(DevnetFile.KeeperOf(Path.Combine(net.Folder, "state"), name)).Custody;

    private static byte[] Junk(ProcessNet net, string name, Cid data, in Digest job, ExecutorView executor)
    {
        var set = BookOf(net, name).Find(data)!;
        var record = set.WithoutShares().Encode();
        var index = Array.IndexOf(Custodians, name) + 1;
        var info = KeyWrap.Info(job, executor.Admission, set.Policy!, data);
        var own = new ProtocolHash("sojourn/share-release/1").Add(new Digest(info)).Add(Digest.Of(record)).Add((ulong)index).Finish().ToArray();
        Assert.True(HpkePublicKey.TryImport(HpkeKem.P256, executor.Evidence!.HpkeKey.Span, out var enclave));
        using var junk = SecretKey.Random();
        return new CborWriter(CborProfile.DagCbor).BeginArray().WriteText("sojourn/share-release/1").WriteBytes(record).WriteInteger(index).WriteBytes(Hpke.SealKey(enclave!, own, [], junk)).EndArray().ToArray();
    }

    private async Task StepAsync(string what, Func<Task<string>> step)
    {
        var start = Stopwatch.GetTimestamp();
        var found = await step();
        output.WriteLine(FormattableString.Invariant($"{what}: {found} ({Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s)"));
    }
}
