using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Content;
using Sojourn.Content.Codecs;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Node.Enclaves;
using Sojourn.Primitives;
using Sojourn.Primitives.Cose;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Guards;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Hosting.Demo;

/// <summary>What the demonstration found, for tests to assert.</summary>
/// <param name="Outcome">How the job ended.</param>
/// <param name="Output">The opened output.</param>
/// <param name="DataBytesMoved">Bytes of the data that left the nodes which store it.</param>
/// <param name="OtherBytesMoved">Bytes of everything else that gateways handed out: policies, code, headers, results.</param>
/// <param name="Refusals">What was refused, and the ledger's or verifier's own word for it.</param>
/// <param name="Elapsed">From start to end.</param>
public sealed record DemoResult(
    JobOutcome Outcome, ImmutableSortedDictionary<string, byte[]> Output, long DataBytesMoved, long OtherBytesMoved, ImmutableSortedDictionary<string, string> Refusals, TimeSpan Elapsed);

/// <summary>The main job, whole, on one machine: seal, offer, post, draw, prove, vote, release, run, agree, pay, verify; and what is refused.</summary>
/// <param name="options">What it runs on.</param>
/// <param name="story">Where it tells what happens.</param>
public sealed class Demonstration(DemoOptions options, DemoStory story)
{
    private const int OtherEnclave = 3;
    private const int PostsMax = 4;
    private const int NoProof = 4;

    // Longer than a development network's own: tickets have thirty of these, and a laptop with other things to do should not miss them.
    private static readonly TimeSpan Height = TimeSpan.FromMilliseconds(40);
    private readonly SortedDictionary<string, string> _refusals = new(StringComparer.Ordinal);

    /// <summary>Runs it.</summary>
    /// <param name="cancel">Stops it.</param>
    public async Task<DemoResult> RunAsync(CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        using var hospital = PartyKeys.Generate("data-owner");
        using var lab = PartyKeys.Generate("app-owner");
        using var requester = PartyKeys.Generate("requester");
        var parties = new Dictionary<Address, Amount> { [hospital.Address] = 1_000, [lab.Address] = 1_000, [requester.Address] = 1_000_000 };

        story.Chapter("A network on this machine");
        var net = await DevNetwork.StartAsync(
            new DevnetOptions { Folder = options.Folder, EnclaveFolder = options.EnclaveFolder, Nodes = 5, Verifiers = 4, Bubblewrap = options.Bubblewrap, SoftwareTpm = options.SoftwareTpm, Ethereum = options.Ethereum, Height = Height }, parties, cancel).ConfigureAwait(false);
        await using (net.ConfigureAwait(false))
        {
            story.Line($"ledger {Short(net.Ledger.GenesisDigest)} (genesis says: development), 5 storage nodes that execute, 4 verifiers, one public gateway");
            story.Line($"every enclave is a process of its own; its measurement is {Short(net.Image.Measurement)}");
            story.Line(options.Bubblewrap is null
                ? "bubblewrap is not installed: enclaves have a system-call filter, but no namespaces of their own (a production node would refuse; sojourn doctor says how to mend it)"
                : "enclaves start in namespaces of their own, without network, under a system-call filter");
            story.Line(options.SoftwareTpm is null
                ? "evidence here is SIMULATED (swtpm is not installed): it proves nothing about hardware, and only a development ledger admits it"
                : "evidence here comes from a software TPM at each node (level tpm): quotes over measured files, signed by keys that were enrolled; no vendor vouches for such a TPM, so only a development ledger admits it");
            if (net.Chain is { } chain)
            {
                story.Line($"the ledger is a contract on an EVM chain of this machine: {chain}");
            }

            var result = await RunAsync(net, hospital, lab, requester, start, cancel).ConfigureAwait(false);
            await TellChainAsync(net, [hospital, lab, requester], cancel).ConfigureAwait(false);
            return result;
        }
    }

