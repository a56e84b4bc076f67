// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {IResolver} from "./IResolver.sol";

/// The resolver that finds nobody guilty: it holds the bonds for a while and lets them go. A referee takes its
/// place; until then a contested job costs the providers time, never stake, since votes never slash.
contract TimeoutResolver is IResolver {
    address public immutable market;
    uint256 public immutable window;

    mapping(JobId => uint256) public endsAt;

    error OnlyMarket(address caller);
    error WindowZero();

    event ContestOpened(JobId indexed job, bytes32 contest, uint256 endsAt);

    constructor(address market_, uint256 window_) {
        if (window_ == 0 || market_ == address(0)) revert WindowZero();
        market = market_;
        window = window_;
    }

    /// @inheritdoc IResolver
    function opened(JobId job, bytes32 contest) external {
        if (msg.sender != market) revert OnlyMarket(msg.sender);
        endsAt[job] = block.timestamp + window;
        emit ContestOpened(job, contest, block.timestamp + window);
    }

    /// @inheritdoc IResolver
    function verdict(JobId job) external view returns (bool ended, uint256 guilty, address winner) {
        uint256 end = endsAt[job];
        return (end != 0 && block.timestamp >= end, 0, address(0));
    }
}
