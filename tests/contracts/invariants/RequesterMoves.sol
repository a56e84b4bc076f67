// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Modes, Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Checks} from "./Checks.sol";

/// What requesters do.
abstract contract RequesterMoves is Checks {
    /// Some orders break one rule each, and are refused.
    function requester_opens(uint256 seed) external {
        Order memory order = _newOrder(uint8(2 + _pick(seed, 4)), _pick(seed, 3) / 2, uint16(1 + _pick(seed, 16)));
        uint256 flaw = _pick(seed, 24);
        if (flaw == 0) order.units = 0;
        else if (flaw == 1) order.units = 17;
        else if (flaw == 2) order.replicas = 1;
        else if (flaw == 3) order.replicas = 6;
        else if (flaw == 4) order.mode = 1;
        else if (flaw == 5) order.tier = 7;
        else if (flaw == 6) order.openBy = uint40(clock - 1);
        else if (flaw == 7) order = orders[_pick(seed, orders.length)];
        if (flaw < 8) return _mustFail(requester, address(market), abi.encodeCall(market.open, (order, "")));
        if (flaw < 12) return _mustDo(watcher, abi.encodeCall(market.open, (order, _signOrder(order))));
        if (flaw == 12) {
            bytes memory signature = _signOrder(order);
            return _mustDo(watcher, abi.encodeCall(market.openWithPermit, (order, signature, 0, 0, 0, 0)));
        }
        if (flaw > 18) order.inputRoot = 0;
        _mustDo(requester, abi.encodeCall(market.open, (order, "")));
    }

    function requester_opens_and_is_drawn(uint256 seed) external {
        Order memory order = _newOrder(uint8(2 + _pick(seed, 2)), _pick(seed, 4) / 3, UNITS);
        if (_pick(seed, 3) == 0) order.inputRoot = 0;
        _mustDo(requester, abi.encodeCall(market.open, (order, "")));
        _goBlocks(uint256(market.jobOf(notes[notes.length - 1].id).since) + 1 + _pick(seed, 3));
        _do(watcher, abi.encodeCall(market.draw, (order)));
    }

    /// The input of a job that waits for one, often at the last moment; a passer-by brings the requester's word.
    function requester_fixes_an_input(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Waiting);
        if (!found) return;
        Notes storage it = notes[index];
        uint256 until = it.drawnAt + INPUT_WINDOW;
        if (clock < until && _pick(seed, 4) == 0) _goTo(until + _pick(seed, 2));
        Order memory order = orders[index];
        bool relayed = _pick(seed, 2) == 0;
        bytes memory signature = relayed ? _signInput(requester, order, _result()) : bytes("");
        bytes memory data = abi.encodeCall(market.fixInput, (order, _result(), signature));
        assertEq(_do(relayed ? watcher : requester, data), clock <= until, "fixed in its time");
    }

    /// One provider and an audit, often as far as to its settlement.
    function requester_opens_audited(uint256 seed) external {
        Order memory order = _newOrder(1, _pick(seed, 4) / 3, UNITS);
        order.mode = Modes.OPTIMISTIC | (uint8(1 + _pick(seed, 4) / 3) << 4);
        bool deferred = _pick(seed, 5) == 0;
        if (deferred) order.inputRoot = 0;
        if (_pick(seed, 16) == 0) {
            order.replicas = 2;
            return _mustFail(requester, address(market), abi.encodeCall(market.open, (order, "")));
        }
        _mustDo(requester, abi.encodeCall(market.open, (order, "")));
        uint256 index = notes.length - 1;
        _goBlocks(uint256(market.jobOf(notes[index].id).since) + 1);
        if (!_do(watcher, abi.encodeCall(market.draw, (order))) || _pick(seed, 4) == 0) return;
        if (deferred) _mustDo(requester, abi.encodeCall(market.fixInput, (order, _result(), "")));
        _settleOn(index, _settlement(order, _pick(seed, 6) == 0 ? OTHER : _result()));
        _goBlocks(notes[index].seedBlock + _pick(seed, 3));
    }

    function requester_acknowledges(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Settled);
        if (found) _do(requester, abi.encodeCall(market.acknowledge, (orders[index], _result(), "")));
    }

    /// The output of a settled job is demanded, with the claims that settled it or by what was revealed.
    function requester_demands(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Settled);
        if (!found) return;
        _prepay(requester);
        bytes memory data = abi.encodeCall(market.demandOutput, (orders[index], _result(), claimsOf[index]));
        bool done = _do(requester, data);
        uint256 until = uint256(market.jobOf(notes[index].id).since) + DELIVERY - ANSWER;
        assertTrue(!done || clock <= until, "an output is demanded in time");
    }

    function requester_opens_many(uint256 seed) external {
        Order[] memory many = new Order[](2);
        for (uint256 i; i < 2; ++i) many[i] = _newOrder(2, _pick(seed, 2), UNITS);
        _mustDo(requester, abi.encodeCall(market.openMany, (many, new bytes[](0))));
    }

    function anyone_withdraws(uint256 seed) external {
        address who = accounts[_pick(seed, accounts.length)];
        (uint256 ready,) = market.balanceOf(who);
        uint256 before = token.balanceOf(who);
        assertEq(_do(who, abi.encodeCall(market.withdraw, ())), ready != 0, "withdrawn");
        assertEq(token.balanceOf(who), before + ready, "what is withdrawable is withdrawn");
    }
}
