// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";

/// @title EIP-712 hashes of messages, and what the ledger keeps of evidence
library MessageHash {
    bytes32 private constant EVIDENCE = keccak256("Evidence(bytes32 job,uint8 round,bytes content,bytes32 digest,bytes hpkeKey,bytes receiptKey,bytes32 possession)");
    bytes32 private constant VOTE = keccak256("Vote(address executor,uint8 verdict,bytes32 appraisal)");
    bytes32 private constant VOTES = keccak256("VoteCast(bytes32 job,uint8 round,Vote[] votes)Vote(address executor,uint8 verdict,bytes32 appraisal)");
    bytes32 private constant OPENING = keccak256("Opening(address executor,bytes32 appraisal,bytes32 salt)");
    bytes32 private constant OPENINGS = keccak256("AppraisalOpen(bytes32 job,uint8 round,Opening[] openings)Opening(address executor,bytes32 appraisal,bytes32 salt)");
    bytes32 private constant RELEASE = keccak256("Release(bytes32 job,uint8 round,address executor,bytes32 offer,bytes32 admission,bytes32 wrappedKey)");
    bytes32 private constant DENY = keccak256("Deny(bytes32 job,uint8 round,address executor,bytes32 offer,uint8 reason)");
    bytes32 private constant COMMIT = keccak256("Commit(bytes32 job,uint8 round,bytes32 commitment)");
    bytes32 private constant REVEAL = keccak256(
        "Reveal(bytes32 job,uint8 round,bytes32 tag,uint32 exit,uint64 fuel,bytes32 output,bytes32 receipt,bytes32 nonce,bytes enclaveSignature,bytes receiptContent)"
    );
    bytes32 private constant FAIL = keccak256("Fail(bytes32 job,uint8 round,uint8 reason)");
    bytes32 private constant JUDGEMENT = keccak256("Judgement(bytes32 job,uint8 round,bool accept,bytes32 report)");
    bytes32 private constant REVIEW = keccak256("Review(bytes32 job,bool accept)");
    bytes32 private constant ANSWER = keccak256("Answer(bytes32 job,bytes32 output,bytes32 salt)");
    bytes32 private constant BUNDLE = keccak256("Bundle(bytes32[] messages)");
    bytes32 private constant PLANT = keccak256("Plant(bytes32 job,uint8 round,bytes32 salt,bytes evidence)");

    /// @notice An admission's id, as the state machine computes it.
    function admission(bytes32 id, uint256 round, address executor, bytes32 digest) internal pure returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/admission/1"), id, round, executor, digest));
    }

    /// @notice What the ledger keeps of evidence.
    function evidenceOf(bytes32 admission_, bytes32 keys) internal pure returns (bytes32) {
        return keccak256(abi.encode(admission_, keys));
    }

    /// @notice Hash of evidence.
    function hash(bytes32 id, uint256 round, ISojournLedger.Evidence calldata m) internal pure returns (bytes32) {
        return evidence(id, round, keccak256(m.content), m.digest, keccak256(m.hpkeKey), keccak256(m.receiptKey), m.possession);
    }

    /// @notice Hash of evidence, from its parts.
    function evidence(bytes32 id, uint256 round, bytes32 content, bytes32 digest, bytes32 hpkeKey, bytes32 receiptKey, bytes32 possession) internal pure returns (bytes32) {
        return keccak256(abi.encode(EVIDENCE, id, round, content, digest, hpkeKey, receiptKey, possession));
    }

    /// @notice Hash of one vote.
    function vote(address executor, uint256 verdict, bytes32 appraisal) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOTE, executor, verdict, appraisal));
    }

    /// @notice Hash of one opening.
    function opening(address executor, bytes32 appraisal, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(OPENING, executor, appraisal, salt));
    }

    /// @notice Hash of votes, from the hash of their list.
    function votes(bytes32 id, uint256 round, bytes32 list) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOTES, id, round, list));
    }

    /// @notice Hash of openings, from the hash of their list.
    function openings(bytes32 id, uint256 round, bytes32 list) internal pure returns (bytes32) {
        return keccak256(abi.encode(OPENINGS, id, round, list));
    }

    /// @notice What an executor signs in a round that is concluded at once (a bundle of its evidence, its commitment and its result), and what its enclave stated.
    /// @param parts Hashes of content, HPKE key, receipt key, enclave's signature and receipt's content, then the executor and the fuel.
    function finding(bytes32 id, uint256 round, bool commits, bytes32 tag, uint256 exit, ISojournLedger.Finding calldata f, bytes32[7] memory parts)
        internal
        view
        returns (bytes32 message, bytes32 statement)
    {
        bytes32[4] memory types = [EVIDENCE, COMMIT, REVEAL, BUNDLE];
        bytes32[5] memory values = [f.digest, f.possession, f.output, f.receipt, f.nonce];
        bytes32 committed = "sojourn/commit/1";
        bytes32 stated = "sojourn/statement/1";
        assembly ("memory-safe") {
            let p := mload(0x40)
            // Evidence.
            mstore(p, mload(types))
            mstore(add(p, 32), id)
            mstore(add(p, 64), round)
            mstore(add(p, 96), mload(parts))
            mstore(add(p, 128), mload(values))
            mstore(add(p, 160), mload(add(parts, 32)))
            mstore(add(p, 192), mload(add(parts, 64)))
            mstore(add(p, 224), mload(add(values, 32)))
            let list := add(p, 384)
            let next := list
            mstore(next, keccak256(p, 256))
            next := add(next, 32)
            // What was stated: nine words, and with the nonce what was committed to.
            mstore(p, stated)
            mstore(add(p, 96), mload(add(parts, 160)))
            mstore(add(p, 128), tag)
            mstore(add(p, 160), exit)
            mstore(add(p, 192), mload(add(parts, 192)))
            mstore(add(p, 224), mload(add(values, 64)))
            mstore(add(p, 256), mload(add(values, 96)))
            mstore(add(p, 288), mload(add(values, 128)))
            if iszero(staticcall(gas(), 2, p, 288, 0, 32)) { revert(0, 0) }
            statement := mload(0)
            if commits {
                mstore(p, committed)
                if iszero(staticcall(gas(), 2, p, 320, 0, 32)) { revert(0, 0) }
                let commitment := mload(0)
                let q := add(list, 128)
                mstore(q, mload(add(types, 32)))
                mstore(add(q, 32), id)
                mstore(add(q, 64), round)
                mstore(add(q, 96), commitment)
                mstore(next, keccak256(q, 128))
                next := add(next, 32)
            }
            // The result: the same words from the tag on, one place earlier.
            mstore(add(p, 32), mload(add(types, 64)))
            mstore(add(p, 64), id)
            mstore(add(p, 96), round)
            mstore(add(p, 320), mload(add(parts, 96)))
            mstore(add(p, 352), mload(add(parts, 128)))
            mstore(next, keccak256(add(p, 32), 352))
            next := add(next, 32)
            mstore(add(p, 32), keccak256(list, sub(next, list)))
            mstore(p, mload(add(types, 96)))
            message := keccak256(p, 64)
        }
    }

    /// @notice What a verifier signs that accepts everything in a round that is concluded at once: a bundle of its votes and its openings.
    function ballot(bytes32 id, uint256 round, address node, address[] memory executors, bytes32[] calldata appraisals, bytes32[] calldata salts) internal view returns (bytes32 message) {
        bytes32[5] memory types = [VOTE, OPENING, VOTES, OPENINGS, BUNDLE];
        bytes32 tag = "sojourn/appraisal/1";
        assembly ("memory-safe") {
            let p := mload(0x40)
            let count := mload(executors)
            let votes_ := add(p, 480)
            let openings_ := add(votes_, shl(5, count))
            mstore(p, tag)
            mstore(add(p, 32), id)
            mstore(add(p, 64), round)
            mstore(add(p, 128), node)
            mstore(add(p, 224), mload(types))
            mstore(add(p, 288), 1)
            mstore(add(p, 352), mload(add(types, 32)))
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                let at := shl(5, i)
                let executor := mload(add(add(executors, 32), at))
                // The appraisal, salted with who gives it and on whom.
                mstore(add(p, 96), executor)
                calldatacopy(add(p, 160), add(appraisals.offset, at), 32)
                calldatacopy(add(p, 192), add(salts.offset, at), 32)
                if iszero(staticcall(gas(), 2, p, 224, add(p, 320), 32)) { revert(0, 0) }
                mstore(add(p, 256), executor)
                mstore(add(votes_, at), keccak256(add(p, 224), 128))
                mstore(add(p, 384), executor)
                mstore(add(p, 416), mload(add(p, 160)))
                mstore(add(p, 448), mload(add(p, 192)))
                mstore(add(openings_, at), keccak256(add(p, 352), 128))
            }
            mstore(p, mload(add(types, 64)))
            mstore(add(p, 96), keccak256(votes_, shl(5, count)))
            let list := add(p, 160)
            mstore(list, keccak256(p, 128))
            mstore(p, mload(add(types, 96)))
            mstore(add(p, 96), keccak256(openings_, shl(5, count)))
            mstore(add(list, 32), keccak256(p, 128))
            mstore(add(p, 32), keccak256(list, 64))
            mstore(p, mload(add(types, 128)))
            message := keccak256(p, 64)
        }
    }

    /// @notice Hash of several messages that are signed at once.
    /// @dev Whoever signs a bundle signs each of its messages: any of them can be held against it by showing the hashes of all.
    function bundle(bytes32[] memory messages) internal pure returns (bytes32) {
        return keccak256(abi.encode(BUNDLE, keccak256(abi.encodePacked(messages))));
    }

    /// @notice Hash of votes.
    function hash(bytes32 id, uint256 round, ISojournLedger.VoteCast calldata m) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](m.votes.length);
        for (uint256 i = 0; i < hashes.length; i++) {
            hashes[i] = vote(m.votes[i].executor, m.votes[i].verdict, m.votes[i].appraisal);
        }
        return votes(id, round, keccak256(abi.encodePacked(hashes)));
    }

    /// @notice Hash of openings.
    function hash(bytes32 id, uint256 round, ISojournLedger.AppraisalOpen calldata m) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](m.openings.length);
        for (uint256 i = 0; i < hashes.length; i++) {
            hashes[i] = opening(m.openings[i].executor, m.openings[i].appraisal, m.openings[i].salt);
        }
        return openings(id, round, keccak256(abi.encodePacked(hashes)));
    }

    /// @notice Hash of a release.
    function hash(bytes32 id, uint256 round, ISojournLedger.Release calldata m) internal pure returns (bytes32) {
        return keccak256(abi.encode(RELEASE, id, round, m.executor, m.offer, m.admission, m.wrappedKey));
    }

    /// @notice Hash of a denial.
    function hash(bytes32 id, uint256 round, ISojournLedger.Deny calldata m) internal pure returns (bytes32) {
        return keccak256(abi.encode(DENY, id, round, m.executor, m.offer, m.reason));
    }

    /// @notice Hash of a commitment.
    function hash(bytes32 id, uint256 round, ISojournLedger.Commit calldata m) internal pure returns (bytes32) {
        return commit(id, round, m.commitment);
    }

    /// @notice Hash of a commitment, from its parts.
    function commit(bytes32 id, uint256 round, bytes32 commitment) internal pure returns (bytes32) {
        return keccak256(abi.encode(COMMIT, id, round, commitment));
    }

    /// @notice Hash of a result.
    function hash(bytes32 id, uint256 round, ISojournLedger.Reveal calldata m) internal pure returns (bytes32) {
        return reveal(id, round, m.statement, m.nonce, keccak256(m.enclaveSignature), keccak256(m.receiptContent));
    }

    /// @notice Hash of a result, from its parts.
    function reveal(bytes32 id, uint256 round, ISojournLedger.Statement memory s, bytes32 nonce, bytes32 enclaveSignature, bytes32 receiptContent) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVEAL, id, round, s.tag, s.exit, s.fuel, s.output, s.receipt, nonce, enclaveSignature, receiptContent));
    }

    /// @notice Hash of a failure.
    function hash(bytes32 id, uint256 round, ISojournLedger.Fail calldata m) internal pure returns (bytes32) {
        return keccak256(abi.encode(FAIL, id, round, m.reason));
    }

    /// @notice Hash of a judgement.
    function hash(bytes32 id, uint256 round, ISojournLedger.Judgement calldata m) internal pure returns (bytes32) {
        return keccak256(abi.encode(JUDGEMENT, id, round, m.accept, m.report));
    }

    /// @notice Hash of a review.
    function hash(bytes32 id, ISojournLedger.Review calldata m) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVIEW, id, m.accept));
    }

    /// @notice Hash of an answer.
    function hash(bytes32 id, ISojournLedger.Answer calldata m) internal pure returns (bytes32) {
        return keccak256(abi.encode(ANSWER, id, m.output, m.salt));
    }

    /// @notice Hash of planted evidence.
    function hash(bytes32 id, uint256 round, ISojournLedger.Plant calldata m) internal pure returns (bytes32) {
        return keccak256(abi.encode(PLANT, id, round, m.salt, keccak256(m.evidence)));
    }
}
