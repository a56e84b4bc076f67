// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Where the randomness of a draw comes from. On chains whose sequencer chooses block hashes, a verifiable
/// beacon takes the place of the default.
interface IBeacon {
    /// The seed that block `number` fixes. Reverts with SeedUnavailable before that block is mined and after its
    /// seed has been forgotten.
    function seedOf(uint256 number) external view returns (bytes32);

    /// For how many blocks after it was mined a block's seed can be had.
    function horizon() external view returns (uint256);

    error SeedUnavailable(uint256 number, uint256 current);
}
