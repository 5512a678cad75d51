using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.Transactions;

/// <summary>Kinds of transactions; the numbers are part of the encoding.</summary>
public enum TransactionKind : byte
{
    /// <summary>Moves free tokens to another account.</summary>
    Transfer = 1,

    /// <summary>The issuer creates tokens against a deposit made elsewhere.</summary>
    Deposit = 2,

    /// <summary>Destroys free tokens; the issuer pays them out elsewhere.</summary>
    Withdraw = 3,

    /// <summary>Registers a node or changes its profile.</summary>
    NodeRegister = 4,

    /// <summary>Stakes free tokens.</summary>
    StakeAdd = 5,

    /// <summary>Asks for stake back.</summary>
    StakeUnbond = 6,

    /// <summary>Publishes an offer.</summary>
    OfferPublish = 7,

    /// <summary>Withdraws an offer from new jobs.</summary>
    OfferWithdraw = 8,

    /// <summary>Posts a job with its escrow.</summary>
    JobPost = 9,

    /// <summary>Cancels a job whose beacon is not known yet.</summary>
    JobCancel = 10,

    /// <summary>Posts the Merkle root of a batch of payments agreed off the ledger.</summary>
    BatchPost = 11,

    /// <summary>A node's ticket in a draw.</summary>
    Ticket = 20,

    /// <summary>A drawn executor's evidence.</summary>
    EvidencePublish = 21,

    /// <summary>A drawn verifier's votes.</summary>
    VoteCast = 22,

    /// <summary>Opens the appraisals behind votes.</summary>
    AppraisalOpen = 23,

    /// <summary>A keeper records a release.</summary>
    ReleaseRecord = 24,

    /// <summary>A keeper records that it will not release.</summary>
    ReleaseDeny = 25,

    /// <summary>An executor commits to its result.</summary>
    ResultCommit = 26,

    /// <summary>An executor shows its result.</summary>
    ResultReveal = 27,

    /// <summary>An executor says, signed, that it cannot run the job.</summary>
    ResultFail = 28,

    /// <summary>A verifier's judgement of the result by the checker module.</summary>
    Judge = 29,

    /// <summary>The reviewer accepts or rejects.</summary>
    Review = 30,

    /// <summary>The requester opens the known answer.</summary>
    KnownAnswerOpen = 31,

    /// <summary>An executor shows that its evidence was planted and bad.</summary>
    PlantOpen = 32,

    /// <summary>Challenges the VRF proof of a ticket.</summary>
    TicketChallenge = 33,

    /// <summary>Shows two contradictory messages signed by one node.</summary>
    EquivocationProof = 34,

    /// <summary>Claims one payment of a batch.</summary>
    BatchClaim = 35,

    /// <summary>Pays matured credits out.</summary>
    Payout = 36,

    /// <summary>Drives a job whose time has come; anyone may, unsigned.</summary>
    Drive = 37,

    /// <summary>A node's hidden contribution to the next epoch's beacon.</summary>
    BeaconCommit = 38,

    /// <summary>Shows the contribution committed an epoch earlier.</summary>
    BeaconReveal = 39,

    /// <summary>Frees stake whose unbonding time is over; anyone may, unsigned.</summary>
    StakeClaim = 40,

    /// <summary>Gives the unclaimed rest of a batch back; anyone may, unsigned.</summary>
    BatchClose = 41,
}

/// <summary>What a transaction does, without who sends it.</summary>
public abstract record Transaction
{
    private protected Transaction()
    {
    }

    /// <summary>The kind.</summary>
    public abstract TransactionKind Kind { get; }

    /// <summary>Whether the sender's nonce orders it. Messages that belong to one slot of a job need none: the slot itself stops a replay, and a node need not order its work on parallel jobs.</summary>
    public bool IsNonced => Kind <= TransactionKind.BatchPost;

    /// <summary>Whether anyone may submit it without an account: what it does follows from the state alone.</summary>
    public bool MayBeUnsigned => Kind is TransactionKind.Drive or TransactionKind.Payout or TransactionKind.StakeClaim or TransactionKind.BatchClaim or TransactionKind.BatchClose;
}

/// <summary>Moves free tokens.</summary>
/// <param name="To">The receiver.</param>
/// <param name="Amount">How much.</param>
public sealed record Transfer(Address To, Amount Amount) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.Transfer;
}

