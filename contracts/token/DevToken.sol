// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// A token for development chains: anyone mints what they like. Worth nothing, by design.
contract DevToken is ERC20, ERC20Permit {
    constructor() ERC20("Touchstone Development Token", "TST") ERC20Permit("Touchstone Development Token") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
