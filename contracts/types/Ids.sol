// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// EIP-712 digest of an order: binds chain, market contract and every field of the order.
type JobId is bytes32;

/// keccak256(abi.encode(name, version)) of a published model.
type ModelId is bytes32;

/// keccak256(abi.encode(model, shard, tier)): one shard of one model version at one price.
type PoolId is bytes32;

function modelIdOf(string memory name, string memory version) pure returns (ModelId) {
    return ModelId.wrap(keccak256(abi.encode(name, version)));
}

function poolIdOf(ModelId model, uint16 shard, uint8 tier) pure returns (PoolId) {
    return PoolId.wrap(keccak256(abi.encode(model, shard, tier)));
}