    private async Task TellChainAsync(DevNetwork net, IReadOnlyList<PartyKeys> people, CancellationToken cancel)
    {
        if (net.Chain is null)
        {
            return;
        }

        story.Chapter("On the chain");
        foreach (var (name, address) in people.Select(person => (person.Name, person.Address)).Concat(net.Nodes.Select(node => (node.Keys.Name, node.Keys.Address))))
        {
            var account = await net.Ledger.AccountAsync(address, cancel).ConfigureAwait(false);
            story.Line($"{name,-12} {address}: free {account.Free}, credits {account.Withheld + account.Matured}, staked {account.Staked}");
        }

        var sent = net.ChainTransactions;
        foreach (var transaction in sent.OrderBy(transaction => transaction.Block))
        {
            story.Line(string.Create(CultureInfo.InvariantCulture, $"block {transaction.Block,5}  {transaction.Gas,9} gas  0x{transaction.Hash}  {transaction.What}"));
        }

        story.Line(string.Create(CultureInfo.InvariantCulture, $"{sent.Count} transactions, {sent.Aggregate(0UL, (sum, transaction) => sum + transaction.Gas)} gas; look one up with `cast tx HASH`, or in any explorer"));
    }

    private async Task<DemoResult> RunAsync(DevNetwork net, PartyKeys hospital, PartyKeys lab, PartyKeys requester, long start, CancellationToken cancel)
    {
        story.Chapter("Owners seal, and keep the keys");
        var (code, data, guard) = await PublishAsync(net, hospital, lab, cancel).ConfigureAwait(false);
        var appOffer = await net.OfferAsync(lab, Offer(net, OfferKind.App, code, lab, 50), cancel).ConfigureAwait(false);
        var dataOffer = await net.OfferAsync(hospital, Offer(net, OfferKind.Data, data, hospital, 200), cancel).ConfigureAwait(false);
        var bodies = await BodyBlocksAsync(net.Nodes[0].Content.Store, data.Body, cancel).ConfigureAwait(false);

        using var otherEnclave = await OtherEnclaveAsync(net.Nodes[OtherEnclave], cancel).ConfigureAwait(false);
        await net.ServeAsync([data.Content], cancel, index => index switch
        {
            OtherEnclave when otherEnclave is not null => _ => otherEnclave,
            NoProof => attester => new NoProofAttester(attester),
            _ => null,
        }).ConfigureAwait(false);
        net.StartKeeper(hospital);
        net.StartKeeper(lab);
        story.Line("two nodes are not what they should be: node-4 runs an enclave that somebody changed, node-5 cannot sign its evidence");

        story.Chapter("A requester asks");
        var view = await UntilAsync(
            net, patience => PostAsync(net, requester, code, data, [appOffer, dataOffer], options.OutputBytesMax, 5, 3, patience, cancel),
            closed => closed.Outcome == JobOutcome.Succeeded && WasJudged(closed, net.Nodes[OtherEnclave]) && WasJudged(closed, net.Nodes[NoProof]), cancel).ConfigureAwait(false);
        var output = await ReadOutputAsync(net, requester, view, cancel).ConfigureAwait(false);

        story.Chapter("What is refused");
        foreach (var executor in view.Rounds.SelectMany(round => round.Executors).Where(executor => executor.Admission.IsZero && executor.Votes.Length > 0))
        {
            var verdict = executor.Votes.Select(vote => vote.Verdict).GroupBy(v => v).OrderByDescending(g => g.Count()).First().Key;
            var name = net.Nodes.First(node => node.Keys.Address == executor.Node).Keys.Name;
            Refused(name == "node-4" ? "wrong enclave" : "no proof", $"{verdict}", $"{name}: {executor.Votes.Length} verifiers voted {verdict}; no key was released to it");
        }

        await RefuseTamperedAsync(net, view, cancel).ConfigureAwait(false);
        await RefuseLargeOutputAsync(net, requester, code, data, [appOffer, dataOffer], cancel).ConfigureAwait(false);

        story.Chapter("Who was paid, and why");
        await ExplainAsync(net, [hospital, lab, requester], view, cancel).ConfigureAwait(false);

        story.Chapter("What moved");
        var served = net.Nodes.SelectMany(node => node.Content.Counted.Served).Concat(net.Gateway.Counted.Served).ToList();
        var moved = served.Where(entry => bodies.Contains(entry.Key)).Sum(entry => entry.Value);
        var other = served.Where(entry => !bodies.Contains(entry.Key)).Sum(entry => entry.Value);
        story.Line(string.Create(CultureInfo.InvariantCulture, $"data bytes that left the nodes which store them: {moved}"));
        story.Line(string.Create(CultureInfo.InvariantCulture, $"code, policies, headers and sealed results, as gateways counted them: {other} bytes"));
        story.Line($"everything of this run lies in {options.Folder}");
        var elapsed = Stopwatch.GetElapsedTime(start);
        return new DemoResult(view.Outcome, output, moved, other, _refusals.ToImmutableSortedDictionary(StringComparer.Ordinal), elapsed);
    }

