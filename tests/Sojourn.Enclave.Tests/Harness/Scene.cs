using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Content.Dag;
using Sojourn.Content.Import;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Guards;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Sealing;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave.Tests.Harness;

/// <summary>Owners, their sealed content, one job, and an honest keeper: everything around an enclave but the host.</summary>
internal sealed class Scene : IDisposable
{
    private readonly Dictionary<Cid, (Cid Policy, SecretKey Key)> _sealed = [];

    public MemoryBlocks Blocks { get; } = new();

    public PartyKeys Owner { get; } = PartyKeys.Generate("owner");

    public PartyKeys Requester { get; } = PartyKeys.Generate("requester");

    public Digest Genesis { get; } = Digest.Of("genesis"u8);

    public Digest Beacon { get; init; } = Digest.Of("beacon"u8);

    public Address Executor { get; } = new(new byte[20]);

    public JobSpec Spec { get; set; } = new() { Name = "test" };

    public ImmutableArray<Cid> Guards { get; set; } = [];

    public ulong FuelMax { get; set; } = 1_000_000_000;

    public uint MemoryMebibytes { get; set; } = 64;

    public Cid Code { get; set; } = null!;

    public ulong Nonce { get; init; } = 7;

    public IEnumerable<SecretKey> Keys => _sealed.Values.Select(entry => entry.Key);

    /// <summary>Plain content.</summary>
    public Cid Plain(ReadOnlySpan<byte> bytes) => UnixFsImporter.ImportAsync(new MemoryStream(bytes.ToArray()), Blocks, null).AsTask().GetAwaiter().GetResult().Root;

    /// <summary>A guard with its arguments.</summary>
    public Cid Guard(byte[] module, params string[] arguments) => Plain(GuardArguments.Embed(module, arguments));

    /// <summary>Sealed code, with a policy that allows everything that this scene asks for.</summary>
    public Cid SealedCode(byte[] bytes, Func<AppPolicy, AppPolicy>? change = null)
    {
        var policy = new AppPolicy { Title = "code", Owner = Owner.Address, NotBefore = DateTimeOffset.UnixEpoch, NotAfter = DateTimeOffset.UnixEpoch.AddYears(100), AnyRequester = true, OutputMayRevealCode = true };
        return Seal(SignedPolicy.Sign(change?.Invoke(policy) ?? policy, Owner.Identity), sink => Options(sink, options => SealedDag.SealFileAsync(new MemoryStream(bytes), options, Blocks)));
    }

    /// <summary>Sealed code that the owner answers for: the policy lists its body.</summary>
    public Cid VouchedCode(byte[] bytes, PartyKeys? appOwner = null, Func<Cid, ImmutableArray<Cid>>? listed = null)
    {
        var owner = appOwner ?? Owner;
        SignedPolicy? policy = null;
        SignedPolicy Sign(Cid body) => policy = SignedPolicy.Sign(
            new AppPolicy
            {
                Title = "code", Owner = owner.Address, NotBefore = DateTimeOffset.UnixEpoch, NotAfter = DateTimeOffset.UnixEpoch.AddYears(100), AnyRequester = true, OutputMayRevealCode = true,
                Code = listed?.Invoke(body) ?? [body],
            },
            owner.Identity);
        var made = new Publisher(Blocks).SealAppAsync(new MemoryStream(bytes), Sign, [Owner.Sealing.Public], null, CancellationToken.None).GetAwaiter().GetResult();
        Remember(made.Content, made.Policy);
        return made.Content;
    }

    /// <summary>Other code, sealed by whoever likes under a policy that was signed for something else.</summary>
    public Cid CodeUnder(Cid policy, byte[] bytes)
    {
        using var result = SealedDag.SealFileAsync(new MemoryStream(bytes), new SealingOptions { Recipients = [Owner.Sealing.Public], Policy = policy }, Blocks).AsTask().GetAwaiter().GetResult();
        Remember(result.Cid, policy);
        return result.Cid;
    }

    /// <summary>The policy that a sealed content names.</summary>
    public Cid PolicyOf(Cid content) => _sealed[content].Policy;

    /// <summary>The content key, as its custodians' dealer has it.</summary>
    public SecretKey KeyOf(Cid content) => _sealed[content].Key;

    /// <summary>A sealed file, for this scene's code.</summary>
    public Cid SealedData(byte[] bytes, Func<DataPolicy, DataPolicy>? change = null) =>
        Seal(DataPolicyOf(change), sink => Options(sink, options => SealedDag.SealFileAsync(new MemoryStream(bytes), options, Blocks)));

    /// <summary>A sealed directory, for this scene's code.</summary>
    public Cid SealedFolder(params (string Path, byte[] Content)[] files) =>
        Seal(DataPolicyOf(null), sink => Options(sink, options => SealedDag.SealDirectoryAsync(
            [.. files.Select(file => new SealedDirectorySource(file.Path, SealedEntryKind.File, () => new MemoryStream(file.Content)))], options, Blocks)));

