// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../../../contracts/types/Ids.sol";
import {IResolver} from "../../../contracts/resolve/IResolver.sol";

/// The resolver that finds nobody guilty: it holds the bonds for a while and lets them go. Stands in for the dispute
/// engine where a test is not about disputes.
contract TimeoutResolver is IResolver {
    uint256 public immutable window;

    mapping(JobId => uint256) public endsAt;

    constructor(uint256 window_) {
        window = window_;
    }

    /// @inheritdoc IResolver
    function opened(JobId job, bytes32) external {
        endsAt[job] = block.timestamp + window;
    }

    /// @inheritdoc IResolver
    function verdict(JobId job) external view returns (bool ended, uint256 guilty, address[8] memory winners) {
        uint256 end = endsAt[job];
        return (end != 0 && block.timestamp >= end, 0, winners);
    }
}