/// <summary>Creates tokens against a deposit.</summary>
/// <param name="To">The receiver.</param>
/// <param name="Amount">How much.</param>
/// <param name="Reference">The digest of the deposit's papers; each counts once.</param>
public sealed record Deposit(Address To, Amount Amount, Digest Reference) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.Deposit;
}

/// <summary>Destroys free tokens that the issuer pays out elsewhere.</summary>
/// <param name="Amount">How much.</param>
/// <param name="Reference">Where to pay, as a digest.</param>
public sealed record Withdraw(Amount Amount, Digest Reference) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.Withdraw;
}

/// <summary>Registers or updates a node.</summary>
/// <param name="Profile">What it says of itself.</param>
/// <param name="Stake">Free tokens to stake besides.</param>
public sealed record NodeRegister(NodeProfile Profile, Amount Stake) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.NodeRegister;
}

/// <summary>Stakes more.</summary>
/// <param name="Amount">How much.</param>
public sealed record StakeAdd(Amount Amount) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.StakeAdd;
}

/// <summary>Asks for stake back after the unbonding delay.</summary>
/// <param name="Amount">How much.</param>
public sealed record StakeUnbond(Amount Amount) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.StakeUnbond;
}

/// <summary>Publishes an offer; its id is <see cref="Identifiers.Offer"/>.</summary>
/// <param name="Terms">The terms.</param>
public sealed record OfferPublish(OfferTerms Terms) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.OfferPublish;
}

/// <summary>Withdraws an offer; jobs already posted go on.</summary>
/// <param name="Offer">The offer.</param>
public sealed record OfferWithdraw(Digest Offer) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.OfferWithdraw;
}

/// <summary>Posts a job; its id is <see cref="Identifiers.Job"/>.</summary>
/// <param name="Terms">The terms.</param>
public sealed record JobPost(JobTerms Terms) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.JobPost;
}

/// <summary>Cancels a job before its beacon is known.</summary>
/// <param name="Job">The job.</param>
public sealed record JobCancel(Digest Job) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.JobCancel;
}

/// <summary>Posts a batch of payments; see <see cref="Settlement.PaymentBatch"/>.</summary>
/// <param name="Root">The Merkle root of its leaves.</param>
/// <param name="Count">How many leaves.</param>
/// <param name="Total">Their sum, taken from the poster's free tokens.</param>
/// <param name="Jobs">How many jobs it settles.</param>
public sealed record BatchPost(Digest Root, uint Count, Amount Total, uint Jobs) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.BatchPost;
}

/// <summary>A ticket: the VRF value of one node for one role in one round, and which of the node's stake units it enters.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Role">Executor or verifier.</param>
/// <param name="Output">The VRF's value.</param>
/// <param name="Proof">The VRF's proof.</param>
/// <param name="Units">Unit numbers below the node's units, ascending: one for an executor, up to the committee's size for a verifier.</param>
/// <param name="Possession">Commitment to the proof of possession; zero where the node does not claim to hold the inputs.</param>
public sealed record Ticket(Digest Job, byte Round, DrawRole Role, Digest Output, ReadOnlyMemory<byte> Proof, ImmutableArray<uint> Units, Digest Possession) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.Ticket;
}

/// <summary>Evidence of a drawn executor's enclave; one per ticket.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Evidence">The evidence as content.</param>
/// <param name="EvidenceDigest">SHA-256 of the evidence's bytes.</param>
/// <param name="HpkeKey">The enclave's HPKE public key, at most 133 bytes.</param>
/// <param name="ReceiptKey">The enclave's receipt public key, compressed P-256, 33 bytes.</param>
/// <param name="Possession">The opened proof of possession; zero where none was claimed.</param>
public sealed record EvidencePublish(Digest Job, byte Round, Cid Evidence, Digest EvidenceDigest, ReadOnlyMemory<byte> HpkeKey, ReadOnlyMemory<byte> ReceiptKey, Digest Possession) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.EvidencePublish;
}

/// <summary>A verifier's verdict on one executor's evidence.</summary>
public enum VoteVerdict : byte
{
    /// <summary>Genuine and acceptable.</summary>
    Accept = 1,

    /// <summary>Not genuine: a signature, chain or format is wrong.</summary>
    NotGenuine = 2,

    /// <summary>Genuine, and not acceptable under the policies.</summary>
    NotAcceptable = 3,

    /// <summary>Bound to another job, beacon or key.</summary>
    NotBound = 4,

    /// <summary>The proof of possession is wrong.</summary>
    NoPossession = 5,

