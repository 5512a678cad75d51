using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Node;
using Sojourn.Node.Executing;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Jobs.Tests.Cheating;

/// <summary>A node without an enclave, as long as it is told to be one.</summary>
internal sealed class ForgingConduct : NodeConduct
{
    public bool Forges { get; set; } = true;

    public override Task<IEnclaveRun> StartEnclaveAsync(NodeContext node, CancellationToken cancel) =>
        Forges ? Task.FromResult<IEnclaveRun>(new ForgedEnclave()) : base.StartEnclaveAsync(node, cancel);
}

/// <summary>No enclave at all: keys of the node's own and a result out of nothing. Simulated evidence cannot tell; other executors can.</summary>
internal sealed class ForgedEnclave : IEnclaveRun
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly HpkePrivateKey _hpke = HpkePrivateKey.Generate();
    private Assignment? _assignment;
    private Digest _job;

    public Task<EnclaveIdentity> AssignAsync(Assignment assignment, CancellationToken cancel)
    {
        Assert.Equal(Refusal.None, SignedTransaction.TryDecode(assignment.Post.Span, out var signed));
        _assignment = assignment;
        _job = Identifiers.Job(assignment.Genesis, signed!.Sender, signed.Nonce, signed.BodyDigest);
        var binding = new JobBinding
        {
            Genesis = assignment.Genesis.ToArray(),
            Beacon = assignment.Beacon.ToArray(),
            JobId = _job.ToArray(),
            Executor = assignment.Executor.ToArray(),
            Round = assignment.Round,
            PolicyCids = [],
            HpkeKey = _hpke.Public.Bytes,
            ReceiptKey = ReceiptKeys.Compress(_key),
        };
        return Task.FromResult(new EnclaveIdentity(_hpke.Public.Bytes, ReceiptKeys.Compress(_key), binding.Encode(), []));
    }

    public Task<Outcome> ExecuteAsync(Releases releases, EnclaveListener listener, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> receipt = "a receipt out of nothing"u8.ToArray();
        var statement = new ResultStatement(Digest.Of("the answer that was wanted"u8), 0, 1000, Digest.Of("an output"u8), Digest.Of(receipt.Span));
        var signature = _key.SignHash(Identifiers.Statement(_job, _assignment!.Round, _assignment.Executor, statement).AsSpan());
        return Task.FromResult(new Outcome(statement, signature, Cid.ForRaw("an output"u8), receipt));
    }

    public ValueTask DisposeAsync()
    {
        _key.Dispose();
        _hpke.Dispose();
        return ValueTask.CompletedTask;
    }
}
