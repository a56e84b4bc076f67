// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";

/// Who decides a contested job. The market tells it that a job is contested and later asks for its verdict; it
/// never touches money.
interface IResolver {
    /// A job is contested. `contest` is the hash of (job, draw, seats, outputs), see ContestLib. Called once, by
    /// the market.
    function opened(JobId job, bytes32 contest) external;

    /// Whether the contest is over, and then: bit i of `guilty` is set where seat i was shown to have lied, and
    /// `winners[i]` is owed its bounty (zero: nobody). Seat 7 is the auditor's.
    function verdict(JobId job) external view returns (bool ended, uint256 guilty, address[8] memory winners);
}
