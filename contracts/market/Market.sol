// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {ClaimLib} from "../types/Claim.sol";
import {Job, SeatsLib} from "../types/Job.sol";
import {Drawing} from "./Drawing.sol";
import {IMarketCore} from "./IMarketCore.sol";
import {MarketBase} from "./MarketBase.sol";
import {Opening} from "./Opening.sol";
import {Remedies} from "./Remedies.sol";
import {Settling} from "./Settling.sol";

/// The whole market, see IMarket: the ordinary case stands here, the rest in Remedies, whose code runs on this
/// contract's storage. It has no owner, no pause and no upgrade: both halves and their parameters are fixed when it
/// is deployed.
///
/// INVARIANT: its token balance is at least the payments of all jobs that are open or drawn and all balances.
/// INVARIANT: both halves declare storage in MarketBase and Earnings only, so that their layouts are one.
contract Market is Opening, Drawing, Settling, Proxy {
    using OrderLib for Order;
    using SeatsLib for Job;

    Remedies public immutable remedies;

    /// Everything but the remedies themselves is taken from them, so that the halves cannot differ.
    constructor(Remedies remedies_)
        MarketBase(
            remedies_.token(), remedies_.vault(), remedies_.beacon(), remedies_.resolver(), remedies_.parameters()
        )
    {
        if (vault.market() != address(this)) revert BadParameters("the vault serves another market");
        remedies = remedies_;
    }

    /// The market takes tokens alone; coins sent to it would be lost.
    function _fallback() internal override {
        if (msg.value != 0) revert NoCoins(msg.value);
        super._fallback();
    }

    function _implementation() internal view override returns (address) {
        return address(remedies);
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
            uint256[] memory seats,
            address[] memory providers,
            bytes32[] memory commitments,
            bytes32[] memory reveals
        )
    {
        JobId id = _jobIdOf(order);
        job = _jobs[id];
        seed = _seeds[id];
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
