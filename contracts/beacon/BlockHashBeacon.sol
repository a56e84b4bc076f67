// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBeacon} from "./IBeacon.sol";

/// The hash of a block among the last 256.
contract BlockHashBeacon is IBeacon {
    /// @inheritdoc IBeacon
    uint256 public constant horizon = 256;

    /// @inheritdoc IBeacon
    function seedOf(uint256 number) external view returns (bytes32 seed) {
        seed = blockhash(number);
        if (seed == 0) revert SeedUnavailable(number, block.number);
    }
}
