// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Tree} from "../transcript/Tree.sol";

/// The blinded root of a payload of which all bytes are given: twin of `touchstone.protocol.payload`. See `Tree` for
/// the formula.
library Payload {
    function root(bytes calldata data, bytes32 salt) internal view returns (bytes32) {
        return Tree.blinded(salt, Tree.seal(data.length, Tree.topOf(data)));
    }
}
