// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {ClaimLib} from "../types/Claim.sol";
import {Job, SeatsLib} from "../types/Job.sol";
import {Demand} from "../types/Demand.sol";
import {Drawing} from "./Drawing.sol";
import {IMarketCore} from "./IMarketCore.sol";
import {IMarketAudits} from "./IMarketAudits.sol";
import {IMarketContests} from "./IMarketContests.sol";
import {IMarketDeadlines} from "./IMarketDeadlines.sol";
import {Audits} from "./Audits.sol";
import {Contests} from "./Contests.sol";
import {Deadlines} from "./Deadlines.sol";
import {Demands} from "./Demands.sol";
import {MarketBase, Setup} from "./MarketBase.sol";
import {MarketPart} from "./MarketPart.sol";
import {Opening} from "./Opening.sol";
import {Settling} from "./Settling.sol";

/// The whole market, see IMarket: the ordinary case stands here, the rest in four parts, whose code runs on this
/// contract's storage. It has no owner, no pause and no upgrade: the parts and their parameters are fixed when it is
/// deployed.
///
/// INVARIANT: its token balance is at least the payments of all jobs that are open or drawn, the deposits of pending
/// demands, the payments that wait for an output, and all balances.
/// INVARIANT: all parts declare storage in MarketBase and Earnings only, so that their layouts are one.
contract Market is Opening, Drawing, Settling, Proxy {
    using OrderLib for Order;
    using SeatsLib for Job;

    Deadlines public immutable deadlines;
    Contests public immutable contests;
    Demands public immutable demands;
    Audits public immutable audits;

    /// Everything else is taken from the parts, which must agree.
    constructor(Deadlines deadlines_, Contests contests_, Demands demands_, Audits audits_)
        MarketBase(deadlines_.setup())
    {
        _requireSame(contests_);
        _requireSame(demands_);
        _requireSame(audits_);
        if (vault.market() != address(this)) revert BadParameters("the vault serves another market");
        (deadlines, contests, demands, audits) = (deadlines_, contests_, demands_, audits_);
    }

    /// All parts must be made with what this market is made with.
    function _requireSame(MarketPart part) private view {
        Setup memory own = Setup(token, vault, beacon, resolver, _parameters());
        if (keccak256(abi.encode(part.setup())) != keccak256(abi.encode(own))) {
            revert BadParameters("the parts of the market differ");
        }
    }

    /// The market takes tokens alone; coins sent to it would be lost.
    function _fallback() internal override {
        if (msg.value != 0) revert NoCoins(msg.value);
        super._fallback();
    }

    /// The part that has the called function.
    function _implementation() internal view override returns (address) {
        bytes4 called = msg.sig;
        if (
            called == IMarketDeadlines.commit.selector || called == IMarketDeadlines.reveal.selector
                || called == IMarketDeadlines.advance.selector || called == IMarketDeadlines.commitAndAdvance.selector
                || called == IMarketDeadlines.expire.selector || called == IMarketDeadlines.fixInput.selector
                || called == IMarketDeadlines.inputOf.selector
        ) {
            return address(deadlines);
        }
        if (
            called == IMarketContests.contest.selector || called == IMarketContests.conclude.selector
                || called == IMarketContests.punishTwoCommits.selector
                || called == IMarketContests.punishTwoClaims.selector
        ) {
            return address(contests);
        }
        if (
            called == IMarketAudits.advanceAudit.selector || called == IMarketAudits.vouch.selector
                || called == IMarketAudits.refuteVouch.selector || called == IMarketAudits.requestAudit.selector
                || called == IMarketAudits.auditOf.selector || called == IMarketAudits.challenge.selector
                || called == IMarketAudits.challengeOf.selector
        ) {
            return address(audits);
        }
        return address(demands);
    }

    /// @inheritdoc IMarketCore
    function jobIdOf(Order calldata order) external view returns (JobId) {
        return _jobIdOf(order);
    }

    /// @inheritdoc IMarketCore
    function parameters() external view returns (Parameters memory) {
        return _parameters();
    }

    /// @inheritdoc IMarketCore
    function jobOf(JobId job) external view returns (Job memory) {
        return _jobs[job];
    }

    /// @inheritdoc IMarketCore
    function seedOf(JobId job) external view returns (bytes32) {
        return _seeds[job];
    }

    /// @inheritdoc IMarketCore
    function drawOf(JobId job) external view returns (bytes32) {
        return ClaimLib.drawOf(_seeds[job], _jobs[job].round);
    }

    /// @inheritdoc IMarketCore
    function activeSeats(Order calldata order)
        external
        view
        returns (uint256[] memory seats, address[] memory providers)
    {
        Job memory job = _jobs[_jobIdOf(order)];
        seats = job.active(order.replicas);
        providers = vault.ownersOf(order.pool(), job.seats, seats);
    }

    /// @inheritdoc IMarketCore
    function stateOf(Order calldata order)
        external
        view
        returns (
            Job memory job,
            bytes32 seed,
            bytes32 inputRoot,
            uint256[] memory seats,
            address[] memory providers,
            bytes32[] memory commitments,
            bytes32[] memory reveals
        )
    {
        JobId id = _jobIdOf(order);
        job = _jobs[id];
        (seed, inputRoot) = (_seeds[id], _inputOf(order, id));
        seats = job.active(order.replicas);
        providers = vault.ownersOf(order.pool(), job.seats, seats);
        bytes32 draw = ClaimLib.drawOf(seed, job.round);
        commitments = new bytes32[](seats.length);
        reveals = new bytes32[](seats.length);
        for (uint256 i; i < seats.length; ++i) {
            commitments[i] = _commitments[draw][seats[i]];
            reveals[i] = _reveals[draw][seats[i]];
        }
    }

    /// @inheritdoc IMarketCore
    function commitmentOf(bytes32 draw, uint256 seat) external view returns (bytes32) {
        return _commitments[draw][seat];
    }

    /// @inheritdoc IMarketCore
    function revealOf(bytes32 draw, uint256 seat) external view returns (bytes32) {
        return _reveals[draw][seat];
    }

    /// @inheritdoc IMarketCore
    function demandOf(JobId job, bool output) external view returns (Demand memory) {
        return _demands[job][output];
    }

    /// @inheritdoc IMarketCore
    function valueOfSeed(uint256 seedBlock) external view returns (uint256) {
        SeedValue memory taken = _seedValues[_seedSlot(seedBlock)];
        return taken.seedBlock == seedBlock ? taken.value : 0;
    }

    /// @inheritdoc IMarketCore
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IMarketCore
    function withdraw() external nonReentrant {
        _withdraw(msg.sender);
    }

    /// @inheritdoc IMarketCore
    function balanceOf(address account) external view returns (uint256 withdrawable, uint256 pending) {
        return _balanceOf(account);
    }
}
