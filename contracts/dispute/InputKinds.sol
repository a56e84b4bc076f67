// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// What a program reads: twin of `InputKind` in `touchstone/programs/program.py`.
library InputKinds {
    uint256 internal constant TOKENS = 0;
    uint256 internal constant ROWS = 1;
    /// Orders, a row of six elements at each position: the token, whether the program wrote it, how to sample.
    uint256 internal constant PROMPT = 2;

    /// Numbers of a prompt's settings: how many tokens to write, and those that stand in each order.
    uint256 internal constant SETTINGS = 5;
}
