using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave;

/// <summary>
/// Plays one job that does nothing before the first real one is asked for: what the runtime loads and compiles at first use is then loaded and compiled while the process waits in
/// the pool, not while somebody waits for an answer. The host's part comes from a script; nothing is read or sent, and the keys are thrown away.
/// </summary>
internal static class Rehearsal
{
    // (module (memory (export "memory") 1) (func (export "_start")))
    private static ReadOnlySpan<byte> Nothing =>
    [
        0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01,
        0x07, 0x13, 0x02, 0x06, 0x6D, 0x65, 0x6D, 0x6F, 0x72, 0x79, 0x02, 0x00, 0x06, 0x5F, 0x73, 0x74, 0x61, 0x72, 0x74, 0x00, 0x00,
        0x0A, 0x04, 0x01, 0x02, 0x00, 0x0B,
    ];

    /// <summary>Plays it.</summary>
    public static void Play()
    {
        using var requester = HpkePrivateKey.Generate();
        Rehearse(requester);
        // A plain job needs no keys; opening one is rehearsed apart.
        using var key = SecretKey.Random();
        var content = Cid.ForRaw(Nothing);
        var info = KeyWrap.Info(default, default, content, content);
        KeyWrap.Open(requester, info, KeyWrap.WrapWithoutGrant(requester.Public, info, key), out var opened);
        opened?.Dispose();
    }

    private static void Rehearse(HpkePrivateKey requester)
    {
        var spec = new JobSpec { Name = "rehearsal", Recipients = [requester.Public.Bytes] }.Encode();
        var terms = new JobTerms { Spec = Cid.ForDagCbor(spec), Code = Cid.ForRaw(Nothing) };
        var post = SignedTransaction.WithoutSignature(default, 0, new JobPost(terms));
        var job = Identifiers.Job(default, default, 0, post.BodyDigest);
        var script = new MemoryStream();
        var host = new SyncChannel(Stream.Null, script);
        host.Send(MessageType.Assignment, new Assignment(default, post.Encoded, default, 0, default, DateTimeOffset.UnixEpoch).Encode());
        host.Send(MessageType.BlockReply, [1, .. spec]);
        host.Send(MessageType.Releases, new Releases(Identifiers.Admission(job, 0, default, default), default, []).Encode());
        host.Send(MessageType.BlockReply, [1, .. Nothing]);
        script.Position = 0;
        new Session(new SyncChannel(script, Stream.Null)).Run();
    }
}
