// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "./Ids.sol";

/// Life of an audit.
enum AuditState {
    None,
    /// Waits for the block whose hash says whether there is one, and who makes it.
    Due,
    /// An auditor has been drawn and must vouch for the result, or dispute it.
    Drawn,
    /// The auditor has sealed that it computed the very result that the job was settled on.
    Vouched,
    Over
}

/// One word per audit.
struct Audit {
    AuditState state;
    /// Due: the block whose hash is the seed. Later: Unix time at which the auditor's window began, or of its report.
    uint64 since;
    /// Time bucket until whose end the auditor's bond is locked.
    uint32 lockBucket;
    /// One settled job in so many is audited.
    uint8 odds;
    /// A challenge of the job holds the auditor's bond.
    bool held;
    /// Leaves of the pool plus one, in lanes of 24 bits: the auditor, then who takes its place if it is silent.
    uint72 auditors;
}

library AuditLib {
    bytes32 internal constant SEAL_TAG = keccak256("touchstone.seal.v1");
    bytes32 internal constant SEED_TAG = keccak256("touchstone.audit.v1");

    /// Auditors that one seed names.
    uint256 internal constant AUDITORS = 3;

    /// Stands for the auditor where bits and events name seats.
    uint256 internal constant SEAT = 7;

    /// What an auditor posts: the output that it computed, as only those can hash it that know the output (`sealed_`,
    /// see Tree.seal) and the job's salt. What the chain shows of the result does not suffice.
    function seal(JobId job, address auditor, bytes32 sealed_, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(SEAL_TAG, job, auditor, sealed_, salt));
    }

    /// The seed of an audit, from the hash of a block that came after the claim.
    function seedOf(JobId job, bytes32 beacon) internal pure returns (bytes32) {
        return keccak256(abi.encode(SEED_TAG, job, beacon));
    }

    function leaf(Audit memory audit) internal pure returns (uint256) {
        return (audit.auditors & 0xffffff) - 1;
    }
}
