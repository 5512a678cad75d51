// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The market's ledger
/// @notice One interface over all parts of the ledger: accounts, stakes, offers, jobs, draws, votes, results, settlement.
/// @dev The rules are those of the state machine that `docs/protocol/ledger.md` describes; numbers of reasons, phases, events and lines are the same. The block's number is the
/// height. Messages that belong to a slot of a job are EIP-712 messages of their authors and may be brought by anyone, many at once; where one of several is refused the
/// others still count, and the refused one is reported by an event of kind 0. Where all are refused, the call reverts with the first one's reason.
interface ISojournLedger {
    // ----------------------------------------------------------------------------------------------------------------- errors and events

    /// @notice The call was refused; nothing has changed.
    /// @param reason The number of the reason, as in the state machine.
    error Refused(uint8 reason);

    /// @notice Less (or more) arrived than was said: a token that takes a fee on transfers is not taken.
    /// @param wanted What should have arrived, in the token's smallest units.
    /// @param arrived What did.
    error WrongAmount(uint256 wanted, uint256 arrived);

    /// @notice The chain's own coin could not be handed over.
    error NotPaid();

    /// @notice What happened, in order.
    /// @dev Items follow each other without gaps: kind (1 byte), line (1), round (1), mask (1), then, for each bit set in the mask, in this order:
    /// bit 0 account (20), bit 1 amount (8), bit 2 number (8), bit 3 data (32). Numbers are big-endian. Kind 0 tells that the message of `account` was refused with reason `line`.
    /// @param subject The job, offer or batch; zero for accounts and nodes.
    /// @param items The items.
    event Happened(bytes32 indexed subject, bytes items);

    /// @notice The whole call, where it did not come as a transaction's own input, so that what was said can always be read from the chain.
    /// @param sender Who called.
    /// @param input The input, as an account would have sent it.
    event Relayed(address indexed sender, bytes input);

    /// @notice New jobs are refused until a height.
    /// @param until The last height of the pause.
    event Paused(uint64 until);

    // ----------------------------------------------------------------------------------------------------------------- terms

    /// @notice The numbers a ledger fixes for ever. Names and meanings as in the state machine's rules; amounts in the ledger's units.
    struct Rules {
        uint64 stakeUnit;
        uint32 nodeUnitsMin;
        uint32 nodeUnitsMax;
        uint64 postFee;
        uint32 treasuryShare;
        uint32 silentExecutorShare;
        uint64 silentVerifierPenalty;
        uint64 executorBondMin;
        uint64 verifierBond;
        uint32 reporterShare;
        uint32 failShare;
        uint32 reviewFloorShare;
        uint32 auditFloor;
        uint32 auditDelay;
        uint32 windowMin;
        uint32 windowMax;
        uint64 jobHeightsMax;
        uint32 profileDelay;
        uint32 unbondDelay;
        uint32 creditEpoch;
        uint64 payoutMin;
        uint32 payoutEpochs;
        uint32 batchClaimHeights;
        uint64 challengeFee;
    }

    /// @notice What a ledger is.
    /// @param genesis The ledger's identity, SHA-256 of the genesis document; part of every id.
    /// @param development Whether evidence of the level "simulated" is admissible.
    /// @param token The ERC-20 in which is paid; zero for the chain's own coin.
    /// @param scale How many of the token's smallest units make one unit of the ledger.
    /// @param treasury To whose account the treasury's share goes.
    /// @param guardian Who may stop new jobs for a while; zero for nobody.
    /// @param rules The rules.
    struct Config {
        bytes32 genesis;
        bool development;
        address token;
        uint256 scale;
        address treasury;
        address guardian;
        Rules rules;
    }

    /// @notice What a node says of itself.
    struct Profile {
        bytes vrfKey;
        bytes32 chip;
        uint8 level;
        uint8 custody;
        uint64 regions;
        uint32 memoryMebibytes;
        uint128 pricePerJob;
        uint128 pricePerGigafuel;
        bool executes;
        bool verifies;
        string gateway;
        bytes32[] pins;
    }

    /// @notice An owner's offer.
    struct OfferTerms {
        uint8 kind;
        bytes content;
        bytes policy;
        bool isSealed;
        address keeper;
        uint128 price;
        uint8 levelMin;
        uint8 custodyMin;
        uint32 usesMax;
        uint32 drawsMax;
        uint64 expires;
        uint8 threshold; // 0: the keeper holds the whole key; else a share, of which so many are enough
    }

