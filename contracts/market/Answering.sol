// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ExactTransfer} from "../token/ExactTransfer.sol";
import {AnswerFee, Demand, DemandState} from "../types/Demand.sol";
import {JobId} from "../types/Ids.sol";
import {Payload} from "../types/Payload.sol";
import {MarketBase} from "./MarketBase.sol";

/// How a demand for bytes begins, is answered and ends.
abstract contract Answering is MarketBase {
    using ExactTransfer for IERC20;

    function _demand(JobId id, bool output, uint256 seat, bytes32 root, uint8 seats) internal {
        if (_demands[id][output].state != DemandState.None) revert DemandExists(id, output);
        uint256 deadline = block.timestamp + ANSWER_WINDOW;
        // SAFETY: Unix seconds.
        _demands[id][output] = Demand(msg.sender, uint40(deadline), DemandState.Pending, seats);
        uint256 deposit = AnswerFee.deposit(ANSWER_PRICE);
        emit Demanded(id, output, msg.sender, seat, root, deposit, deadline);
        token.take(msg.sender, deposit);
    }

    /// Check the bytes, make them public and pay for them.
    function _answer(JobId id, bool output, bytes calldata payload, bytes32 salt, bytes32 wanted) internal {
        if (payload.length > AnswerFee.MOST_BYTES) revert AnswerTooLong(payload.length, AnswerFee.MOST_BYTES);
        bytes32 root = Payload.root(payload, salt);
        if (root != wanted) revert WrongAnswer(root, wanted);
        Demand memory demand = _demands[id][output];
        uint256 fee;
        if (demand.state == DemandState.Pending) {
            if (block.timestamp > demand.deadline) revert TooLate(id, demand.deadline);
            fee = AnswerFee.fee(payload.length, ANSWER_PRICE);
        }
        emit Answered(id, output, msg.sender, salt, payload, fee);
        if (demand.state == DemandState.Pending) {
            _refundDeposit(id, output, DemandState.Answered, fee);
            _credit(msg.sender, fee);
        } else {
            _demands[id][output].state = DemandState.Answered;
        }
    }

    /// Whether a demand for the input went unanswered; reverts while it still may be answered.
    function _starves(JobId id) internal view returns (bool) {
        Demand memory demand = _demands[id][false];
        if (demand.state != DemandState.Pending) return false;
        if (block.timestamp <= demand.deadline) revert DemandPending(id, demand.deadline);
        return true;
    }

    /// Return the deposit of a demand for the input that the job needs no more. While the job goes on, another may be
    /// made: a seat that comes later may lack the input too.
    function _dropDemand(JobId id) internal {
        if (_demands[id][false].state == DemandState.Pending) _refundDeposit(id, false, DemandState.None, 0);
    }

    /// End a demand: `fee` of its deposit has gone elsewhere, the rest is the demander's again.
    function _refundDeposit(JobId id, bool output, DemandState state, uint256 fee) internal {
        Demand storage demand = _demands[id][output];
        demand.state = state;
        uint256 returned = AnswerFee.deposit(ANSWER_PRICE) - fee;
        _credit(demand.demander, returned);
        emit DemandClosed(id, output, demand.demander, returned);
    }
}
