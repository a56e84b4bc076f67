// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Some chunks of one byte string, with what shows them under its top.
struct Chunks {
    uint32[] indexes;
    bytes data;
    bytes32[] siblings;
}

/// What is opened to answer a question.
struct Evidence {
    Chunks records;
    uint32[] values;
    Chunks[] rows;
    bytes32[] valueSiblings;
    bytes32[] sequenceSiblings;
    Chunks[] constants;
}

using Written for Chunks global;
using Written for Evidence global;

/// Openings as calls bring them, in the simplest way: each chunk a run of its own, as it is. The slow twin of
/// `contracts/transcript/Openings.sol` and of `contracts/referee/Evidence.sol`.
library Written {
    uint256 private constant CHUNK = 256;

    function encode(Chunks memory chunks) internal pure returns (bytes memory found) {
        uint256 count = chunks.indexes.length;
        found = abi.encodePacked(uint8(count));
        for (uint256 i; i < count; ++i) found = abi.encodePacked(found, chunks.indexes[i], uint8(1));
        for (uint256 i; i < count; ++i) found = bytes.concat(found, _chunk(chunks.data, CHUNK * i));
        return bytes.concat(found, _siblings(chunks.siblings));
    }

    function encode(Evidence memory evidence) internal pure returns (bytes memory found) {
        found = abi.encodePacked(evidence.records.encode(), uint8(evidence.values.length));
        for (uint256 i; i < evidence.values.length; ++i) {
            found = abi.encodePacked(found, evidence.values[i], evidence.rows[i].encode());
        }
        found = bytes.concat(found, _siblings(evidence.valueSiblings), _siblings(evidence.sequenceSiblings));
        found = abi.encodePacked(found, uint8(evidence.constants.length));
        for (uint256 i; i < evidence.constants.length; ++i) {
            found = bytes.concat(found, evidence.constants[i].encode());
        }
    }

    function _siblings(bytes32[] memory siblings) private pure returns (bytes memory) {
        return abi.encodePacked(uint16(siblings.length), siblings);
    }

    function _chunk(bytes memory data, uint256 start) private pure returns (bytes memory) {
        uint256 size = data.length - start < CHUNK ? data.length - start : CHUNK;
        bytes memory chunk = new bytes(size);
        for (uint256 i; i < size; ++i) chunk[i] = data[start + i];
        return size == CHUNK ? bytes.concat(hex"00", chunk) : abi.encodePacked(uint8(2), uint8(size), chunk);
    }
}