    public Assignment Assign(Func<JobTerms, JobTerms>? change = null)
    {
        Blocks.PutAsync(Block.Create(Multicodec.DagCbor, Spec.Encode())).AsTask().GetAwaiter().GetResult();
        var terms = new JobTerms
        {
            Spec = Spec.Cid,
            Code = Code,
            Inputs = [.. Spec.Inputs.Select(input => input.Content)],
            FuelMax = FuelMax,
            MemoryMebibytes = MemoryMebibytes,
            LevelMin = TrustLevel.Simulated,
        };
        Post = SignedTransaction.WithoutSignature(Requester.Address, Nonce, new JobPost(change?.Invoke(terms) ?? terms));
        Job = Identifiers.Job(Genesis, Requester.Address, Nonce, Post.BodyDigest);
        return new Assignment(Genesis, Post.Encoded, Beacon, 0, Executor, DateTimeOffset.UnixEpoch.AddYears(50));
    }

    public SignedTransaction Post { get; private set; } = null!;

    public Digest Job { get; private set; }

    /// <summary>The honest keeper: keys to an enclave whose binding says this job, this beacon, this executor, these policies and its own two keys, and to nothing else.</summary>
    public Releases? Release(EnclaveIdentity identity)
    {
        var expected = new JobBinding
        {
            Genesis = Genesis.ToArray(),
            Beacon = Beacon.ToArray(),
            JobId = Job.ToArray(),
            Executor = Executor.ToArray(),
            Round = 0,
            PolicyCids = [.. PoliciesOfJob().Select(policy => (ReadOnlyMemory<byte>)policy.Bytes.ToArray())],
            HpkeKey = identity.HpkeKey,
            ReceiptKey = identity.ReceiptKey,
        };
        if (!JobBinding.TryDecode(identity.Binding, out var stated) || !ReportData.Compute(stated!).Bytes.SequenceEqual(ReportData.Compute(expected).Bytes)
            || !HpkePublicKey.TryImport(HpkeKem.P256, identity.HpkeKey.Span, out var enclave))
        {
            return null;
        }

        var evidence = Digest.Of(identity.Binding.Span);
        var admission = Identifiers.Admission(Job, 0, Executor, evidence);
        return new Releases(admission, evidence, [.. ContentsOfJob().Where(_sealed.ContainsKey).Select(cid => new ReleasedKey(cid, Wrap(enclave!, cid, admission)))]);
    }

    public byte[] Wrap(HpkePublicKey enclave, Cid content, Digest admission, Digest? job = null, Cid? policy = null, SecretKey? key = null) =>
        KeyWrap.WrapWithoutGrant(enclave, KeyWrap.Info(job ?? Job, admission, policy ?? _sealed[content].Policy, content), key ?? _sealed[content].Key);

    /// <summary>What the requester reads.</summary>
    public async Task<ImmutableSortedDictionary<string, byte[]>> OpenAsync(Cid output, MemoryBlocks stored) =>
        await new OutputReader(stored).OpenAsync(output, Requester.Sealing, CancellationToken.None);

    public void Dispose()
    {
        foreach (var key in Keys)
        {
            key.Dispose();
        }

        Owner.Dispose();
        Requester.Dispose();
    }

    private IEnumerable<Cid> ContentsOfJob() => [Code, .. Spec.Libraries.Select(library => library.Content), .. Spec.Inputs.Select(input => input.Content)];

    private IEnumerable<Cid> PoliciesOfJob() => ContentsOfJob().Where(_sealed.ContainsKey).Distinct().Select(cid => _sealed[cid].Policy);

    private SignedPolicy DataPolicyOf(Func<DataPolicy, DataPolicy>? change)
    {
        var policy = new DataPolicy
        {
            Title = "data",
            Owner = Owner.Address,
            NotBefore = DateTimeOffset.UnixEpoch,
            NotAfter = DateTimeOffset.UnixEpoch.AddYears(100),
            AnyRequester = true,
            Code = [Code],
            Output = new OutputRule { BytesMax = 16 << 20, AnyRecipient = true, Public = true, Guards = Guards },
        };
        return SignedPolicy.Sign(change?.Invoke(policy) ?? policy, Owner.Identity);
    }

    private void Remember(Cid content, Cid policy)
    {
        var block = Blocks.GetAsync(content).AsTask().GetAwaiter().GetResult()!;
        if (SealedHeader.TryDecode(block.Data.Span, out var header) != SealedFault.None || header!.TryOpenKey(Owner.Sealing, out var key) != SealedFault.None)
        {
            throw new InvalidOperationException("what was just sealed does not open");
        }

        _sealed[content] = (policy, key!);
    }

    private Cid Seal(SignedPolicy policy, Func<Cid, ValueTask<SealedResult>> seal)
    {
        Blocks.PutAsync(new Block(policy.Cid, policy.Block)).AsTask().GetAwaiter().GetResult();
        using var result = seal(policy.Cid).AsTask().GetAwaiter().GetResult();
        using var lease = result.ContentKey.Lend();
        _sealed[result.Cid] = (policy.Cid, SecretKey.CopyOf(lease.Span));
        return result.Cid;
    }

    private ValueTask<SealedResult> Options(Cid policy, Func<SealingOptions, ValueTask<SealedResult>> seal) =>
        seal(new SealingOptions { Recipients = [Owner.Sealing.Public], Policy = policy });

    public static byte[] Probe { get; } = File.ReadAllBytes(Path.Combine(Testing.Vectors.Checkout, "guests", "probe", "probe.wasm"));

    public static byte[] RandomBytes(int length) => RandomNumberGenerator.GetBytes(length);
}