    // ----------------------------------------------------------------------------------------------------------------- messages of slots

    /// @notice EIP-712 `Ticket(bytes32 job,uint8 round,uint8 role,bytes32 output,bytes32[3] proof,uint32[] units,bytes32 possession)`.
    /// @dev The proof's 81 bytes are padded with zeroes on the right to three words.
    struct Ticket {
        address node;
        uint8 role;
        bytes32 output;
        bytes32[3] proof;
        uint32[] units;
        bytes32 possession;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice EIP-712 `Evidence(bytes32 job,uint8 round,bytes content,bytes32 digest,bytes hpkeKey,bytes receiptKey,bytes32 possession)`.
    struct Evidence {
        address node;
        bytes content;
        bytes32 digest;
        bytes hpkeKey;
        bytes receiptKey;
        bytes32 possession;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice `Vote(address executor,uint8 verdict,bytes32 appraisal)`.
    struct Vote {
        address executor;
        uint8 verdict;
        bytes32 appraisal;
    }

    /// @notice EIP-712 `VoteCast(bytes32 job,uint8 round,Vote[] votes)`.
    struct VoteCast {
        address node;
        Vote[] votes;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice `Opening(address executor,bytes32 appraisal,bytes32 salt)`.
    struct Opening {
        address executor;
        bytes32 appraisal;
        bytes32 salt;
    }

    /// @notice EIP-712 `AppraisalOpen(bytes32 job,uint8 round,Opening[] openings)`.
    /// @dev `cast` repeats the voter's votes in the order in which they were cast (executor and salted digest; the verdict is not looked at). It may be empty where the openings
    /// are all of the voter's votes, in that order.
    struct AppraisalOpen {
        address node;
        Opening[] openings;
        Vote[] cast;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice EIP-712 `Release(bytes32 job,uint8 round,address executor,bytes32 offer,bytes32 admission,bytes32 wrappedKey)`.
    /// @dev `keys` is keccak256(keccak256(hpkeKey) ‖ keccak256(receiptKey)) of the executor's evidence.
    struct Release {
        address node;
        address executor;
        bytes32 offer;
        bytes32 admission;
        bytes32 wrappedKey;
        bytes32 keys;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice EIP-712 `Deny(bytes32 job,uint8 round,address executor,bytes32 offer,uint8 reason)`.
    struct Deny {
        address node;
        address executor;
        bytes32 offer;
        uint8 reason;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice EIP-712 `Commit(bytes32 job,uint8 round,bytes32 commitment)`.
    struct Commit {
        address node;
        bytes32 commitment;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice What an enclave says came out.
    struct Statement {
        bytes32 tag;
        uint32 exit;
        uint64 fuel;
        bytes32 output;
        bytes32 receipt;
    }

