// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// Takes tokens in and makes sure that they came: a token that keeps a fee would leave its last holders unpaid.
library ExactTransfer {
    using SafeERC20 for IERC20;

    error TokensMissing(uint256 received, uint256 expected);

    function take(IERC20 token, address from, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received < amount) revert TokensMissing(received, amount);
    }
}
