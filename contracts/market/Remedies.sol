// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IBeacon} from "../beacon/IBeacon.sol";
import {IResolver} from "../resolve/IResolver.sol";
import {IStakeVault} from "../stake/IStakeVault.sol";
import {Equivocating} from "./Equivocating.sol";
import {MarketBase} from "./MarketBase.sol";
import {SlowPath} from "./SlowPath.sol";

/// The second half of the market's code, which the market runs on its own storage: one contract could not hold it
/// all. Called directly it finds no jobs and can move nothing, since the vault obeys the market alone.
contract Remedies is SlowPath, Equivocating {
    constructor(
        IERC20 token_,
        IStakeVault vault_,
        IBeacon beacon_,
        IResolver resolver_,
        Parameters memory parameters_
    ) MarketBase(token_, vault_, beacon_, resolver_, parameters_) {}

    function parameters() external view returns (Parameters memory) {
        return _parameters();
    }
}
