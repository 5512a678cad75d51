using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Attestation;
using Sojourn.Attestation.Tpm;
using Sojourn.Content;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Verifying;

/// <summary>What a verifier or a keeper found of one executor's evidence.</summary>
/// <param name="Verdict">The vote that follows.</param>
/// <param name="Appraisal">The digest of the full appraisal.</param>
/// <param name="Words">The first reason against; empty where accepted.</param>
/// <param name="Results">The appraisal under each policy, by the policy's CID.</param>
internal sealed record EvidenceFinding(VoteVerdict Verdict, Digest Appraisal, string Words, ImmutableDictionary<Cid, AttestationResult> Results)
{
    /// <summary>The machine's key that works in the quoted state alone; null where the evidence brings none.</summary>
    public byte[]? MachineKey { get; init; }

    /// <summary>Wraps what is wrapped to the enclave to the machine's key besides, where there is one.</summary>
    /// <param name="wrapped">The key, wrapped to the enclave.</param>
    public byte[] ForMachine(byte[] wrapped) => MachineKey is { } machine ? MachineWrap.Wrap(machine, wrapped) : wrapped;
}

/// <summary>Checks an executor's evidence as every relying party does for itself: genuine, bound to this job and these keys, and acceptable under each owner's policy.</summary>
/// <param name="ledger">The ledger.</param>
/// <param name="content">Where policies come from.</param>
/// <param name="dropBox">Where evidence comes from.</param>
/// <param name="collateral">Roots and collateral.</param>
/// <param name="held">What the checking node holds itself: it checks others' proofs of possession by it. Null, or without the inputs, leaves them unchecked: fetching the data to check would move it.</param>
internal sealed class EvidenceCheck(ILedger ledger, IBlockSource content, IDropBox dropBox, Collateral collateral, IBlockSource? held = null)
{
    private static readonly ReasonCode[] NotBound =
    [
        ReasonCode.ReportDataMismatch, ReasonCode.GenesisMismatch, ReasonCode.BeaconMismatch, ReasonCode.JobMismatch, ReasonCode.ExecutorMismatch,
        ReasonCode.RoundMismatch, ReasonCode.PolicyMismatch, ReasonCode.EnclaveKeyMismatch, ReasonCode.ReceiptKeyMismatch,
    ];

