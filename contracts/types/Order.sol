// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ModelId, PoolId, poolIdOf} from "./Ids.sol";
import {PriceLadder} from "./PriceLadder.sol";

/// What a requester signs and pays for.
struct Order {
    address requester;
    ModelId model;
    uint16 shard;
    /// Rung of the price ladder; with model and shard it names the pool.
    uint8 tier;
    /// How the result is verified, and whether claims are strong; see Modes.
    uint8 mode;
    uint8 replicas;
    /// Units of work paid for, per replica; the model states how many rows one unit covers.
    uint16 units;
    /// Blinded Merkle root of the input. Zero, which no input has: the input is deferred, that is fixed after the draw.
    bytes32 inputRoot;
    /// Hash of the decoding parameters; zero where the model takes none.
    bytes32 params;
    /// Chosen by the requester, so that equal orders differ.
    uint64 nonce;
    /// Unix time after which the order can no longer be opened.
    uint40 openBy;
}

/// Verification modes: rungs of one ladder.
library Modes {
    /// Two to five providers, whose results must agree.
    uint8 internal constant REDUNDANT = 0;
    /// One provider, whose result stands unless it is challenged while its bond is locked.
    uint8 internal constant OPTIMISTIC = 1;
    /// With any rung: the output begins with the node over the transcript's sequences, so that whoever holds openings
    /// that contradict each other convicts in one transaction.
    uint8 internal constant STRONG = 0x80;
    /// With the optimistic rung, three bits n: zero for no audits, else one settled job in 2^(n-1) is audited by a
    /// provider that the chain draws after the claim.
    uint8 internal constant AUDITED = 0x70;
}

library OrderLib {
    bytes32 internal constant TYPEHASH = keccak256(
        "Order(address requester,bytes32 model,uint16 shard,uint8 tier,uint8 mode,uint8 replicas,uint16 units,"
        "bytes32 inputRoot,bytes32 params,uint64 nonce,uint40 openBy)"
    );

    /// EIP-712 hashStruct.
    function structHash(Order calldata order) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, order));
    }

    /// The rung of the ladder, whatever else the mode asks for.
    function rung(Order calldata order) internal pure returns (uint8) {
        return order.mode & ~(Modes.STRONG | Modes.AUDITED);
    }

    function isStrong(Order calldata order) internal pure returns (bool) {
        return order.mode & Modes.STRONG != 0;
    }

    /// One settled job in so many is audited; zero where none is.
    function auditOdds(Order calldata order) internal pure returns (uint256) {
        return (uint256(1) << ((order.mode & Modes.AUDITED) >> 4)) >> 1;
    }

    /// Whether the input is fixed after the draw.
    function isDeferred(Order calldata order) internal pure returns (bool) {
        return order.inputRoot == 0;
    }

    function pool(Order calldata order) internal pure returns (PoolId) {
        return poolIdOf(order.model, order.shard, order.tier);
    }

    /// What one replica earns, in base units of the token.
    function share(Order calldata order) internal pure returns (uint256) {
        return PriceLadder.price(order.tier) * order.units;
    }

    /// What the requester puts in escrow, in base units of the token: one share for each replica, and one for an
    /// auditor, which returns where none is drawn.
    function payment(Order calldata order) internal pure returns (uint256) {
        return share(order) * (order.replicas + (auditOdds(order) == 0 ? 0 : 1));
    }
}
