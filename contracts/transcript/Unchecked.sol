// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Elements of arrays whose index is known to lie within.
library Unchecked {
    function item(uint256[] memory array, uint256 index) internal pure returns (uint256 found) {
        assembly ("memory-safe") {
            found := mload(add(add(array, 32), shl(5, index)))
        }
    }
}
