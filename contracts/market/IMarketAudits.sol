// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Audit} from "../types/Audit.sol";
import {JobId} from "../types/Ids.sol";
import {Order} from "../types/Order.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// A second look at a settled job, by one of the pool that randomness names once the claim is on chain, so that no
/// provider knows beforehand who looks, or whether. The order states how often and pays for it.
///
///   settle | requestAudit -> advanceAudit (the seed's block has come) -> vouch
///                                                                    -> (a challenge, where the result differs)
///                                                                    -> advanceAudit (the auditor was silent)
interface IMarketAudits is IMarketTypes {
    /// The seed's word is asked for, the next auditor is seated, or the audit ends: whatever is due.
    ///   Due: from the block after the seed's on. Where the seed names no auditor, the fee returns to the requester.
    ///   Drawn, the window over: the auditor loses a no-show slice and another takes its place while there is time.
    ///   Drawn, its demand for the input unanswered: it is paid a reservation fee, and the seats that were paid for the
    ///   result forfeit their bonds, at the conclusion of a challenge where one holds them. The job has ended or a seat
    ///   was found guilty: the fee returns to the requester.
    function advanceAudit(Order calldata order) external;

    /// The auditor vouches: it computed the very output that the job was settled on. `seal` is AuditLib.seal of it. It
    /// is paid as a replica is; if the result is convicted afterwards it is guilty as well.
    function vouch(Order calldata order, bytes32 seal) external;

    /// Show that an auditor's seal is not of the settled output, so that it vouched for what it never computed.
    /// `outputRoot` and `reveals` as for `IMarketDemands.demandOutput`; `sealed_` is Tree.seal of the output and `salt`
    /// the job's. The bounty is the lowest paid seat's, whoever calls; while a challenge holds the bond the auditor is
    /// guilty instead, `conclude` cuts it, and the bounty is the winner's. Makes the salt public.
    function refuteVouch(
        Order calldata order,
        bytes32 outputRoot,
        Reveal[] calldata reveals,
        bytes32 sealed_,
        bytes32 salt
    ) external;

    /// Audit a settled job for certain: by its requester, who pays one share. Again where an audit ended without a
    /// report, but not once an auditor has vouched.
    function requestAudit(Order calldata order) external;

    /// The job's audit, and what its auditor sealed.
    function auditOf(JobId job) external view returns (Audit memory audit, bytes32 seal);

    /// Hold the bonds of a settled job until the resolver, which alone may call, has spoken; returns the seats that are
    /// held, the auditor's (7) last where one has vouched, and whose they are. Possible while the bonds are locked, and
    /// again once a challenge has been concluded: the verdict asked for is then on the new one. `outputRoot` is what
    /// the job was settled on; `reveals` are those that settled it, or empty where its results were revealed on chain.
    /// The job stays settled.
    function challenge(Order calldata order, bytes32 outputRoot, Reveal[] calldata reveals)
        external
        returns (uint256[] memory seats, address[] memory accounts);

    /// The job's pending challenge: when it began (zero: none is pending), and the bits of the seats whose bonds it
    /// holds.
    function challengeOf(JobId job) external view returns (uint256 since, uint256 seats);
}
