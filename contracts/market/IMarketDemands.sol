// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Order} from "../types/Order.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// Bytes on chain, for whoever is refused them off chain. A demand is prepaid; one answer serves everyone; whoever
/// should have answered and did not, pays. Answers are public: who would rather keep its bytes to itself does not
/// answer, and bears what that costs.
interface IMarketDemands is IMarketTypes {
    /// Demand the input of a drawn job: by an active seat's provider that lacks it, within the commit window. Moves
    /// AnswerFee.deposit from the caller. Further seats join a pending demand at no cost. Until the answer or its
    /// deadline nobody is slashed for silence.
    function demandInput(Order calldata order, uint256 seat) external;

    /// Publish the input, within the commit window also where nobody has demanded it: anyone who has it, once a job.
    /// Where commitments are missing, the commit window begins anew. The caller earns AnswerFee.fee from the deposit,
    /// the rest returns to the demander.
    function answerInput(Order calldata order, bytes calldata payload, bytes32 salt) external;

    /// Demand the output of a settled job: by the requester, at least one answer window before the delivery window
    /// closes. `reveals` are those that settled the job, or empty where its results were revealed on chain: they
    /// prove which output was settled. The payments wait for the answer.
    function demandOutput(Order calldata order, bytes32 outputRoot, Reveal[] calldata reveals) external;

    /// Publish the demanded output: anyone who has it. The providers' payments are withdrawable at once. The caller
    /// earns AnswerFee.fee from the deposit, the rest returns to the demander.
    function answerOutput(Order calldata order, bytes calldata payload, bytes32 salt) external;

    /// Make a settled job's payment withdrawable at once, with the requester's signature on
    /// Receipt(bytes32 job,bytes32 outputRoot), or called by the requester itself. A pending demand
    /// for the output is thereby over.
    function acknowledge(Order calldata order, bytes32 outputRoot, bytes calldata signature) external;

    /// The auditor demands the input: as `demandInput`, and `advanceAudit` ends it.
    function demandAuditInput(Order calldata order) external;

    /// Publish the input for the auditor, whose window begins anew: anyone who has it.
    function answerAuditInput(Order calldata order, bytes calldata payload, bytes32 salt) external;

    /// End a demand whose time is over, or whose round is: the deposit returns to the demander. Where the input was
    /// withheld, the job is refunded less a reservation fee for each seat that demanded it or has committed on chain.
    /// Where the output was withheld, the requester gets the payments back and each provider that was paid loses a
    /// no-show slice.
    function closeDemand(Order calldata order) external;
}
