// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Tree} from "../transcript/Tree.sol";

/// The blinded root of a payload of which all bytes are given: twin of `touchstone.protocol.payload`. See `Tree` for
/// the formula.
library Payload {
    function root(bytes calldata data, bytes32 salt) internal view returns (bytes32) {
        return Tree.blinded(salt, Tree.seal(data.length, _top(data)));
    }

    function _top(bytes calldata data) private view returns (bytes32) {
        uint256 count = Tree.chunkCount(data.length);
        if (count == 0) return 0;
        bytes32[] memory level = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            uint256 end = (i + 1) * Tree.CHUNK;
            level[i] = Tree.leaf(data[i * Tree.CHUNK:end < data.length ? end : data.length]);
        }
        bytes32 absent;
        while (count > 1) {
            uint256 half = (count + 1) / 2;
            for (uint256 i; i < half; ++i) {
                level[i] = Tree.node(level[2 * i], 2 * i + 1 < count ? level[2 * i + 1] : absent);
            }
            absent = Tree.node(absent, absent);
            count = half;
        }
        return level[0];
    }
}
