// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Life of a demand. One that was answered, or that ended a job, is never made again; one that the job needed no more
/// is forgotten.
enum DemandState {
    None,
    Pending,
    Answered,
    Closed
}

/// Bytes that are owed and did not come, demanded on chain; one word. A job has at most one demand for its input and
/// one for its output at a time.
struct Demand {
    /// Who prepaid the answer.
    address demander;
    /// Unix time until which the answer is taken.
    uint40 deadline;
    DemandState state;
    /// Input: bit i is set where seat i said that it lacks the input. Output: where seat i's payment waits for the
    /// answer.
    uint8 seats;
}

/// What an answer costs. Whoever demands prepays the most that it can, and gets back what the answer did not need.
library AnswerFee {
    /// The longest answer; a transaction of more than 128 KiB is not relayed.
    uint256 internal constant MOST_BYTES = 96 * 1024;

    /// What the rest of the transaction costs, as bytes.
    uint256 internal constant OVERHEAD_BYTES = 2048;

    /// What the demander prepays, in base units of the token.
    function deposit(uint256 pricePerByte) internal pure returns (uint256) {
        return fee(MOST_BYTES, pricePerByte);
    }

    /// What an answer of `length` bytes earns, in base units of the token.
    function fee(uint256 length, uint256 pricePerByte) internal pure returns (uint256) {
        return (length + OVERHEAD_BYTES) * pricePerByte;
    }
}