    /// @notice EIP-712 `Reveal(bytes32 job,uint8 round,bytes32 tag,uint32 exit,uint64 fuel,bytes32 output,bytes32 receipt,bytes32 nonce,bytes enclaveSignature,bytes receiptContent)`.
    /// @dev `evidence` is the digest that the executor's evidence named, `hpke` keccak256(hpkeKey), `receiptKey` the compressed point, `keyY` its second coordinate.
    struct Reveal {
        address node;
        Statement statement;
        bytes32 nonce;
        bytes enclaveSignature;
        bytes receiptContent;
        bytes32 evidence;
        bytes32 hpke;
        bytes receiptKey;
        bytes32 keyY;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice EIP-712 `Fail(bytes32 job,uint8 round,uint8 reason)`.
    struct Fail {
        address node;
        uint8 reason;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice EIP-712 `Judgement(bytes32 job,uint8 round,bool accept,bytes32 report)`.
    struct Judgement {
        address node;
        bool accept;
        bytes32 report;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice EIP-712 `Review(bytes32 job,bool accept)`.
    struct Review {
        address node;
        bool accept;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice EIP-712 `Answer(bytes32 job,bytes32 output,bytes32 salt)`.
    struct Answer {
        address node;
        bytes32 output;
        bytes32 salt;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice EIP-712 `Plant(bytes32 job,uint8 round,bytes32 salt,bytes evidence)`.
    /// @dev `evidence` as the protocol encodes it, `keys` as in a release.
    struct Plant {
        address node;
        bytes32 salt;
        bytes evidence;
        bytes32 keys;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice What an executor showed and found, in a round that is concluded at once. Signed as EIP-712 `Bundle(bytes32[] messages)` over the struct hashes of its `Evidence`, its `Commit` (where the round
    /// has commitments) and its `Reveal`, in this order.
    /// @dev `seat` is its place among the round's executors, `keyY` the receipt key's second coordinate. Tag and exit are the conclusion's.
    struct Finding {
        uint8 seat;
        bytes content;
        bytes32 digest;
        bytes hpkeKey;
        bytes receiptKey;
        bytes32 keyY;
        bytes32 possession;
        uint64 fuel;
        bytes32 output;
        bytes32 receipt;
        bytes32 nonce;
        bytes enclaveSignature;
        bytes receiptContent;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice A verifier that accepted everything: a salt for each executor. Signed as a `Bundle` over the struct hashes of its `VoteCast` and its `AppraisalOpen`.
    struct Ballot {
        bytes32[] salts;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice A round in which everybody did what is asked and all say the same.
    /// @dev Findings ascend by the executors' addresses; appraisals and salts are in their order; ballots are in the order of the verifiers' seats.
    struct Conclusion {
        bytes32 tag;
        uint32 exit;
        Finding[] findings;
        bytes32[] appraisals;
        Ballot[] ballots;
    }

    /// @notice Hints for checking a VRF proof with P256VERIFY; all follow from the key, the input and the proof. See `P256Vrf`.
    struct VrfHints {
        uint256 gammaY;
        uint256 keyY;
        uint256 ux;
        uint256 uy;
        uint256 hy;
        uint256[2] p1;
        uint256[2] p2;
        uint256 cInv;
        uint256 sInv;
        uint256 l1;
        uint256 l2;
        uint256 lv;
        uint256 lu;
        uint256[] nonResidues;
    }

    // ----------------------------------------------------------------------------------------------------------------- accounts

    /// @notice Pays tokens in. With the chain's own coin the value sent must be `amount` × scale; with an ERC-20 the contract must be allowed to take it.
    /// @param to Whose account is credited.
    /// @param amount In the ledger's units.
    /// @param ref Anything the payer wants to name the payment by.
    function deposit(address to, uint64 amount, bytes32 ref) external payable;

    /// @notice Pays free tokens out to the caller's own address on the chain.
    function withdraw(uint64 amount, bytes32 ref) external;

    /// @notice Moves free tokens to another account.
    function transfer(address to, uint64 amount) external;

    /// @notice Registers the caller as a node or changes its profile, and stakes.
    function register(Profile calldata profile, uint64 stake) external;

    /// @notice Stakes more.
    function stakeAdd(uint64 amount) external;

    /// @notice Asks for stake back after the unbonding delay.
    function stakeUnbond(uint64 amount) external;

    /// @notice Frees stake whose unbonding is over; anyone may.
    function stakeClaim(address node) external;

    /// @notice Publishes an offer.
    /// @return id Its id.
    function offerPublish(OfferTerms calldata terms) external returns (bytes32 id);

    /// @notice Withdraws an offer from new jobs.
    function offerWithdraw(bytes32 offer) external;

    /// @notice Turns matured credits into free tokens; anyone may.
    function payout(address[] calldata accounts) external;

    /// @notice Moves what the treasury holds to the treasury's account; anyone may.
    function sweep() external;

    /// @notice Stops new jobs for a while. It ends by itself and cannot be renewed until as much time has passed again.
    /// @param heights For how many heights.
    function pause(uint64 heights) external;

    // ----------------------------------------------------------------------------------------------------------------- batches of payments

    /// @notice Posts the Merkle root of payments agreed off the chain, and sets their sum aside.
    /// @return id The batch's id.
    function batchPost(bytes32 root, uint32 count, uint64 total, uint32 jobs) external returns (bytes32 id);

    /// @notice Claims one payment of a batch for its receiver; anyone may.
    function batchClaim(bytes32 batch, uint32 index, address to, uint64 amount, bytes32 details, bytes32[] calldata path) external;

    /// @notice Claims all payments of a batch at once from the whole list of leaves; those claimed before are left out.
    function batchClaimAll(bytes32 batch, address[] calldata to, uint64[] calldata amounts, bytes32[] calldata details) external;

    /// @notice Gives the unclaimed rest back to the poster once its time is over; anyone may.
    function batchClose(bytes32 batch) external;

    // ----------------------------------------------------------------------------------------------------------------- jobs

    /// @notice Posts a job.
    /// @param body The post as the protocol encodes it: dag-cbor `[9, terms]`, canonical. Its SHA-256 is part of the id.
    /// @return id The job's id.
    function post(bytes calldata body) external returns (bytes32 id);

    /// @notice Cancels a job whose beacon is not known yet.
    function cancel(bytes32 job) external;

    /// @notice Drives a job over a deadline that has passed; anyone may. Where it draws, the beacon may have to be captured first.
    function drive(bytes32 job) external;

    /// @notice Keeps the beacon of the job's present round (or of its audit): at the very height from the block itself, later from the header, whose hash must be known to the chain.
    /// @param header The block header in RLP; empty at the very height.
    function captureBeacon(bytes32 job, bytes calldata header) external;

    /// @notice Enters tickets.
    function tickets(bytes32 job, uint8 round, Ticket[] calldata items) external;

    /// @notice Publishes evidence of drawn executors.
    function evidence(bytes32 job, uint8 round, Evidence[] calldata items) external;

    /// @notice Casts votes.
    function votes(bytes32 job, uint8 round, VoteCast[] calldata items) external;

    /// @notice Opens appraisals.
    function openings(bytes32 job, uint8 round, AppraisalOpen[] calldata items) external;

    /// @notice Records key releases.
    function releases(bytes32 job, uint8 round, Release[] calldata items) external;

    /// @notice Records denials.
    function denials(bytes32 job, uint8 round, Deny[] calldata items) external;

    /// @notice Commits to results.
    function commits(bytes32 job, uint8 round, Commit[] calldata items) external;

    /// @notice Reveals results.
    function reveals(bytes32 job, uint8 round, Reveal[] calldata items) external;

    /// @notice Records signed failures.
    function fails(bytes32 job, uint8 round, Fail[] calldata items) external;

    /// @notice Concludes a round at once: evidence, votes, appraisals, commitments and results of all its nodes together, where all were drawn, all accept and all give one result. It is the same as bringing
    /// those messages one kind after another, and costs a fraction. All or nothing: where anything is missing or differs, the call is refused and the messages can be brought one by one.
    /// @dev Not for jobs with sealed offers: keepers release to what the ledger has admitted before. Commitments hide results only as long as nobody reveals before all have committed: a node hands out
    /// its bundle when it holds the signed commitments of all others, and whoever signs another commitment in its bundle than before can be proved to have contradicted itself.
    function conclude(bytes32 job, uint8 round, Conclusion calldata conclusion) external;

    /// @notice Judges the agreed result by the checker.
    function judgements(bytes32 job, uint8 round, Judgement[] calldata items) external;

    /// @notice Reviews the agreed result.
    function review(bytes32 job, Review calldata item) external;

    /// @notice Opens the known answer.
    function answer(bytes32 job, Answer calldata item) external;

    /// @notice Shows that evidence was planted and bad.
    function plant(bytes32 job, uint8 round, Plant calldata item) external;

    /// @notice Challenges the VRF proof of a ticket; the caller gets the reporter's share, or pays the fee.
    /// @dev The ticket is shown as it was signed, since the ledger keeps no proofs. Without hints (`nonResidues` empty and `gammaY` zero) the contract does the whole arithmetic itself;
    /// with hints it checks them by P256VERIFY, which costs a tenth. Wrong hints are refused as Malformed and prove nothing.
    /// @param item The ticket.
    /// @param hints Hints for checking it.
    function challenge(bytes32 job, uint8 round, Ticket calldata item, VrfHints calldata hints) external;

    /// @notice Shows two contradictory messages of one node.
    /// @param kind The kind of the messages: 21 evidence, 22 votes, 26 commitments, 27 results.
    /// @param first ABI encoding of the first message's struct.
    /// @param second ABI encoding of the second one's.
    /// @param bundle Where the second message was signed with others, the struct hashes of all of them; else empty.
    function equivocation(bytes32 job, uint8 round, uint8 kind, bytes calldata first, bytes calldata second, bytes32[] calldata bundle) external;

    /// @notice Makes several calls in one transaction; a refused one is reported and does not stop the others, unless all are refused.
    /// @param calls Inputs as they would be sent one by one; none that pays in or out.
    function batch(bytes[] calldata calls) external;

    // ----------------------------------------------------------------------------------------------------------------- views

    /// @notice An account as it stands; credits as of the epoch in which they last moved.
    struct AccountView {
        uint64 free;
        uint64 creditNew;
        uint64 creditWithheld;
        uint64 creditMature;
        uint64 creditEpoch;
        uint64 matureSince;
        uint64 nonce;
    }

    /// @notice One version of a node's profile.
    struct VersionView {
        uint64 since;
        uint32 units;
        uint8 level;
        uint8 custody;
        bool executes;
        bool verifies;
        uint32 memoryMebibytes;
        uint64 regions;
        uint64 pricePerJob;
        uint64 pricePerGigafuel;
        bytes32 chip;
        bytes vrfKey;
    }

    /// @notice A node.
    struct NodeView {
        bool exists;
        uint64 stake;
        uint64 engaged;
        uint64 unbonding;
        uint64 unbondHeight;
        VersionView current;
        VersionView previous;
        uint32 agreed;
        uint32 wrong;
        uint32 failed;
        uint32 silent;
        uint32 voted;
        uint32 votesMissed;
        uint32 proved;
        uint32 auditsPassed;
    }

    /// @notice An offer.
    struct OfferView {
        address owner;
        uint8 kind;
        bytes32 contentKey;
        bool isSealed;
        bool withdrawn;
        address keeper;
        uint128 price;
        uint8 levelMin;
        uint8 custodyMin;
        uint32 usesMax;
        uint32 drawsMax;
        uint64 expires;
        uint32 uses;
        uint32 draws;
        uint32 pending;
        uint8 threshold;
    }

    /// @notice A job; of a closed one only phase, outcome and the height of closing.
    struct JobView {
        bool exists;
        uint8 phase;
        uint8 outcome;
        uint8 round;
        uint8 redraws;
        bool disputed;
        bool disputeDecided;
        bool audited;
        bool feeTaken;
        bool answerOpened;
        uint8 reviewed;
        uint64 deadline;
        uint64 escrow;
        address requester;
    }

    /// @notice An executor's seat.
    struct ExecutorView {
        address node;
        uint8 status;
        uint8 accepting;
        uint8 voting;
        bool local;
        uint8 fail;
        uint64 bond;
        bool admitted;
        uint16 released;
        bytes32 content;
    }

    /// @notice A verifier's seat; verdicts three bits each, in the order of executors.
    struct VerifierView {
        address node;
        uint8 seats;
        uint8 judged;
        uint64 bond;
        uint64 verdicts;
        uint32 opened;
    }

    /// @notice A ticket that counts at the moment.
    struct TicketView {
        address node;
        uint64 value;
        uint32 unit;
        bool local;
    }

    /// @notice A round.
    struct RoundView {
        uint8 kind;
        uint8 wanted;
        uint64 snapshot;
        uint64 beaconHeight;
        uint64 ticketClose;
        uint64 evidenceClose;
        uint64 voteClose;
        uint64 runClose;
        uint64 revealClose;
        bytes32 beacon;
        TicketView[] executorTickets;
        TicketView[] verifierTickets;
        ExecutorView[] executors;
        VerifierView[] verifiers;
    }

    /// @notice A batch of payments.
    struct BatchView {
        address poster;
        bytes32 root;
        uint32 count;
        uint64 rest;
        uint64 closesAt;
    }

    /// @notice The contract's version: what upgrades are compared by. A ledger is never changed; a new version is a new ledger.
    function version() external pure returns (string memory);

    /// @notice What this ledger is.
    function config() external view returns (Config memory);

    /// @notice The EIP-712 domain separator.
    function domainSeparator() external view returns (bytes32);

    /// @notice Tokens held, the treasury's part, the last height of a pause.
    function totals() external view returns (uint64 held, uint64 treasury, uint64 pausedUntil);

    /// @notice One account.
    function account(address who) external view returns (AccountView memory);

    /// @notice One node.
    function node(address who) external view returns (NodeView memory);

    /// @notice Whether a node claims a pin in its present profile.
    function hasPin(address who, bytes32 pin) external view returns (bool);

    /// @notice One offer.
    function offer(bytes32 id) external view returns (OfferView memory);

    /// @notice One job.
    function job(bytes32 id) external view returns (JobView memory);

    /// @notice One round of an open job.
    function round(bytes32 id, uint8 index) external view returns (RoundView memory);

    /// @notice One batch.
    function batchOf(bytes32 id) external view returns (BatchView memory);

    /// @notice Whether a leaf of a batch was claimed.
    function isClaimed(bytes32 id, uint32 index) external view returns (bool);

    /// @notice Whether terms could be posted now, and what they would set aside.
    function quote(bytes calldata body) external view returns (uint8 reason, uint256 total);

    /// @notice Whether a node may enter the present draw of a job, and with how many units.
    function eligibility(bytes32 id, uint8 role, address who) external view returns (uint8 reason, uint32 units);
}
