// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// Who is owed what by the market. A provider's earnings mature by time: they are counted in the bucket (of one
/// delivery window) in which they were earned and can be withdrawn when the bucket after it has ended. Everything
/// is pulled, so that no recipient can stop a settlement.
abstract contract Earnings is IMarketTypes {
    using SafeERC20 for IERC20;

    /// One word: earnings of the newest bucket and of the one before; older ones have matured.
    struct Maturing {
        uint32 bucket;
        uint112 newest;
        uint112 previous;
    }

    IERC20 public immutable token;
    uint256 private immutable _bucketSeconds;

    mapping(address account => Maturing) private _maturing;
    mapping(address account => uint256) private _matured;

    constructor(IERC20 token_, uint256 bucketSeconds) {
        if (bucketSeconds == 0) revert BadParameters("deliveryWindow is zero");
        token = token_;
        _bucketSeconds = bucketSeconds;
    }

    /// Withdrawable at once.
    function _credit(address account, uint256 amount) internal {
        if (amount == 0) return;
        _matured[account] += amount;
        emit Credited(account, amount);
    }

    /// Withdrawable once it has matured.
    function _earn(address account, uint256 amount) internal {
        Maturing memory maturing = _rolled(account);
        maturing.newest = SafeCast.toUint112(maturing.newest + amount);
        _maturing[account] = maturing;
        emit Earned(account, amount, maturing.bucket);
    }

    /// Take earnings of Unix time `earnedAt` out of those that mature, and return how much that was: nothing where
    /// they have matured already.
    function _takeBack(address account, uint256 amount, uint256 earnedAt) internal returns (uint256) {
        Maturing memory maturing = _rolled(account);
        uint256 bucket = earnedAt / _bucketSeconds;
        // SAFETY: the bucket still holds what was earned in it, since only this function and time empty it.
        if (bucket == maturing.bucket) maturing.newest -= uint112(amount);
        else if (bucket + 1 == maturing.bucket) maturing.previous -= uint112(amount);
        else amount = 0;
        _maturing[account] = maturing;
        return amount;
    }

    /// Send all that `account` can withdraw.
    function _withdraw(address account) internal {
        _maturing[account] = _rolled(account);
        uint256 amount = _matured[account];
        if (amount == 0) revert NothingToWithdraw(account);
        _matured[account] = 0;
        emit Withdrawn(account, amount);
        token.safeTransfer(account, amount);
    }

    function _balanceOf(address account) internal view returns (uint256 withdrawable, uint256 pending) {
        Maturing memory maturing = _maturing[account];
        uint256 passed = _bucketNow() - maturing.bucket;
        uint256 ripe = (passed >= 1 ? maturing.previous : 0) + (passed >= 2 ? maturing.newest : 0);
        withdrawable = _matured[account] + ripe;
        pending = uint256(maturing.previous) + maturing.newest - ripe;
    }

    /// Move what has matured, and return the buckets as of now.
    function _rolled(address account) private returns (Maturing memory maturing) {
        maturing = _maturing[account];
        uint256 passed = _bucketNow() - maturing.bucket;
        if (passed == 0) return maturing;
        uint256 ripe = uint256(maturing.previous) + (passed >= 2 ? maturing.newest : 0);
        if (ripe != 0) _matured[account] += ripe;
        maturing.previous = passed >= 2 ? 0 : maturing.newest;
        maturing.newest = 0;
        // SAFETY: Unix seconds divided by at least one; 32 bits last until 2106.
        maturing.bucket = uint32(_bucketNow());
    }

    function _bucketNow() private view returns (uint256) {
        return block.timestamp / _bucketSeconds;
    }
}
