using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Ledger.Embedded;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Benchmarks.Ledger;

/// <summary>Whole lives of jobs with 3 executors and 4 verifiers, signed once with real keys and played against fresh ledgers as often as wanted.</summary>
/// <remarks>The beacon is a function of genesis and keys, so a second ledger with the same keys draws the same nodes.</remarks>
internal sealed class RecordedWorkload : IDisposable
{
    private const int Nodes = 14;
    private const int Requesters = 16;
    private readonly VrfPrivateKey _beaconKey = VrfPrivateKey.Generate();
    private readonly P256Signer _sequencer = P256Signer.Generate();
    private readonly P256Signer[] _requesters = [.. Enumerable.Range(0, Requesters).Select(_ => P256Signer.Generate())];
    private readonly P256Signer[] _nodes = [.. Enumerable.Range(0, Nodes).Select(_ => P256Signer.Generate())];
    private readonly VrfPrivateKey[] _vrf = [.. Enumerable.Range(0, Nodes).Select(_ => VrfPrivateKey.Generate())];
    private readonly ReceiptKey[] _receipts = [.. Enumerable.Range(0, Nodes).Select(_ => ReceiptKey.Generate())];
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-bench-").FullName;
    private int _databases;

    public RecordedWorkload(bool onChallenge) => Genesis = new LedgerGenesis
    {
        Name = "bench",
        Development = true,
        Issuer = _requesters[0].Address,
        VrfOnChallenge = onChallenge,
        Sequencers = [new Sequencer(_sequencer.Address, _beaconKey.Public.Bytes)],
        Allocations = [.. _requesters.Select(requester => new Allocation(requester.Address, 1_000_000_000_000)), .. _nodes.Select(node => new Allocation(node.Address, 10_000_000))],
        Rules = new LedgerRules { AuditFloor = 0 },
    };

    public LedgerGenesis Genesis { get; }

    /// <summary>Transactions by wave and stage; between stages a height passes.</summary>
    public List<List<SignedTransaction>> Stages { get; } = [];

    public int Jobs { get; private set; }

    public IEnumerable<SignedTransaction> All => Stages.SelectMany(stage => stage);

    public EmbeddedLedger Fresh()
    {
        var path = Path.Combine(_folder, $"{_databases++}.db");
        EmbeddedLedger.Create(path, Genesis);
        return EmbeddedLedger.Open(new EmbeddedLedgerOptions { Path = path, Sequencer = _sequencer, BeaconKey = new EcVrfProver(_beaconKey), Clocked = false, SnapshotBlocks = 0 });
    }