    private async Task<(PublishedContent Code, PublishedContent Data, Cid? Guard)> PublishAsync(DevNetwork net, PartyKeys hospital, PartyKeys lab, CancellationToken cancel)
    {
        var publicly = new Publisher(net.Gateway.Store);
        var now = DateTimeOffset.UtcNow;
        var proof = net.Proof with { VerifiersMin = 2 };
        var appPolicy = SignedPolicy.Sign(
            new AppPolicy { Title = "the lab's program", Owner = lab.Address, NotBefore = now.AddMinutes(-5), NotAfter = now.AddDays(30), AnyRequester = true, Proof = proof, OutputMayRevealCode = true },
            lab.Identity);
        PublishedContent code;
        using (var app = File.OpenRead(options.AppFile))
        {
            code = await publicly.SealAsync(app, appPolicy, [lab.Sealing.Public], Path.GetFileName(options.AppFile), cancel).ConfigureAwait(false);
        }

        story.Line($"the lab sealed its program ({new FileInfo(options.AppFile).Length} bytes): {code.Content}");

        Cid? guard = null;
        if (options.GuardFile is not null)
        {
            var module = GuardArguments.Embed(await File.ReadAllBytesAsync(options.GuardFile, cancel).ConfigureAwait(false), options.GuardArguments);
            guard = await publicly.FileAsync(new MemoryStream(module), cancel).ConfigureAwait(false);
            story.Line($"the data owner's guard ({Path.GetFileNameWithoutExtension(options.GuardFile)} {string.Join(' ', options.GuardArguments)}): {guard}");
        }

        var dataPolicy = SignedPolicy.Sign(
            new DataPolicy
            {
                Title = "the data owner's table",
                Owner = hospital.Address,
                NotBefore = now.AddMinutes(-5),
                NotAfter = now.AddDays(30),
                AnyRequester = true,
                Code = [code.Content],
                Proof = proof,
                Limits = new UseLimits { Uses = 10 },
                Output = new OutputRule { BytesMax = options.OutputBytesMax, AnyRecipient = true, Guards = guard is null ? [] : [guard] },
            },
            hospital.Identity);
        await net.Gateway.Store.PutAsync(new Block(dataPolicy.Cid, dataPolicy.Block), cancel).ConfigureAwait(false);
        // The same sealed blocks on every storage node: sealing once keeps one CID.
        PublishedContent data;
        using (var table = File.OpenRead(options.DataFile))
        {
            data = await new Publisher(new FanOutSink([.. net.Nodes.Where(node => node.Executes).Select(node => node.Content.Store)]))
                .SealAsync(table, dataPolicy, [hospital.Sealing.Public], Path.GetFileName(options.DataFile), cancel).ConfigureAwait(false);
        }

        story.Line($"the data owner sealed {Path.GetFileName(options.DataFile)} ({new FileInfo(options.DataFile).Length} bytes) onto 5 storage nodes: {data.Content}");
        story.Line("its policy: this program only, in this enclave only, at most 10 uses, sealed output of at most "
            + string.Create(CultureInfo.InvariantCulture, $"{options.OutputBytesMax} bytes{(guard is null ? "" : ", and what the guard lets through")}"));
        return (code, data, guard);
    }

