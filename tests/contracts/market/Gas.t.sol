// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Order} from "../../../contracts/types/Order.sol";

/// What a job of three costs in the steady state: ten providers whose words are all non-zero, every account and slot
/// cold. It is execution alone; a transaction adds 21,000 and its calldata. `hardhat test solidity --snapshot`
/// writes what is measured to snapshots/gas.json, and scripts/test fails where that changes.
contract GasTest is Actors {
    uint256 private constant EIGHT = 8;
    bytes private _openOne;
    bytes private _drawOne;
    bytes private _settleOne;
    bytes private _drawEight;
    bytes private _settleEight;
    bytes private _commitOne;
    bytes private _revealOne;
    bytes private _advanceOne;

    /// Each call is measured in a test of its own, on what set-up has committed to storage.
    function setUp() public override {
        super.setUp();
        _join(10, 20);
        while (!_allHaveEarned()) market.settle(_settlement(_drawn(3), RESULT));
        // Each word that counts the value of a seed has been used before.
        for (uint256 i; i < DRAW_BLOCKS + 16; ++i) {
            _roll(height + 1);
            _open(2);
        }
        _nextEpoch();
        _pass(BUCKET);

        Order memory order = _drawn(3);
        _settleOne = abi.encodeCall(market.settle, (_settlement(order, RESULT)));
        IMarketTypes.Settlement[] memory batch = new IMarketTypes.Settlement[](EIGHT);
        for (uint256 i; i < EIGHT; ++i) batch[i] = _settlement(_drawn(3), RESULT);
        _settleEight = abi.encodeCall(market.settleMany, (batch));

        order = _drawn(3);
        _commitOne = abi.encodeCall(market.commit, (order, 0, _signCommit(order, _provider(order, 0), RESULT)));
        order = _drawn(3);
        _commitAll(order, RESULT);
        _revealOne = abi.encodeCall(market.reveal, (order, 0, RESULT, _salt(RESULT)));
        order = _drawn(3);
        _commitAll(order, RESULT);
        for (uint256 seat; seat < 3; ++seat) _reveal(order, seat, RESULT);
        _advanceOne = abi.encodeCall(market.advance, (order));

        order = _open(3);
        _drawOne = abi.encodeCall(market.draw, (order));
        Order[] memory orders = new Order[](EIGHT);
        for (uint256 i; i < EIGHT; ++i) orders[i] = _open(3);
        _drawEight = abi.encodeCall(market.drawMany, (orders));
        order = _order(3);
        _openOne = abi.encodeCall(market.open, (order, _signOrder(order)));
        _roll(height + 3);
    }

    function _allHaveEarned() private view returns (bool) {
        for (uint256 i; i < 10; ++i) {
            (uint256 ready, uint256 pending) = market.balanceOf(providers[i]);
            if (ready + pending == 0) return false;
        }
        return true;
    }

    function _snapshot(string memory what, bytes memory data, uint256 jobs) private {
        address target = address(market);
        // A seed decides how many indices a draw tries.
        for (uint256 i = 1; i < 4; ++i) vm.setBlockhash(height - i, keccak256("seed"));
        vm.cool(target);
        vm.cool(address(vault));
        vm.cool(address(token));
        vm.cool(address(beacon));
        (uint256 used, bool done) = gasOf(target, data);
        assertTrue(done, what);
        vm.snapshotValue("gas", what, used / jobs);
    }

    function test_open() external {
        _snapshot("open", _openOne, 1);
    }

    function test_draw() external {
        _snapshot("draw", _drawOne, 1);
    }

    function test_settle() external {
        _snapshot("settle", _settleOne, 1);
    }

    function test_draw_of_eight() external {
        _snapshot("draw, each of eight", _drawEight, EIGHT);
    }

    function test_settle_of_eight() external {
        _snapshot("settle, each of eight", _settleEight, EIGHT);
    }

    function test_commit() external {
        _snapshot("commit", _commitOne, 1);
    }

    function test_reveal() external {
        _snapshot("reveal", _revealOne, 1);
    }

    function test_advance() external {
        _snapshot("advance to settled", _advanceOne, 1);
    }
}