    /// <summary>The evidence could not be fetched.</summary>
    Unavailable = 6,
}

/// <summary>One vote.</summary>
/// <param name="Executor">Whose evidence.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Appraisal">The appraisal's salted digest; see <see cref="Identifiers.Appraisal"/>.</param>
public sealed record Vote(Address Executor, VoteVerdict Verdict, Digest Appraisal);

/// <summary>A verifier's votes on one round.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Votes">At most one for each executor of the round.</param>
public sealed record VoteCast(Digest Job, byte Round, ImmutableArray<Vote> Votes) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.VoteCast;
}

/// <summary>One opened appraisal.</summary>
/// <param name="Executor">Whose evidence.</param>
/// <param name="Appraisal">The appraisal's digest, unsalted.</param>
/// <param name="Salt">The salt.</param>
public sealed record Opening(Address Executor, Digest Appraisal, Digest Salt);

/// <summary>Opens the appraisals behind a verifier's votes, once voting on those executors is closed.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Openings">At most one for each executor of the round.</param>
public sealed record AppraisalOpen(Digest Job, byte Round, ImmutableArray<Opening> Openings) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.AppraisalOpen;
}

/// <summary>A keeper's record of a key released to an admitted enclave.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Executor">The executor.</param>
/// <param name="Offer">Under which offer.</param>
/// <param name="Admission">The admission the keeper checked.</param>
/// <param name="WrappedKey">The digest of the wrapped key, which itself goes through the job's drop box.</param>
public sealed record ReleaseRecord(Digest Job, byte Round, Address Executor, Digest Offer, Digest Admission, Digest WrappedKey) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.ReleaseRecord;
}

/// <summary>Why a keeper did not release.</summary>
public enum DenyReason : byte
{
    /// <summary>The policy does not allow this job.</summary>
    Policy = 1,

    /// <summary>The keeper's own check of the evidence failed.</summary>
    Evidence = 2,

    /// <summary>The keeper's count of uses is used up.</summary>
    Uses = 3,

    /// <summary>The owner has withdrawn consent.</summary>
    Withdrawn = 4,

    /// <summary>The keeper cannot at the moment.</summary>
    Unavailable = 5,
}

/// <summary>A keeper's record that it will not release.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Executor">The executor.</param>
/// <param name="Offer">Under which offer.</param>
/// <param name="Reason">Why.</param>
public sealed record ReleaseDeny(Digest Job, byte Round, Address Executor, Digest Offer, DenyReason Reason) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.ReleaseDeny;
}

/// <summary>A hiding commitment to a result; see <see cref="Identifiers.Commitment"/>.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Commitment">The commitment.</param>
public sealed record ResultCommit(Digest Job, byte Round, Digest Commitment) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.ResultCommit;
}

/// <summary>What an enclave says came out; what is compared is <see cref="Tag"/> and <see cref="Exit"/>.</summary>
/// <param name="Tag">HMAC(k, output), with k from the released keys and the job.</param>
/// <param name="Exit">The guest's exit code, or a trap's number with the top bit set.</param>
/// <param name="Fuel">Fuel burnt.</param>
/// <param name="Output">The digest of the output's CID.</param>
/// <param name="Receipt">SHA-256 of the receipt (COSE_Sign1).</param>
public sealed record ResultStatement(Digest Tag, uint Exit, ulong Fuel, Digest Output, Digest Receipt);

/// <summary>An executor's result.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Statement">The result.</param>
/// <param name="Nonce">What hid the commitment; zero where the round needed none.</param>
/// <param name="EnclaveSignature">The receipt key's signature over <see cref="Identifiers.Statement"/>, 64 bytes.</param>
/// <param name="ReceiptContent">Where the receipt bundle is.</param>
public sealed record ResultReveal(Digest Job, byte Round, ResultStatement Statement, Digest Nonce, ReadOnlyMemory<byte> EnclaveSignature, Cid ReceiptContent) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.ResultReveal;
}

/// <summary>Why an executor cannot run a job.</summary>
public enum FailReason : byte
{
    /// <summary>Content could not be fetched.</summary>
    ContentUnavailable = 1,

    /// <summary>A block does not match its CID, or a seal does not open.</summary>
    ContentBroken = 2,

    /// <summary>A key did not arrive in time.</summary>
    KeyMissing = 3,

    /// <summary>The code is not a valid module.</summary>
    CodeInvalid = 4,

    /// <summary>The code passes this engine's limits.</summary>
    CodeTooLarge = 5,

