// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// The prover's cheat codes that the proofs use.
interface Vm {
    function assume(bool condition) external pure;
    function warp(uint256 timestamp) external;
    function roll(uint256 number) external;
    function prank(address sender) external;
}

/// What a proof stands on. A `check_` function holds for all values of its arguments that pass `assume`.
abstract contract Proof {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// Read by the prover.
    bool public constant IS_TEST = true;
}