    private static OfferTerms Offer(DevNetwork net, OfferKind kind, PublishedContent content, PartyKeys owner, ulong price) => new()
    {
        Kind = kind,
        Content = content.Content,
        Policy = content.Policy,
        Keeper = owner.Address,
        Price = price,
        LevelMin = net.Level,
    };

    private async Task<Digest> PostAsync(
        DevNetwork net, PartyKeys requester, PublishedContent code, PublishedContent data, ImmutableArray<Digest> offers, long outputMax, byte executors, byte agreeing, uint patience, CancellationToken cancel)
    {
        var spec = new JobSpec
        {
            Name = "demonstration",
            Arguments = [.. options.Arguments],
            Inputs = [new JobInput("table", data.Content)],
            Recipients = [requester.Sealing.Public.Bytes],
            OutputBytesMax = outputMax,
        };
        await net.Gateway.Store.PutAsync(Block.Create(Multicodec.DagCbor, spec.Encode()), cancel).ConfigureAwait(false);
        var terms = new JobTerms
        {
            Spec = spec.Cid,
            Code = code.Content,
            Inputs = [data.Content],
            Offers = [.. offers.Order()],
            Executors = executors,
            Agreeing = agreeing,
            Verifiers = 4,
            VerifierNodesMin = 3,
            LevelMin = net.Level,
            LocalityMin = 1,
            FuelMax = 20_000_000_000,
            MemoryMebibytes = 256,
            ExecutorPay = 100,
            VerifierPay = 5,
            StoragePay = 30,
            AnswerCommitment = new Digest(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)),
            Windows = new JobWindows(2, 29, 600 * patience, 300 * patience, 2400, 400 * patience, 20),
        };
        var posted = await net.SubmitAsync(requester, new JobPost(terms), cancel).ConfigureAwait(false);
        story.Line($"job {posted.Subject}");
        story.Line($"run {string.Join(' ', options.Arguments)} on data that stays where it is: {executors} executors, {agreeing} equal results, 4 verifiers' seats");
        return posted.Subject;
    }

    // A window that this machine was too busy to keep is another's chance on a real network; here the job is posted again, and given twice the time for evidence, votes and reveals; tickets have the longest window that the ledger's rules allow.
    private async Task<JobView> UntilAsync(DevNetwork net, Func<uint, Task<Digest>> post, Func<JobView, bool> shown, CancellationToken cancel)
    {
        var patience = 1u;
        for (var attempt = 1; ; attempt++, patience *= 2)
        {
            var view = await FollowAsync(net, await post(patience).ConfigureAwait(false), cancel).ConfigureAwait(false);
            if (attempt == PostsMax || shown(view))
            {
                return view;
            }

            story.Line($"not every node kept its windows on this busy machine ({view.Outcome}): the job is posted again, with more time");
        }
    }

    private static bool WasJudged(JobView view, DevnetNode node) => view.Rounds.SelectMany(round => round.Executors).Any(executor => executor.Node == node.Keys.Address && executor.Votes.Length > 0);

    private async Task<JobView> FollowAsync(DevNetwork net, Digest job, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(90));
        await foreach (var entry in net.Ledger.EventsAsync(0, limit.Token).ConfigureAwait(false))
        {
            if (entry.Event.Job != job)
            {
                continue;
            }

            if (Tell(net, entry.Event) is { } words)
            {
                story.Line(words);
            }

            if (entry.Event.Kind == EventKind.Closed)
            {
                break;
            }
        }

        return (await net.Ledger.JobAsync(job, cancel).ConfigureAwait(false))!;
    }

    private static string? Tell(DevNetwork net, LedgerEvent e) => e.Kind switch
    {
        EventKind.JobPosted => $"escrowed; the beacon of height {e.Number} will draw",
        EventKind.ExecutorDrawn => $"drawn by its VRF ticket to execute: {Name(net, e.Account)}",
        EventKind.VerifierDrawn => $"drawn to verify: {Name(net, e.Account)} ({e.Number} seats)",
        EventKind.EvidencePublished => $"{Name(net, e.Account)} published evidence {Short(e.Data)}, bound to this job and to keys that its enclave just made",
        EventKind.Admitted => $"the quorum admitted {Name(net, e.Account)}",
        EventKind.NotAdmitted => $"the quorum refused {Name(net, e.Account)}",
        EventKind.Released => $"a keeper released a key to the enclave of {Name(net, e.Account)}",
        EventKind.Denied => $"a keeper denied: {(DenyReason)e.Number}",
        EventKind.Committed => $"{Name(net, e.Account)} ran the program and committed to its result",
        EventKind.Revealed => $"{Name(net, e.Account)} revealed; its receipt is number {e.Number} of the log",
        EventKind.Failed => $"{Name(net, e.Account)} said, signed, that it cannot: {(FailReason)e.Number}",
        EventKind.Agreed => $"results agree: {Short(e.Data)}",
        EventKind.Closed => $"closed: {(JobOutcome)e.Number}",
        _ => null,
    };

    private async Task<ImmutableSortedDictionary<string, byte[]>> ReadOutputAsync(DevNetwork net, PartyKeys requester, JobView view, CancellationToken cancel)
    {
        story.Chapter("The requester opens the result, and verifies the receipt offline");
        var (round, winner) = Winner(view);
        var bytes = await net.DropBox.GetAsync(view.Id, DropNames.Receipt(round.Index, winner.Node, winner.Result!.Statement.Receipt), cancel).ConfigureAwait(false)
            ?? throw new InvalidOperationException("The receipt is not in the drop box.");
        var fault = JobReceipt.Verify(bytes.Span, winner.Evidence!.ReceiptKey.Span);
        if (fault != CoseFault.None || !JobReceipt.TryDecode(bytes.Span, out var receipt, out _) || receipt!.Job != view.Id || Digest.Of(bytes.Span) != winner.Result!.Statement.Receipt)
        {
            throw new InvalidOperationException($"The receipt does not verify ({fault}).");
        }

        await File.WriteAllBytesAsync(Path.Combine(options.Folder, "receipt.cose"), bytes.ToArray(), cancel).ConfigureAwait(false);
        story.Line($"the receipt's signature is that of the admitted enclave: exit {receipt.Exit}, fuel {receipt.Fuel}, {receipt.Engine}, {receipt.Guards.Length} guard verdicts");
        foreach (var guard in receipt.Guards)
        {
            story.Line($"the guard said {guard.Verdict}: {guard.Struck} bytes about small groups were struck out");
        }

        using var peers = new GatewaySource(net.Gateways);
        var output = await new OutputReader(peers).OpenAsync(receipt.Output, requester.Sealing, cancel).ConfigureAwait(false);
        foreach (var (path, content) in output)
        {
            var file = Path.Combine(options.Folder, "output", path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, content, cancel).ConfigureAwait(false);
            story.Line($"{path}, {content.Length} bytes, opened with the requester's key alone:");
            foreach (var line in Encoding.UTF8.GetString(content).Split('\n').Take(6))
            {
                story.Line("    " + line);
            }
        }

        return output;
    }

    // Not always of the last round: an audit or a redraw may have followed.
    private static (RoundView Round, ExecutorView Executor) Winner(JobView view) => view.Rounds
        .SelectMany(round => round.Executors.Where(executor => executor.Result?.Statement.Tag is { } tag && tag == view.AgreedTag).Select(executor => (round, executor)))
        .Append((null!, null!)).First() is { round: not null } found ? found
        : throw new InvalidOperationException($"The job ended without a result: {view.Outcome}.");

    private async Task RefuseTamperedAsync(DevNetwork net, JobView view, CancellationToken cancel)
    {
        var (round, winner) = Winner(view);
        var bytes = (await net.DropBox.GetAsync(view.Id, DropNames.Receipt(round.Index, winner.Node, winner.Result!.Statement.Receipt), cancel).ConfigureAwait(false))!.Value.ToArray();
        bytes[bytes.Length / 2] ^= 1;
        var fault = JobReceipt.Verify(bytes, winner.Evidence!.ReceiptKey.Span);
        Refused("tampered result", fault.ToString(), "a receipt with one bit changed does not verify");
    }

    private async Task RefuseLargeOutputAsync(DevNetwork net, PartyKeys requester, PublishedContent code, PublishedContent data, ImmutableArray<Digest> offers, CancellationToken cancel)
    {
        story.Line("a second job asks for twice the output that the policy allows:");
        var view = await UntilAsync(
            net, patience => PostAsync(net, requester, code, data, offers, 2 * options.OutputBytesMax, 3, 2, patience, cancel), closed => closed.Outcome == JobOutcome.KeyDenied, cancel).ConfigureAwait(false);
        Refused("larger output", view.Outcome.ToString(), "the data owner's keeper did not release the key; the escrow went back");
    }

    private void Refused(string what, string word, string words)
    {
        _refusals[what] = word;
        story.Line($"refused: {words} ({word})");
    }

    private async Task ExplainAsync(DevNetwork net, IReadOnlyList<PartyKeys> people, JobView view, CancellationToken cancel)
    {
        foreach (var (name, address) in people.Select(person => (person.Name, person.Address)).Concat(net.Nodes.Select(node => (node.Keys.Name, node.Keys.Address))))
        {
            var lines = await net.Ledger.ExplainAsync(address, view.Id, 100, cancel).ConfigureAwait(false);
            if (lines.Length > 0)
            {
                story.Line($"{name}: {string.Join("; ", lines.Reverse().Select(line => $"{line.Reason} {line.Amount}"))}");
            }
        }
    }

    private static async Task<HashSet<Cid>> BodyBlocksAsync(IBlockSource store, Cid body, CancellationToken cancel)
    {
        var blocks = new HashSet<Cid> { body };
        var waiting = new Stack<Cid>([body]);
        while (waiting.TryPop(out var cid))
        {
            if (cid.Codec == Multicodec.DagPb && await store.GetAsync(cid, cancel).ConfigureAwait(false) is { } block && DagPb.TryDecode(block.Data, out var node, out _))
            {
                foreach (var link in node.Links.Where(link => blocks.Add(link.Cid)))
                {
                    waiting.Push(link.Cid);
                }
            }
        }

        return blocks;
    }

    // Somebody changed the enclave of this node: the machine's own list says so, or, where evidence is simulated, its statement does.
    private static async Task<OtherEnclaveAttester?> OtherEnclaveAsync(DevnetNode node, CancellationToken cancel)
    {
        if (node.Proof.Tpm is not { } tpm)
        {
            return new OtherEnclaveAttester(Convert.FromHexString(node.Proof.Chip.Value));
        }

        await SoftwareIma.AppendAsync(tpm, new MeasuredFile("/enclave/" + EnclaveImage.Executable, Digest.Of("an enclave that somebody changed"u8)), node.Proof.ImaList, cancel).ConfigureAwait(false);
        return null;
    }

    private static string Name(DevNetwork net, Address address) => net.Nodes.FirstOrDefault(node => node.Keys.Address == address)?.Keys.Name ?? address.ToString();

    private static string Short(Digest digest) => digest.ToString()[..12];
}
