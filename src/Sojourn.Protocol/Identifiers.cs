using Sojourn.Primitives;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol;

/// <summary>Every digest that the state machine itself computes or compares, in one place.</summary>
public static class Identifiers
{
    /// <summary>A job's id: digest of the signed post.</summary>
    /// <param name="genesis">The ledger.</param>
    /// <param name="requester">Who posted.</param>
    /// <param name="nonce">The post's nonce.</param>
    /// <param name="terms">SHA-256 of the post's encoding.</param>
    public static Digest Job(in Digest genesis, in Address requester, ulong nonce, in Digest terms) =>
        new ProtocolHash("sojourn/job/1").Add(genesis).Add(requester).Add(nonce).Add(terms).Finish();

    /// <summary>An offer's id.</summary>
    /// <param name="genesis">The ledger.</param>
    /// <param name="owner">Who published it.</param>
    /// <param name="nonce">The transaction's nonce.</param>
    public static Digest Offer(in Digest genesis, in Address owner, ulong nonce) =>
        new ProtocolHash("sojourn/offer/1").Add(genesis).Add(owner).Add(nonce).Finish();

    /// <summary>A batch's id.</summary>
    /// <param name="genesis">The ledger.</param>
    /// <param name="poster">Who posted it.</param>
    /// <param name="nonce">The transaction's nonce.</param>
    public static Digest Batch(in Digest genesis, in Address poster, ulong nonce) =>
        new ProtocolHash("sojourn/batch/1").Add(genesis).Add(poster).Add(nonce).Finish();

    /// <summary>The VRF's input for a ticket: nothing in it is the prover's choice.</summary>
    /// <param name="genesis">The ledger (chain id and contract on an EVM chain are part of its digest).</param>
    /// <param name="job">The job.</param>
    /// <param name="role">The role.</param>
    /// <param name="round">The round.</param>
    /// <param name="beacon">The round's beacon.</param>
    public static Digest TicketAlpha(in Digest genesis, in Digest job, DrawRole role, byte round, in Digest beacon) =>
        new ProtocolHash("sojourn/ticket/1").Add(genesis).Add(job).Add((ulong)role).Add(round).Add(beacon).Finish();

    /// <summary>An admission's id.</summary>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    /// <param name="executor">The executor.</param>
    /// <param name="evidence">The digest of the evidence that was accepted.</param>
    public static Digest Admission(in Digest job, byte round, in Address executor, in Digest evidence) =>
        new ProtocolHash("sojourn/admission/1").Add(job).Add(round).Add(executor).Add(evidence).Finish();

    /// <summary>The salted digest in a vote, which nobody else can use.</summary>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    /// <param name="executor">Whose evidence.</param>
    /// <param name="voter">Who votes.</param>
    /// <param name="appraisal">The appraisal's digest.</param>
    /// <param name="salt">The voter's salt.</param>
    public static Digest Appraisal(in Digest job, byte round, in Address executor, in Address voter, in Digest appraisal, in Digest salt) =>
        new ProtocolHash("sojourn/appraisal/1").Add(job).Add(round).Add(executor).Add(voter).Add(appraisal).Add(salt).Finish();

    /// <summary>A hiding commitment to a result.</summary>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    /// <param name="executor">The executor.</param>
    /// <param name="statement">The result.</param>
    /// <param name="nonce">32 random bytes.</param>
    public static Digest Commitment(in Digest job, byte round, in Address executor, ResultStatement statement, in Digest nonce) =>
        new ProtocolHash("sojourn/commit/1").Add(job).Add(round).Add(executor).Add(statement.Tag).Add(statement.Exit).Add(statement.Fuel)
            .Add(statement.Output).Add(statement.Receipt).Add(nonce).Finish();

    /// <summary>What an enclave's receipt key signs for the ledger.</summary>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    /// <param name="executor">The executor.</param>
    /// <param name="statement">The result.</param>
    public static Digest Statement(in Digest job, byte round, in Address executor, ResultStatement statement) =>
        new ProtocolHash("sojourn/statement/1").Add(job).Add(round).Add(executor).Add(statement.Tag).Add(statement.Exit).Add(statement.Fuel)
            .Add(statement.Output).Add(statement.Receipt).Finish();

    /// <summary>The commitment to a proof of possession in a ticket.</summary>
    /// <param name="node">The node.</param>
    /// <param name="proof">HMAC(beacon ‖ node, leaf bytes).</param>
    public static Digest Possession(in Address node, in Digest proof) =>
        new ProtocolHash("sojourn/possession/1").Add(node).Add(proof).Finish();

    /// <summary>The commitment to a known answer in a job's terms.</summary>
    /// <param name="output">The digest of the right output.</param>
    /// <param name="salt">32 random bytes.</param>
    public static Digest KnownAnswer(in Digest output, in Digest salt) =>
        new ProtocolHash("sojourn/answer/1").Add(output).Add(salt).Finish();

    /// <summary>The mark that planted evidence carries where report data should be.</summary>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    /// <param name="executor">The executor that plants.</param>
    /// <param name="salt">32 random bytes.</param>
    public static Digest PlantMark(in Digest job, byte round, in Address executor, in Digest salt) =>
        new ProtocolHash("sojourn/plant/1").Add(job).Add(round).Add(executor).Add(salt).Finish();

    /// <summary>The commitment to a contribution to the beacon.</summary>
    /// <param name="node">The node.</param>
    /// <param name="epoch">The epoch in which it is shown.</param>
    /// <param name="secret">The contribution.</param>
    public static Digest BeaconContribution(in Address node, ulong epoch, in Digest secret) =>
        new ProtocolHash("sojourn/beacon-commit/1").Add(node).Add(epoch).Add(secret).Finish();

    /// <summary>Whether a job is audited: the draw of its audit beacon, in parts of a million.</summary>
    /// <param name="beacon">The audit's beacon.</param>
    /// <param name="job">The job.</param>
    public static uint AuditDraw(in Digest beacon, in Digest job)
    {
        var value = new ProtocolHash("sojourn/audit/1").Add(beacon).Add(job).Finish();
        return (uint)(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(value.AsSpan()) % 1_000_000);
    }

    /// <summary>The input of a sequencer's VRF for the beacon of a height: nothing in it is the sequencer's choice at that moment.</summary>
    /// <param name="genesis">The ledger.</param>
    /// <param name="height">The height.</param>
    /// <param name="previous">The beacon before.</param>
    /// <param name="mix">The contributions of nodes so far.</param>
    public static Digest BeaconAlpha(in Digest genesis, ulong height, in Digest previous, in Digest mix) =>
        new ProtocolHash("sojourn/beacon-alpha/1").Add(genesis).Add(height).Add(previous).Add(mix).Finish();

    /// <summary>The beacon from the sequencer's VRF value and the contributions.</summary>
    /// <param name="output">The VRF's value.</param>
    /// <param name="mix">The contributions.</param>
    public static Digest Beacon(in Digest output, in Digest mix) => new ProtocolHash("sojourn/beacon/1").Add(output).Add(mix).Finish();

    /// <summary>One leaf of a payment batch.</summary>
    /// <param name="batch">The batch's poster.</param>
    /// <param name="index">The leaf's number.</param>
    /// <param name="to">Who is paid.</param>
    /// <param name="amount">How much.</param>
    /// <param name="details">What for.</param>
    public static Digest BatchLeaf(in Address batch, uint index, in Address to, Amount amount, in Digest details) =>
        new ProtocolHash("sojourn/batch-leaf/1").Add(batch).Add(index).Add(to).Add(amount).Add(details).Finish();
}
