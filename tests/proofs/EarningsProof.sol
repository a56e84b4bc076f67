// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Earnings} from "../../contracts/market/Earnings.sol";
import {Proof} from "./Proof.sol";

/// Earnings that mature, in buckets of one second: any other length divides the time first, and changes nothing else.
contract EarningsProof is Proof, Earnings(IERC20(address(1)), 1) {
    function _sum(address account) private view returns (uint256) {
        (uint256 ready, uint256 pending) = _balanceOf(account);
        return ready + pending;
    }

    /// An account in any state that can be: two earnings, and time between them.
    function _live(address account, uint112 first, uint112 second, uint32 start, uint32 gap) private {
        vm.warp(start);
        _earn(account, first);
        vm.warp(uint256(start) + gap);
        _earn(account, second);
    }

    function _assumeSmall(uint112 a, uint112 b) private pure {
        vm.assume(a < 1 << 111 && b < 1 << 111);
    }

    function check_nothing_is_lost_or_made_by_time(uint112 first, uint112 second, uint32 start, uint32 gap, uint32 later)
        external
    {
        _assumeSmall(first, second);
        vm.assume(start >= 2 && gap < 1 << 30 && later < 1 << 30 && start < 1 << 30);
        address account = address(2);
        _live(account, first, second, start, gap);
        assert(_sum(account) == uint256(first) + second);
        vm.warp(uint256(start) + gap + later);
        assert(_sum(account) == uint256(first) + second);
        _earn(account, 0);
        assert(_sum(account) == uint256(first) + second);
    }

    /// Earnings are withdrawable once the bucket after theirs has ended, and not before.
    function check_earnings_mature_in_the_second_bucket_after(uint112 amount, uint32 start, uint32 later) external {
        vm.assume(start >= 2 && start < 1 << 30 && later < 1 << 30);
        address account = address(2);
        vm.warp(start);
        _earn(account, amount);
        vm.warp(uint256(start) + later);
        (uint256 ready, uint256 pending) = _balanceOf(account);
        assert(ready == (later >= 2 ? amount : 0));
        assert(pending == (later >= 2 ? 0 : amount));
    }

    /// What is taken back is what was earned, once, until it has matured; it never fails.
    function check_what_has_not_matured_can_be_taken_back(
        uint112 first,
        uint112 second,
        uint32 start,
        uint32 gap,
        uint32 later,
        bool which
    ) external {
        _assumeSmall(first, second);
        vm.assume(start >= 2 && start < 1 << 30 && gap < 1 << 30 && later < 1 << 30);
        address account = address(2);
        _live(account, first, second, start, gap);
        vm.warp(uint256(start) + gap + later);
        (uint256 before,) = _balanceOf(account);
        uint256 earnedAt = which ? start : uint256(start) + gap;
        uint256 amount = which ? first : second;
        uint256 taken = _takeBack(account, amount, earnedAt);
        assert(taken == (block.timestamp - earnedAt >= 2 ? 0 : amount));
        (uint256 ready, uint256 pending) = _balanceOf(account);
        assert(ready == before);
        assert(ready + pending + taken == uint256(first) + second);
    }
}
