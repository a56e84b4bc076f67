// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBeacon} from "./IBeacon.sol";

/// The hash of a block among the last 8,191, which the chain keeps in a contract of its own (EIP-2935). The last 256
/// are read by the cheaper opcode.
contract HistoryBeacon is IBeacon {
    /// @inheritdoc IBeacon
    uint256 public constant horizon = 8_191;

    /// Where EIP-2935 keeps the hashes.
    address public constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    /// The chain does not keep its history: use BlockHashBeacon.
    error NoHistory();

    constructor() {
        if (HISTORY.code.length == 0) revert NoHistory();
    }

    /// @inheritdoc IBeacon
    function seedOf(uint256 number) external view returns (bytes32 seed) {
        seed = blockhash(number);
        if (seed != 0) return seed;
        (bool found, bytes memory answer) = HISTORY.staticcall(abi.encode(number));
        if (found && answer.length == 32) seed = abi.decode(answer, (bytes32));
        if (seed == 0) revert SeedUnavailable(number, block.number);
    }
}