    /// <summary>Checks one executor.</summary>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    /// <param name="executor">The executor; its evidence is published.</param>
    /// <param name="now">The instant of verification.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task<EvidenceFinding> CheckAsync(JobView job, RoundView round, ExecutorView executor, DateTimeOffset now, CancellationToken cancel)
    {
        try
        {
            return await CheckNowAsync(job, round, executor, now, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or TimeoutException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            return Finding(VoteVerdict.Unavailable, "the drop box or a gateway does not answer", []);
        }
    }

    private async Task<EvidenceFinding> CheckNowAsync(JobView job, RoundView round, ExecutorView executor, DateTimeOffset now, CancellationToken cancel)
    {
        var published = executor.Evidence!;
        var bytes = await dropBox.GetAsync(job.Id, DropNames.Evidence(round.Index, executor.Node, published.EvidenceDigest), cancel).ConfigureAwait(false);
        if (bytes is not { } encoded || Digest.Of(encoded.Span) != published.EvidenceDigest)
        {
            return Finding(VoteVerdict.Unavailable, "the evidence is not to be had, or is not what was published", []);
        }

        if (!Evidence.TryDecode(encoded, out var evidence))
        {
            return Finding(VoteVerdict.NotGenuine, "the evidence is not in the form it should be", []);
        }

        if (await PoliciesAsync(job, cancel).ConfigureAwait(false) is not { } policies)
        {
            return Finding(VoteVerdict.Unavailable, "a policy is not to be had", []);
        }

        // A place won by holding the inputs must be proved to those who can check it without moving them.
        if (executor.Local && (round.Beacon is not { } beacon
            || (await Possession.RecomputeAsync(held, content, executor.Node, beacon, job, cancel).ConfigureAwait(false) is { } proof && proof != published.Possession)))
        {
            return Finding(VoteVerdict.NoPossession, "the proof of holding the inputs is not what the chosen leaves give", []);
        }

        var expected = ReportData.Compute(new JobBinding
        {
            Genesis = ledger.GenesisDigest.ToArray(),
            Beacon = (round.Beacon ?? Digest.Zero).ToArray(),
            JobId = job.Id.ToArray(),
            Executor = executor.Node.ToArray(),
            Round = round.Index,
            PolicyCids = [.. policies.Select(policy => (ReadOnlyMemory<byte>)policy.Cid.Bytes.ToArray())],
            HpkeKey = published.HpkeKey,
            ReceiptKey = published.ReceiptKey,
        });
        var verdict = Verifier.Verify(evidence!, collateral, now);
        var results = ImmutableDictionary.CreateBuilder<Cid, AttestationResult>();
        foreach (var policy in policies)
        {
            results[policy.Cid] = Appraiser.Appraise(verdict, evidence!, policy.Policy.Proof.ToAppraisalPolicy(policy.Policy.Title, ledger.Genesis.Development), expected, now);
        }

        var own = Appraiser.Appraise(verdict, evidence!, Baseline(job.Terms), expected, now);
        var node = await ledger.NodeAsync(executor.Node, cancel).ConfigureAwait(false);
        return Judge(own, results.ToImmutable(), node) with { MachineKey = MachineKey.PointOf(evidence!) };
    }

    /// <summary>The signed policies that govern a job's sealed contents, or null where one is not to be had.</summary>
    /// <param name="job">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task<IReadOnlyList<SignedPolicy>?> PoliciesAsync(JobView job, CancellationToken cancel)
    {
        var policies = new Dictionary<Cid, SignedPolicy>();
        foreach (var id in job.Terms.Offers)
        {
            if (await ledger.OfferAsync(id, cancel).ConfigureAwait(false) is not { } offer)
            {
                return null;
            }

            if (!offer.Terms.Sealed || offer.Terms.Policy is not { } cid || policies.ContainsKey(cid))
            {
                continue;
            }

            if (await content.GetAsync(cid, cancel).ConfigureAwait(false) is not { } block || SignedPolicy.TryDecode(block.Data.Span, out var policy) != PolicyFault.None)
            {
                return null;
            }

            policies[cid] = policy!;
        }

        return [.. policies.Values];
    }

    // What the job's terms ask for by themselves; owners' policies come on top, and name the measurements.
    private AppraisalPolicy Baseline(JobTerms terms) => new()
    {
        Name = "job",
        MinimumLevel = terms.LevelMin,
        Kinds = terms.LevelMin == TrustLevel.Simulated ? [.. Enum.GetValues<EvidenceKind>()] : [],
        DevelopmentLedger = ledger.Genesis.Development,
        AnyMeasurement = true,
        MinimumCustody = terms.CustodyMin,
        RequireRevocation = false,
        // Which files may run is the owners' word too: a list that came along was checked against its register already.
        RequireIma = false,
    };

    private static EvidenceFinding Judge(AttestationResult own, ImmutableDictionary<Cid, AttestationResult> results, NodeView? node)
    {
        var all = results.Values.Prepend(own).ToList();
        var against = all.FirstOrDefault(result => !result.Accepted || !result.Genuine);
        if (against is not null)
        {
            var bound = !NotBound.Any(against.Has);
            var words = against.Reasons.IsEmpty ? "refused" : against.Reasons[0].Words;
            return Finding(!against.Genuine ? VoteVerdict.NotGenuine : bound ? VoteVerdict.NotAcceptable : VoteVerdict.NotBound, words, results);
        }

        return node is null || node.Profile.Chip != ChipKey.Of(own.Chip)
            ? Finding(VoteVerdict.NotAcceptable, "the evidence comes from another chip than the node's profile names", results)
            : Finding(VoteVerdict.Accept, "", results);
    }

    private static EvidenceFinding Finding(VoteVerdict verdict, string words, ImmutableDictionary<Cid, AttestationResult> results)
    {
        // Digest of what was found under each policy, in an order that every verifier has.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("sojourn/appraisal-body/1"u8);
        hash.AppendData([(byte)verdict]);
        hash.AppendData(Encoding.UTF8.GetBytes(words));
        foreach (var (cid, result) in results.OrderBy(pair => pair.Key))
        {
            hash.AppendData(cid.Bytes);
            hash.AppendData(result.PolicyDigest.Span);
            hash.AppendData(result.EvidenceDigest.Span);
            hash.AppendData(result.CollateralDigest.Span);
            hash.AppendData([(byte)(result.Accepted ? 1 : 0)]);
        }

        return new EvidenceFinding(verdict, new Digest(hash.GetHashAndReset()), words, results);
    }
}
