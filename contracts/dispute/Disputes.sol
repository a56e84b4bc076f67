// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {JobId} from "../types/Ids.sol";
import {DisputesBase} from "./DisputesBase.sol";
import {IDisputes} from "./IDisputes.sol";
import {Joining} from "./Joining.sol";
import {Convictions, Games} from "./Parts.sol";

/// The dispute engine, see IDisputes: who plays stands here, the games and the convictions in two parts, whose code
/// runs on this contract's storage. It holds the challengers' bonds and nothing else: what seats lose is the market's
/// to take. Several moves may go in one transaction (`multicall`).
///
/// INVARIANT: its token balance is the bonds of challengers that have neither lost nor left, and all credits.
contract Disputes is Joining, Proxy, Multicall {
    Games public immutable games;
    Convictions public immutable convictions;

    /// Everything else is taken from the parts, which must agree.
    constructor(Games games_, Convictions convictions_) DisputesBase(games_.setup()) {
        if (keccak256(abi.encode(convictions_.setup())) != keccak256(abi.encode(games_.setup()))) {
            revert BadParameters("the parts of the engine differ");
        }
        (games, convictions) = (games_, convictions_);
    }

    /// The engine takes tokens alone; coins sent to it would be lost.
    function _fallback() internal override {
        if (msg.value != 0) revert NoCoins(msg.value);
        super._fallback();
    }

    /// The part that has the called function.
    function _implementation() internal view override returns (address) {
        bytes4 called = msg.sig;
        if (
            called == IDisputes.convict.selector || called == IDisputes.convictEnd.selector
                || called == IDisputes.postParts.selector || called == IDisputes.narrow.selector
                || called == IDisputes.convictRefused.selector || called == IDisputes.convictTwin.selector
                || called == IDisputes.convictStrong.selector || called == IDisputes.convictCopy.selector
                || called == IDisputes.announce.selector
        ) {
            return address(convictions);
        }
        return address(games);
    }

    /// See IDisputes.
    function openedAt(bytes32 node, uint256 levels) external view returns (uint256) {
        return _opened[_key(node, levels)] >> 224;
    }

    /// See IDisputes.
    function announcedOf(JobId job, uint256 party, uint256 against)
        external
        view
        returns (bytes28 digest, uint256 time)
    {
        uint256 known = _announced[job][party][against];
        return (bytes28(bytes32(known)), uint32(known));
    }

    /// See IDisputes.
    function contestOf(JobId job) external view returns (Contest memory) {
        return _contests[job];
    }

    /// See IDisputes.
    function partyOf(JobId job, uint256 party) external view returns (Party memory) {
        return _parties[job][party];
    }

    /// See IDisputes.
    function gameOf(JobId job, uint256 a, uint256 b) external view returns (Game memory) {
        return _game(job, a, b);
    }
}