    /// <summary>A policy or guard refused the job.</summary>
    PolicyRefused = 6,

    /// <summary>The machine is short of memory or disk. From here on a reason is the machine's own: it says nothing of the job, and others are drawn instead.</summary>
    Resources = 7,

    /// <summary>The enclave could not be started, or was lost.</summary>
    Enclave = 8,
}

/// <summary>A signed FAIL: a result, and never slashed.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Reason">Why.</param>
public sealed record ResultFail(Digest Job, byte Round, FailReason Reason) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.ResultFail;
}

/// <summary>A verifier's judgement of the agreed result by the checker module.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round whose committee judges.</param>
/// <param name="Accept">Whether the checker accepted.</param>
/// <param name="Report">The digest of the checker's report.</param>
public sealed record Judge(Digest Job, byte Round, bool Accept, Digest Report) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.Judge;
}

/// <summary>A review of the agreed result.</summary>
/// <param name="Job">The job.</param>
/// <param name="Accept">Whether it is accepted.</param>
public sealed record Review(Digest Job, bool Accept) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.Review;
}

/// <summary>Opens a known answer; see <see cref="Identifiers.KnownAnswer"/>.</summary>
/// <param name="Job">The job.</param>
/// <param name="Output">The digest of the right output.</param>
/// <param name="Salt">The commitment's salt.</param>
public sealed record KnownAnswerOpen(Digest Job, Digest Output, Digest Salt) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.KnownAnswerOpen;
}

/// <summary>Shows that evidence was planted: its report data field holds <see cref="Identifiers.PlantMark"/> instead of the job's report data.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Salt">The mark's salt.</param>
/// <param name="Evidence">The evidence's bytes, whose digest was published.</param>
public sealed record PlantOpen(Digest Job, byte Round, Digest Salt, ReadOnlyMemory<byte> Evidence) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.PlantOpen;
}

/// <summary>Challenges the VRF proof of a ticket that has not been checked.</summary>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Role">The role.</param>
/// <param name="Node">Whose ticket.</param>
public sealed record TicketChallenge(Digest Job, byte Round, DrawRole Role, Address Node) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.TicketChallenge;
}

/// <summary>Two messages of one node for one slot that say different things.</summary>
/// <param name="First">One signed transaction.</param>
/// <param name="Second">The other.</param>
public sealed record EquivocationProof(ReadOnlyMemory<byte> First, ReadOnlyMemory<byte> Second) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.EquivocationProof;
}

/// <summary>Claims one leaf of a batch.</summary>
/// <param name="Batch">The batch's id.</param>
/// <param name="Index">The leaf's number.</param>
/// <param name="To">Who is paid.</param>
/// <param name="Amount">How much.</param>
/// <param name="Details">The digest of what it is for.</param>
/// <param name="Path">The Merkle path, leaf to root.</param>
public sealed record BatchClaim(Digest Batch, uint Index, Address To, Amount Amount, Digest Details, ImmutableArray<Digest> Path) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.BatchClaim;
}

/// <summary>Gives the rest of a batch back once its claims are over.</summary>
/// <param name="Batch">The batch.</param>
public sealed record BatchClose(Digest Batch) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.BatchClose;
}

/// <summary>Pays matured credits to accounts.</summary>
/// <param name="Accounts">At most 64.</param>
public sealed record Payout(ImmutableArray<Address> Accounts) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.Payout;
}

/// <summary>Drives a job over a deadline that has passed.</summary>
/// <param name="Job">The job.</param>
public sealed record Drive(Digest Job) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.Drive;
}

/// <summary>A hidden contribution to the next epoch's beacon.</summary>
/// <param name="Epoch">The epoch in which it will be shown: the one after the present.</param>
/// <param name="Commitment">See <see cref="Identifiers.BeaconContribution"/>.</param>
public sealed record BeaconCommit(ulong Epoch, Digest Commitment) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.BeaconCommit;
}

/// <summary>Shows a contribution.</summary>
/// <param name="Epoch">The present epoch.</param>
/// <param name="Secret">The contribution.</param>
public sealed record BeaconReveal(ulong Epoch, Digest Secret) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.BeaconReveal;
}

/// <summary>Frees stake whose unbonding is over.</summary>
/// <param name="Account">Whose.</param>
public sealed record StakeClaim(Address Account) : Transaction
{
    /// <inheritdoc/>
    public override TransactionKind Kind => TransactionKind.StakeClaim;
}
