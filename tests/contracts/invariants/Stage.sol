// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Judge} from "../lib/Doubles.sol";
import {Vm} from "../lib/Vm.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Phase, SeatsLib} from "../../../contracts/types/Job.sol";
import {poolIdOf} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Notebook} from "./Notebook.sol";

/// A market in full swing, on which random moves then act: two pools, and jobs in several phases. All that can own
/// tokens is in `accounts`.
abstract contract Stage is Notebook {
    uint256 internal constant PROVIDERS = 6;

    /// The second pool, of another shard and price, which half of the providers serve as well.
    uint16 internal constant SMALL_SHARD = 1;
    uint8 internal constant SMALL_TIER = 4;
    uint256 internal constant SMALL_BOND = 12 * 320;

    address internal watcher;
    address internal thief;
    address[] internal accounts;
    Judge internal judge;
    /// Whether the judge has spoken, and which seats it named.
    bool internal spoken;
    uint256 internal verdict;
    uint64 private _orderNonce;
    /// The claims that settled a job.
    mapping(uint256 index => IMarketTypes.Reveal[]) internal claimsOf;

    /// Weight of each leaf, one more than it is, as first seen in an epoch.
    mapping(uint256 epoch => mapping(uint256 pool => mapping(uint256 leaf => uint256))) internal weights;

    function setUp() public virtual override {
        super.setUp();
        watcher = _known("watcher");
        thief = _known("thief");
        accounts.push(requester);
        pools.push(pool);
        pools.push(poolIdOf(model, SMALL_SHARD, SMALL_TIER));
        bondOf[pools[0]] = BOND;
        bondOf[pools[1]] = SMALL_BOND;
        token.mint(thief, 1e6);
        vm.prank(thief);
        token.approve(address(market), type(uint256).max);
        vm.recordLogs();
        for (uint256 i; i < PROVIDERS; ++i) {
            accounts.push(_joinOne(3));
            if (i % 2 == 0) continue;
            _fund(providers[i], 2 * SMALL_BOND);
            vm.prank(providers[i]);
            vault.pledge(model, SMALL_SHARD, SMALL_TIER, 2);
        }
        _note(vm.getRecordedLogs());
        _goBlocks((height / EPOCH + 1) * EPOCH);
        _beginJobs();
    }

    function _createResolver() internal override returns (address) {
        judge = new Judge();
        return address(judge);
    }

    /// One job settled, one contested, three drawn and one open.
    function _beginJobs() private {
        for (uint256 i; i < 5; ++i) {
            _mustDo(requester, abi.encodeCall(market.open, (_newOrder(uint8(2 + i % 3), i == 3 ? 1 : 0, UNITS), "")));
        }
        _goBlocks(height + 3);
        for (uint256 i; i < 5; ++i) _mustDo(watcher, abi.encodeCall(market.draw, (orders[i])));
        _settleOn(0, _settlement(orders[0], _result()));
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(orders[1]);
        _mustDo(watcher, abi.encodeCall(market.contest, (orders[1], outputs, reveals)));
        _mustDo(requester, abi.encodeCall(market.open, (_newOrder(3, 0, UNITS), "")));
    }

    /// Settle a job, and keep the claims for a demand.
    function _settleOn(uint256 index, IMarketTypes.Settlement memory settlement) internal {
        _mustDo(watcher, abi.encodeCall(market.settle, (settlement)));
        _keepClaims(index, settlement.reveals);
    }

    function _keepClaims(uint256 index, IMarketTypes.Reveal[] memory reveals) internal {
        for (uint256 i; i < reveals.length; ++i) claimsOf[index].push(reveals[i]);
    }

    function _newOrder(uint8 replicas, uint256 which, uint16 units) internal returns (Order memory) {
        return Order(
            requester,
            model,
            which == 0 ? 0 : SMALL_SHARD,
            which == 0 ? TIER : SMALL_TIER,
            0,
            replicas,
            units,
            _result(),
            0,
            ++_orderNonce,
            uint40(clock + 1 days)
        );
    }

    function _known(string memory name) private returns (address account) {
        uint256 key;
        (account, key) = makeAccount(name);
        keyOf[account] = key;
        accounts.push(account);
    }

    // --- calls -----------------------------------------------------------------------------------------------

    /// Call the market as `who`. What succeeds is written down.
    function _do(address who, bytes memory data) internal returns (bool) {
        return _do(who, address(market), data);
    }

    function _do(address who, address target, bytes memory data) internal returns (bool done) {
        vm.prank(who);
        (done,) = target.call(data);
        // The runner also keeps the logs of calls that reverted.
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (done) _note(logs);
    }

    function _mustDo(address who, bytes memory data) internal {
        assertTrue(_do(who, data), "what is allowed was refused");
    }

    function _mustFail(address who, address target, bytes memory data) internal {
        assertFalse(_do(who, target, data), "what is forbidden went through");
    }

    function fail(string memory rule) internal pure {
        assertTrue(false, rule);
    }

    // --- choices ---------------------------------------------------------------------------------------------

    function _pick(uint256 seed, uint256 count) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, count))) % count;
    }

    /// One of the jobs that are in `phase`, the newest eight first; false where none is.
    function _pickJob(uint256 seed, Phase phase) internal view returns (bool found, uint256 index) {
        uint256 count = notes.length < 8 ? notes.length : 8;
        uint256 first = _pick(seed, count);
        for (uint256 i; i < count; ++i) {
            index = notes.length - 1 - (first + i) % count;
            if (notes[index].phase == phase) return (true, index);
        }
    }

    /// One of the given seats.
    function _pickSeat(uint256 seed, uint256 bits) internal pure returns (uint256 seat) {
        uint256[] memory seats = _seatsOf(bits);
        return seats[_pick(seed, seats.length)];
    }

    function _seatsOf(uint256 bits) internal pure returns (uint256[] memory seats) {
        seats = new uint256[](8);
        uint256 count;
        for (uint256 seat; bits >> seat != 0; ++seat) if (bits >> seat & 1 != 0) seats[count++] = seat;
        assembly ("memory-safe") {
            mstore(seats, count)
        }
    }

    function _ownerOf(Notes storage it, uint256 seat) internal view returns (address) {
        return vault.ownerOf(it.pool, SeatsLib.leaf(it.seats, seat));
    }

    // --- time ------------------------------------------------------------------------------------------------

    /// Move to a block; the weights of an epoch are written down the moment it begins.
    function _goBlocks(uint256 number) internal {
        while (number / EPOCH > height / EPOCH) {
            _roll((height / EPOCH + 1) * EPOCH);
            _seeWeights();
        }
        _roll(number);
    }

    function _seeWeights() private {
        uint256 epoch = height / EPOCH;
        for (uint256 p; p < pools.length; ++p) {
            for (uint256 leaf; leaf < leaves[pools[p]]; ++leaf) {
                (uint256 current,) = vault.weightOf(pools[p], leaf);
                weights[epoch][p][leaf] = current + 1;
            }
        }
    }
}