    public async Task RecordAsync(int waves, int jobsPerWave)
    {
        await using var ledger = Fresh();
        var nonces = new ulong[Requesters];
        var registrations = _nodes.Select((node, i) => Sign(ledger, node, new NodeRegister(
            new NodeProfile { VrfKey = _vrf[i].Public.Bytes, Chip = Digest.Of([(byte)i]), Level = TrustLevel.Simulated, MemoryMebibytes = 1024 }, 5_000_000))).ToList();
        await Stage(ledger, registrations);
        var content = Cid.ForRaw([1]);
        var terms = new JobTerms
        {
            Spec = content, Code = content, Executors = 3, Agreeing = 2, Verifiers = 4, LevelMin = TrustLevel.Simulated, ExecutorPay = 1000, VerifierPay = 20,
            Windows = new JobWindows(2, 3, 4, 4, 6, 3, 4),
        };
        for (var wave = 0; wave < waves; wave++)
        {
            var posts = Enumerable.Range(0, jobsPerWave).Select(i => Sign(ledger, _requesters[i % Requesters], new JobPost(terms), nonces[i % Requesters]++)).ToList();
            var ids = (await Stage(ledger, posts)).Select(result => result.Subject).ToList();
            Jobs += jobsPerWave;
            await Stage(ledger, []);
            await Stage(ledger, await Each(ids, id => Tickets(ledger, id)));
            await Stage(ledger, []);
            await Stage(ledger, []);
            await Stage(ledger, []);
            await Stage(ledger, await Each(ids, id => Act(ledger, id, static (self, l, job, node, i) => job.Round.Executors.Any(seat => seat.Node == node.Address) ? self.Evidence(l, job, node, i) : null)));
            await Stage(ledger, await Each(ids, id => Act(ledger, id, static (self, l, job, node, i) => job.Round.Verifiers.Any(seat => seat.Node == node.Address) ? self.Votes(l, job, node) : null)));
            await Stage(ledger, await Each(ids, id => Act(ledger, id, static (self, l, job, node, i) => job.Round.Executors.Any(seat => seat.Node == node.Address) ? self.Commit(l, job, node) : null)));
            await Stage(ledger, await Each(ids, id => Act(ledger, id, static (self, l, job, node, i) => job.Round.Executors.Any(seat => seat.Node == node.Address) ? self.Reveal(l, job, node, i) : null)));
            await Stage(ledger, await Each(ids, id => Act(ledger, id, static (self, l, job, node, i) => job.Round.Verifiers.Any(seat => seat.Node == node.Address) ? self.Open(l, job, node) : null)));
            foreach (var id in ids)
            {
                var job = (await ledger.JobAsync(id))!;
                if (job.Outcome != JobOutcome.Succeeded || job.Phase != JobPhase.Closed)
                {
                    throw new InvalidOperationException($"A recorded job ended in {job.Phase}, {job.Outcome}.");
                }
            }
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<List<SubmitResult>> Stage(EmbeddedLedger ledger, List<SignedTransaction> transactions)
    {
        Stages.Add(transactions);
        // Handed in by one thread, so that each account's nonces keep their order.
        var results = await Task.WhenAll(transactions.ConvertAll(transaction => ledger.SubmitAsync(transaction).AsTask()));
        if (Array.FindIndex(results, result => !result.Applied) is var at and >= 0)
        {
            throw new InvalidOperationException($"{transactions[at].Body.Kind}: {results[at].Refusal}");
        }

        await ledger.AdvanceAsync();
        return [.. results];
    }

    private static async Task<List<SignedTransaction>> Each(List<Digest> ids, Func<Digest, Task<List<SignedTransaction>>> make)
    {
        var all = new List<SignedTransaction>();
        foreach (var id in ids)
        {
            all.AddRange(await make(id));
        }

        return all;
    }

    // Three nodes enter for executors and four others for verifiers: seven proofs a job.
    private async Task<List<SignedTransaction>> Tickets(EmbeddedLedger ledger, Digest id)
    {
        var transactions = new List<SignedTransaction>();
        var from = id.AsSpan()[0] % Nodes;
        for (var k = 0; k < 7; k++)
        {
            var i = (from + k) % Nodes;
            var role = k < 3 ? DrawRole.Executor : DrawRole.Verifier;
            var invitation = await ledger.InvitationAsync(id, role, _nodes[i].Address);
            var proof = new EcVrfProver(_vrf[i]).Prove(invitation.Alpha!.Value, out var value);
            transactions.Add(Sign(ledger, _nodes[i], new Ticket(id, 0, role, value, proof, [.. UnitDraw.Best(value, 1000, invitation.UnitsMax)], Digest.Zero)));
        }

        return transactions;
    }

    private async Task<List<SignedTransaction>> Act(EmbeddedLedger ledger, Digest id, Func<RecordedWorkload, EmbeddedLedger, Protocol.Views.JobView, P256Signer, int, Transaction?> make)
    {
        var job = (await ledger.JobAsync(id))!;
        var transactions = new List<SignedTransaction>();
        for (var i = 0; i < Nodes; i++)
        {
            if (make(this, ledger, job, _nodes[i], i) is { } body)
            {
                transactions.Add(Sign(ledger, _nodes[i], body));
            }
        }

        return transactions;
    }

    private static SignedTransaction Sign(EmbeddedLedger ledger, P256Signer signer, Transaction body, ulong nonce = 0) => SignedTransaction.Create(body, nonce, ledger.GenesisDigest, signer);

    private EvidencePublish Evidence(EmbeddedLedger ledger, Protocol.Views.JobView job, P256Signer node, int i)
    {
        _ = ledger;
        var bytes = node.Address.ToArray();
        return new EvidencePublish(job.Id, 0, Cid.ForRaw(bytes), Digest.Of(bytes), new byte[65], _receipts[i].PublicKey, Digest.Zero);
    }

    private static Digest AppraisalOf(Address executor) => Digest.Of(executor.AsSpan());

    private VoteCast Votes(EmbeddedLedger ledger, Protocol.Views.JobView job, P256Signer node)
    {
        _ = (ledger, this);
        return new VoteCast(job.Id, 0, [.. job.Round.Executors.OrderBy(seat => seat.Node).Select(seat => new Vote(seat.Node, VoteVerdict.Accept, Identifiers.Appraisal(job.Id, 0, seat.Node, node.Address, AppraisalOf(seat.Node), job.Id)))]);
    }

    private AppraisalOpen Open(EmbeddedLedger ledger, Protocol.Views.JobView job, P256Signer node)
    {
        _ = (ledger, this);
        return new AppraisalOpen(job.Id, 0, [.. job.Round.Executors.OrderBy(seat => seat.Node).Select(seat => new Opening(seat.Node, AppraisalOf(seat.Node), job.Id))]);
    }

    private static ResultStatement StatementOf(Digest job) => new(SHA256.HashData(job.AsSpan()) is var hash ? new Digest(hash) : default, 0, 1000, job, job);

    private ResultCommit Commit(EmbeddedLedger ledger, Protocol.Views.JobView job, P256Signer node)
    {
        _ = (ledger, this);
        return new ResultCommit(job.Id, 0, Identifiers.Commitment(job.Id, 0, node.Address, StatementOf(job.Id), job.Id));
    }

    private ResultReveal Reveal(EmbeddedLedger ledger, Protocol.Views.JobView job, P256Signer node, int i)
    {
        _ = ledger;
        return new ResultReveal(job.Id, 0, StatementOf(job.Id), job.Id, _receipts[i].Sign(Identifiers.Statement(job.Id, 0, node.Address, StatementOf(job.Id))), Cid.ForRaw([2]));
    }
}
