// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// The blinded root of a payload: twin of `touchstone.protocol.merkle`. SHA-256 over chunks of 1,024 bytes, the last
/// as long as it is:
///
///   leaf(chunk)       = sha256(0x00 || chunk)
///   node(left, right) = sha256(0x01 || left || right)
///   root(data)        = sha256(0x02 || uint64(len(data)) || top)
///   blinded(root)     = sha256(0x03 || salt || root)
///
/// An absent leaf is 32 zero bytes, an absent subtree the node of its absent children.
library Payload {
    uint256 internal constant CHUNK = 1024;

    function root(bytes calldata data, bytes32 salt) internal pure returns (bytes32) {
        uint256 count = (data.length + CHUNK - 1) / CHUNK;
        bytes32[] memory level = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            uint256 end = (i + 1) * CHUNK;
            level[i] = sha256(bytes.concat(hex"00", data[i * CHUNK:end < data.length ? end : data.length]));
        }
        bytes32 absent;
        while (count > 1) {
            uint256 half = (count + 1) / 2;
            for (uint256 i; i < half; ++i) {
                level[i] = _node(level[2 * i], 2 * i + 1 < count ? level[2 * i + 1] : absent);
            }
            absent = _node(absent, absent);
            count = half;
        }
        bytes32 top = count == 0 ? bytes32(0) : level[0];
        // SAFETY: calldata is far shorter than 2^64 bytes.
        bytes32 plain = sha256(abi.encodePacked(hex"02", uint64(data.length), top));
        return sha256(abi.encodePacked(hex"03", salt, plain));
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"01", left, right));
    }
}
