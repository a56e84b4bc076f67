// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "./Ids.sol";

/// What a provider states about a job, signed under EIP-712. In a redundant job it is also the reveal of the
/// provider's commitment, so `set` and `salt` stand in it.
struct Claim {
    JobId job;
    bytes32 draw;
    uint16 shard;
    bytes32 inputRoot;
    bytes32 outputRoot;
    bytes32 set;
    bytes32 salt;
}

/// A compact (EIP-2098) signature.
struct Signature {
    bytes32 r;
    bytes32 vs;
}

library ClaimLib {
    bytes32 internal constant TYPEHASH = keccak256(
        "Claim(bytes32 job,bytes32 draw,uint16 shard,bytes32 inputRoot,bytes32 outputRoot,bytes32 set,bytes32 salt)"
    );
    bytes32 internal constant COMMIT_TYPEHASH = keccak256("Commit(bytes32 job,bytes32 draw,bytes32 commitment)");
    bytes32 internal constant INPUT_TYPEHASH = keccak256("Input(bytes32 job,bytes32 inputRoot)");
    bytes32 internal constant COMMITMENT_TAG = keccak256("touchstone.commitment.v1");
    bytes32 internal constant SET_TAG = keccak256("touchstone.set.v1");
    bytes32 internal constant DRAW_TAG = keccak256("touchstone.draw.v1");
    bytes32 internal constant INPUT_TAG = keccak256("touchstone.input.v1");

    /// EIP-712 hashStruct of a claim.
    function structHash(Claim memory claim) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, claim));
    }

    /// EIP-712 hashStruct of a signed commitment.
    function commitStructHash(JobId job, bytes32 draw, bytes32 committed) internal pure returns (bytes32) {
        return keccak256(abi.encode(COMMIT_TYPEHASH, job, draw, committed));
    }

    /// EIP-712 hashStruct of a requester's word on which input a deferred order has.
    function inputStructHash(JobId job, bytes32 inputRoot) internal pure returns (bytes32) {
        return keccak256(abi.encode(INPUT_TYPEHASH, job, inputRoot));
    }

    /// The commitment binds its provider, so that a copy is worth nothing to anyone else.
    function commitment(JobId job, bytes32 draw, address provider, bytes32 outputRoot, bytes32 salt)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(COMMITMENT_TAG, job, draw, provider, outputRoot, salt));
    }

    /// Hash of all commitments of a round, in seat order.
    function setOf(bytes32[] memory commitments) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(SET_TAG, commitments));
    }

    /// The seed of a deferred order's draws once its input is fixed: what was signed for one input says nothing about
    /// another, should a reorganisation put that in its place.
    function seedWith(bytes32 seed, bytes32 inputRoot) internal pure returns (bytes32) {
        return keccak256(abi.encode(INPUT_TAG, seed, inputRoot));
    }

    /// The draw that claims and commitments name: a new one for every round, all from one seed.
    function drawOf(bytes32 seed, uint8 round) internal pure returns (bytes32) {
        return keccak256(abi.encode(DRAW_TAG, seed, round));
    }
}
