// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Job, Phase, Seats, SeatsLib} from "../../../contracts/types/Job.sol";
import {Vm} from "./Vm.sol";

/// Rebuilds the state of one pool and its jobs from events, and from the times of their blocks, alone.
contract Replay {
    struct Seen {
        Job job;
        address requester;
        uint8 replicas;
        uint256 payment;
        uint256 share;
        /// Whether the payments wait for a demanded output.
        bool waiting;
        bool deferred;
    }

    struct Leaf {
        address owner;
        uint256 slots;
        uint256 next;
        uint256 held;
    }

    address private immutable _vault;
    uint256 private immutable _bond;
    uint256 private immutable _delivery;

    JobId[] public jobs;
    mapping(JobId => Seen) private _jobs;
    mapping(address => uint256) public freeStake;
    Leaf[] private _leaves;
    mapping(address => uint256) private _leafOf;
    mapping(uint256 leaf => mapping(uint256 bucket => uint256)) public locks;
    mapping(uint256 id => IStakeVault.Unbonding) private _unbondings;
    uint256 public unbondings;
    mapping(address => uint256) private _credited;
    mapping(address => uint256) private _withdrawn;
    mapping(address => mapping(uint256 bucket => uint256)) private _earned;
    mapping(address => uint256[]) private _buckets;

    constructor(address vault, uint256 bond, uint256 delivery) {
        (_vault, _bond, _delivery) = (vault, bond, delivery);
    }

    function seen(JobId job) external view returns (Seen memory) {
        return _jobs[job];
    }

    function leaf(uint256 index) external view returns (Leaf memory) {
        return _leaves[index];
    }

    function leafCount() external view returns (uint256) {
        return _leaves.length;
    }

    function unbondingOf(uint256 id) external view returns (IStakeVault.Unbonding memory) {
        return _unbondings[id];
    }

    function jobCount() external view returns (uint256) {
        return jobs.length;
    }

    /// What the account can withdraw from the market at `time`, and what is still to mature.
    function balanceOf(address account, uint256 time) external view returns (uint256 ready, uint256 pending) {
        ready = _credited[account];
        uint256[] storage buckets = _buckets[account];
        for (uint256 i; i < buckets.length; ++i) {
            if (buckets[i] + 2 <= time / _delivery) ready += _earned[account][buckets[i]];
            else pending += _earned[account][buckets[i]];
        }
        ready -= _withdrawn[account];
    }

    function apply_(Vm.Log[] calldata logs, uint256 time) external {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == _vault) _stake(logs[i]);
            else _market(logs[i], time);
        }
    }

    function _stake(Vm.Log calldata log) private {
        bytes32 name = log.topics[0];
        if (name == IStakeVault.Deposited.selector || name == IStakeVault.Credited.selector) {
            freeStake[_address(log.topics[1])] += abi.decode(log.data, (uint256));
        } else if (name == IStakeVault.Withdrawn.selector) {
            freeStake[_address(log.topics[1])] -= abi.decode(log.data, (uint256));
        } else if (name == IStakeVault.Joined.selector) {
            address owner = _address(log.topics[2]);
            _leafOf[owner] = abi.decode(log.data, (uint256));
            _leaves.push(Leaf(owner, 0, 0, 0));
        } else if (name == IStakeVault.Pledged.selector) {
            address owner = _address(log.topics[2]);
            (uint16 slots,) = abi.decode(log.data, (uint16, uint256));
            _leaves[_leafOf[owner]].slots += slots;
            _leaves[_leafOf[owner]].next += slots;
            freeStake[owner] -= slots * _bond;
        } else if (name == IStakeVault.UnbondingStarted.selector) {
            address owner = _address(log.topics[3]);
            (uint16 slots, uint40 readyAt) = abi.decode(log.data, (uint16, uint40));
            _leaves[_leafOf[owner]].next -= slots;
            unbondings = uint256(log.topics[1]);
            _unbondings[unbondings].provider = owner;
            _unbondings[unbondings].slots = slots;
            _unbondings[unbondings].readyAt = readyAt;
        } else if (name == IStakeVault.Unbonded.selector) {
            (uint16 slots, uint256 amount) = abi.decode(log.data, (uint16, uint256));
            address owner = _unbondings[uint256(log.topics[1])].provider;
            delete _unbondings[uint256(log.topics[1])];
            _leaves[_leafOf[owner]].slots -= slots;
            freeStake[owner] += amount;
        } else if (name == IStakeVault.BondHeld.selector) {
            locks[uint256(log.topics[2])][abi.decode(log.data, (uint32))] -= 1;
            _leaves[uint256(log.topics[2])].held += 1;
        } else if (name == IStakeVault.BondReleased.selector) {
            _leaves[uint256(log.topics[2])].held -= 1;
        } else if (name == IStakeVault.BondRelocked.selector) {
            _leaves[uint256(log.topics[2])].held -= 1;
            locks[uint256(log.topics[2])][abi.decode(log.data, (uint32))] += 1;
        } else if (name == IStakeVault.Slashed.selector) {
            Leaf storage hit = _leaves[uint256(log.topics[2])];
            (uint256 burned, uint256 paid, uint32 bucket) = abi.decode(log.data, (uint256, uint256, uint32));
            if (bucket == 0) hit.held -= 1;
            else locks[uint256(log.topics[2])][bucket] -= 1;
            hit.slots -= 1;
            if (hit.next != 0) hit.next -= 1;
            freeStake[hit.owner] += _bond - burned - paid;
        }
    }

    function _market(Vm.Log calldata log, uint256 time) private {
        bytes32 name = log.topics[0];
        JobId id = JobId.wrap(log.topics.length > 1 ? log.topics[1] : bytes32(0));
        Seen storage it = _jobs[id];
        if (name == IMarketTypes.Opened.selector) {
            (Order memory order, uint256 seedBlock) = abi.decode(log.data, (Order, uint256));
            jobs.push(id);
            it.requester = order.requester;
            it.replicas = order.replicas;
            it.payment = 10 * uint256(order.units) * order.replicas;
            it.deferred = order.inputRoot == 0;
            it.job.phase = Phase.Open;
            it.job.since = uint32(seedBlock);
        } else if (name == IMarketTypes.Drawn.selector) {
            (, Seats seats, uint32 bucket) = abi.decode(log.data, (bytes32, Seats, uint32));
            (it.job.seats, it.job.lockBucket) = (seats, bucket);
            it.job.phase = it.deferred ? Phase.Waiting : Phase.Drawn;
            for (uint256 seat; seat < it.replicas; ++seat) locks[SeatsLib.leaf(seats, seat)][bucket] += 1;
        } else if (name == IMarketTypes.InputFixed.selector) {
            it.job.phase = Phase.Drawn;
        } else if (name == IMarketTypes.SeatReplaced.selector) {
            uint256 seat = uint256(log.topics[2]);
            if (abi.decode(log.data, (bool))) locks[SeatsLib.leaf(it.job.seats, seat)][it.job.lockBucket] += 1;
            else it.job.failed |= uint8(1 << seat);
        } else if (name == IMarketTypes.SeatFailed.selector) {
            it.job.failed |= uint8(1 << uint256(log.topics[2]));
        } else if (name == IMarketTypes.RoundStarted.selector) {
            it.job.round = abi.decode(log.data, (uint8));
        } else if (name == IMarketTypes.Settled.selector) {
            uint256 paid;
            (, paid, it.share) = abi.decode(log.data, (bytes32, uint256, uint256));
            (it.job.phase, it.job.since) = (Phase.Settled, uint32(time));
            _keep(it, paid);
        } else if (name == IMarketTypes.Contested.selector) {
            (uint256[] memory seats,) = abi.decode(log.data, (uint256[], bytes32[]));
            it.job.phase = Phase.Contested;
            uint256 kept;
            for (uint256 i; i < seats.length; ++i) kept |= 1 << seats[i];
            _keep(it, kept);
        } else if (name == IMarketTypes.Concluded.selector) {
            // A challenge leaves its job settled, or refunded.
            if (it.job.phase == Phase.Contested) it.job.phase = Phase.Concluded;
        } else if (name == IMarketTypes.Refunded.selector) {
            it.job.phase = Phase.Refunded;
        } else if (name == IMarketTypes.Acknowledged.selector) {
            if (!it.waiting && it.job.since / _delivery + 2 > time / _delivery) _takeBack(it, it.job.failed);
        } else if (name == IMarketTypes.Demanded.selector) {
            (bool output,,,,) = abi.decode(log.data, (bool, uint256, bytes32, uint256, uint256));
            if (output) _takeBack(it, 0);
            it.waiting = it.waiting || output;
        } else if (name == IMarketTypes.Earned.selector) {
            (uint256 amount, uint256 bucket) = abi.decode(log.data, (uint256, uint256));
            address account = _address(log.topics[1]);
            if (_earned[account][bucket] == 0) _addBucket(account, bucket);
            _earned[account][bucket] += amount;
        } else if (name == IMarketTypes.Credited.selector) {
            _credited[_address(log.topics[1])] += abi.decode(log.data, (uint256));
        } else if (name == IMarketTypes.Withdrawn.selector) {
            _withdrawn[_address(log.topics[1])] += abi.decode(log.data, (uint256));
        }
    }

    /// The payments of all seats but the excepted ones no longer mature by time.
    function _takeBack(Seen storage it, uint8 excepted) private {
        for (uint256 seat; seat < 7; ++seat) {
            if (SeatsLib.isEmpty(it.job.seats, seat) || (excepted >> seat) & 1 != 0) continue;
            _earned[_leaves[SeatsLib.leaf(it.job.seats, seat)].owner][it.job.since / _delivery] -= it.share;
        }
    }

    function _addBucket(address account, uint256 bucket) private {
        for (uint256 i; i < _buckets[account].length; ++i) if (_buckets[account][i] == bucket) return;
        _buckets[account].push(bucket);
    }

    function _keep(Seen storage it, uint256 bits) private {
        Seats kept;
        for (uint256 seat; seat < 7; ++seat) {
            if ((bits >> seat) & 1 != 0) kept = SeatsLib.with(kept, seat, SeatsLib.leaf(it.job.seats, seat));
        }
        it.job.seats = kept;
    }

    function _address(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
