using Sojourn.Content;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Enclave.Tests.Harness;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave.Tests.Channel;

/// <summary>A host that knows the protocol well and lies in one thing at a time: each lie has its name in the answer.</summary>
public sealed class HostileHostTests : IDisposable
{
    private readonly HostileScene _scene = new();

    [Fact]
    public async Task The_honest_host_gets_a_sealed_answer_that_the_requester_opens()
    {
        var output = await _scene.Scene.OpenAsync(_scene.Honest.Outcome!.Output, _scene.Honest.Stored);
        Assert.Equal(_scene.Data, output["o"]);
    }

    public static TheoryData<string> Lies => [.. Wrapped.Keys];

    /// <summary>What is released instead of the true keys.</summary>
    private static readonly Dictionary<string, Func<HostileScene, EnclaveIdentity, Releases, Releases>> Wrapped = new(StringComparer.Ordinal)
    {
        ["keys of an earlier enclave"] = (scene, _, now) => now with { Keys = Releases.Decode(scene.Honest.Sent[^2].Type == MessageType.Releases ? scene.Honest.Sent[^2].Payload : scene.Honest.Sent.Last(sent => sent.Type == MessageType.Releases).Payload).Keys },
        ["keys for another job"] = (scene, identity, now) => Each(scene, identity, now, (enclave, cid) => scene.Scene.Wrap(enclave, cid, now.Admission, job: Digest.Of("another job"u8))),
        ["keys for another admission"] = (scene, identity, now) => Each(scene, identity, now, (enclave, cid) => scene.Scene.Wrap(enclave, cid, Digest.Of("another admission"u8))),
        ["keys for another policy"] = (scene, identity, now) => Each(scene, identity, now, (enclave, cid) => scene.Scene.Wrap(enclave, cid, now.Admission, policy: Cid.ForRaw("another policy"u8))),
        ["a key that the host made"] = (scene, identity, now) => Each(scene, identity, now, (enclave, cid) =>
        {
            using var key = SecretKey.Random();
            return scene.Scene.Wrap(enclave, cid, now.Admission, key: key);
        }),
        ["the keys of two contents exchanged"] = (_, _, now) => now with { Keys = [new ReleasedKey(now.Keys[0].Content, now.Keys[1].WrappedKey), new ReleasedKey(now.Keys[1].Content, now.Keys[0].WrappedKey)] },
        ["no keys"] = (_, _, now) => now with { Keys = [] },
        ["one key only"] = (_, _, now) => now with { Keys = [now.Keys[0]] },
        ["an admission of another evidence"] = (_, _, now) => now with { EvidenceDigest = Digest.Of("another evidence"u8) },
        ["an admission of another executor"] = (scene, _, now) => now with { Admission = Identifiers.Admission(scene.Scene.Job, 0, new Address(Enumerable.Repeat((byte)9, 20).ToArray()), now.EvidenceDigest) },
        ["an admission of another round"] = (scene, _, now) => now with { Admission = Identifiers.Admission(scene.Scene.Job, 1, scene.Scene.Executor, now.EvidenceDigest) },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void Keys_that_are_not_for_this_enclave_job_admission_policy_and_content_open_nothing(string lie)
    {
        var ending = new Host(_scene.Scene) { Release = identity => Wrapped[lie](_scene, identity, _scene.Scene.Release(identity)!) }.Run();
        _scene.AssertNothingObtained(ending);
        Assert.Null(ending.Outcome);
        Assert.True(ending.Refusal!.Reason is FailReason.KeyMissing or FailReason.ContentBroken or FailReason.Enclave, ending.Refusal.Words);
    }

    [Fact]
    public void Another_block_under_a_true_name_is_refused_by_name()
    {
        for (var i = 0; i < _scene.Honest.Sent.Count; i++)
        {
            if (_scene.Honest.Sent[i].Type != MessageType.BlockReply)
            {
                continue;
            }

            var other = _scene.Honest.Sent.Where(sent => sent.Type == MessageType.BlockReply).Select(sent => sent.Payload).First(payload => !payload.AsSpan().SequenceEqual(_scene.Honest.Sent[i].Payload));
            foreach (var lie in (byte[][])[other, [1], [1, .. other[1..^1]], [0], [2, .. _scene.Honest.Sent[i].Payload[1..]], []])
            {
                var target = i;
                var ending = new Host(_scene.Scene) { Tamper = (number, type, payload) => [Host.Encode(type, number == target ? lie : payload)] }.Run();
                _scene.AssertNothingObtained(ending);
                Assert.Null(ending.Outcome);
                Assert.True(ending.Refusal!.Reason is FailReason.ContentBroken or FailReason.ContentUnavailable, ending.Refusal.Words);
            }
        }
    }

    /// <summary>To a guest a failed read is an error that it may survive. What it makes of it is never signed: else the host would choose what the guest has read.</summary>
    [Fact]
    public void A_read_that_the_host_makes_fail_never_ends_in_a_signed_result()
    {
        // The last blocks come while the guest runs.
        var last = _scene.Honest.Sent.Select((sent, i) => (sent, i)).Last(pair => pair.sent.Type == MessageType.BlockReply).i;
        foreach (var lie in (byte[][])[Host.Encode(MessageType.Abort, []), [255, 255, 255, 255, 7], Host.Encode(MessageType.BlockReply, [0])])
        {
            var ending = new Host(_scene.Scene) { Tamper = (number, type, payload) => [number == last ? lie : Host.Encode(type, payload)] }.Run();
            _scene.AssertNothingObtained(ending);
            Assert.Null(ending.Outcome);
        }
    }

    /// <summary>A host that posts a job of its own to a true enclave learns nothing: the binding names that job, and no keeper answers.</summary>
    [Fact]
    public void An_assignment_of_the_hosts_own_gets_no_key()
    {
        var scene = _scene.Scene;
        var honest = scene.Assign();
        var job = scene.Job;
        foreach (var lie in (Assignment[])
        [
            honest with { Genesis = Digest.Of("another ledger"u8) },
            honest with { Beacon = Digest.Of("another beacon"u8) },
            honest with { Round = 3 },
            honest with { Executor = new Address(Enumerable.Repeat((byte)1, 20).ToArray()) },
            honest with { Post = SignedTransaction.WithoutSignature(scene.Owner.Address, 7, scene.Post.Body).Encoded },
            honest with { Post = SignedTransaction.WithoutSignature(scene.Requester.Address, 8, scene.Post.Body).Encoded },
            honest with { Post = SignedTransaction.WithoutSignature(scene.Requester.Address, 7, new JobPost(((JobPost)scene.Post.Body).Terms with { FuelMax = 2 })).Encoded },
        ])
        {
            // What was released for the true job is all that this host has.
            var ending = new Host(scene) { Release = identity => scene.Release(identity) ?? Releases.Decode(_scene.Honest.Sent.Last(sent => sent.Type == MessageType.Releases).Payload) }.Run(lie);
            _scene.AssertNothingObtained(ending);
            Assert.Null(ending.Outcome);
            Assert.True(ending.Refusal!.Reason is FailReason.KeyMissing or FailReason.Enclave, ending.Refusal.Words);
        }

        Assert.Equal(job, scene.Job);
    }

    [Fact]
    public void A_specification_that_is_not_the_jobs_own_is_refused()
    {
        var scene = _scene.Scene;
        var honest = ((JobPost)scene.Post.Body).Terms;
        var ending = new Host(scene).Run(scene.Assign(terms => terms with { Inputs = [honest.Code] }));
        Assert.Equal(FailReason.PolicyRefused, ending.Refusal!.Reason);
        Assert.DoesNotContain(ending.Sent, sent => sent.Type == MessageType.Releases);
    }

    [Fact]
    public void A_policy_that_does_not_allow_the_output_is_kept_inside_even_when_a_keeper_released()
    {
        // The keeper of this scene releases without looking; the enclave looks.
        foreach (var (name, change) in new (string, Func<DataPolicy, DataPolicy>)[]
        {
            ("size", policy => policy with { Output = policy.Output with { BytesMax = 16 } }),
            ("code", policy => policy with { Code = [Cid.ForRaw("another program"u8)] }),
            ("recipients", policy => policy with { Output = policy.Output with { AnyRecipient = false, Public = false, Recipients = [_scene.Scene.Owner.Sealing.Public.Bytes] } }),
            ("requester", policy => policy with { AnyRequester = false, Requesters = [_scene.Scene.Owner.Address] }),
        })
        {
            using var scene = new Scene();
            scene.Code = scene.SealedCode(CopyGuest.Module);
            var input = scene.SealedData(_scene.Data, change);
            scene.Spec = _scene.Scene.Spec with { Inputs = [new JobInput("table", input, true)] };
            var ending = new Host(scene).Run();
            Assert.Null(ending.Outcome);
            Assert.True(ending.Refusal!.Reason == FailReason.PolicyRefused, $"{name}: {ending.Refusal.Words}");
            Assert.True(ending.Said.AsSpan().IndexOf("MARKER"u8) < 0);
        }
    }

    [Fact]
    public void Sealed_code_that_is_no_module_or_cannot_be_linked_tells_nothing_of_itself()
    {
        foreach (var code in (byte[][])
        [
            [.. "not a module, but a secret: MARKER-CODE-PLANTED"u8],
            Wasm.Text.Wat.ToBinary($"""(module (import "MARKER-CODE-PLANTED" "secret" (func)) (func (export "_start")))"""),
            Wasm.Text.Wat.ToBinary($"""(module (func (export "MARKER-CODE-PLANTED")))"""),
        ])
        {
            using var scene = new Scene();
            scene.Code = scene.SealedCode(code);
            scene.Spec = new JobSpec { Name = "x" };
            var ending = new Host(scene).Run();
            Assert.Equal(FailReason.CodeInvalid, ending.Refusal!.Reason);
            Assert.True(ending.Said.AsSpan().IndexOf("MARKER"u8) < 0, ending.Refusal.Words);
        }
    }

    [Fact]
    public async Task Content_sealed_without_a_policy_is_refused_before_any_key_is_asked_for()
    {
        using var scene = new Scene();
        scene.Code = scene.SealedCode(CopyGuest.Module);
        using var result = await Protocol.Sealing.SealedDag.SealFileAsync(new MemoryStream(_scene.Data), new Cryptography.Sealing.SealingOptions { Recipients = [scene.Owner.Sealing.Public] }, scene.Blocks);
        scene.Spec = new JobSpec { Name = "x", Inputs = [new JobInput("table", result.Cid, true)] };
        var ending = new Host(scene).Run();
        Assert.Equal(FailReason.PolicyRefused, ending.Refusal!.Reason);
        Assert.DoesNotContain(ending.Sent, sent => sent.Type == MessageType.Releases);
    }

    public void Dispose() => _scene.Dispose();

    private static Releases Each(HostileScene scene, EnclaveIdentity identity, Releases now, Func<HpkePublicKey, Cid, byte[]> wrap)
    {
        Assert.True(HpkePublicKey.TryImport(HpkeKem.P256, identity.HpkeKey.Span, out var enclave));
        return now with { Keys = [.. now.Keys.Select(key => new ReleasedKey(key.Content, wrap(enclave!, key.Content)))] };
    }
}
