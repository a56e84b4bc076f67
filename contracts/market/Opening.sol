// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ExactTransfer} from "../token/ExactTransfer.sol";
import {JobId, PoolId} from "../types/Ids.sol";
import {Modes, Order, OrderLib} from "../types/Order.sol";
import {Job, Phase, Seats} from "../types/Job.sol";
import {PriceLadder} from "../types/PriceLadder.sol";
import {IMarketCore} from "./IMarketCore.sol";
import {MarketBase} from "./MarketBase.sol";

/// From an order to an open job.
abstract contract Opening is IMarketCore, MarketBase {
    using OrderLib for Order;
    using ExactTransfer for IERC20;

    uint8 private constant LEAST_REPLICAS = 2;
    uint8 private constant MOST_REPLICAS = 5;
    /// Blocks that are tried for a seed whose jobs are not yet worth the cap.
    uint256 private constant SEED_TRIES = 8;

    /// @inheritdoc IMarketCore
    function open(Order calldata order, bytes calldata signature) external nonReentrant returns (JobId) {
        return _openOne(order, signature);
    }

    /// @inheritdoc IMarketCore
    function openMany(Order[] calldata orders, bytes[] calldata signatures) external nonReentrant {
        address requester = orders[0].requester;
        bool own = msg.sender == requester;
        if (!own && signatures.length != orders.length) {
            revert WrongSignatureCount(signatures.length, orders.length);
        }
        uint256 payment;
        for (uint256 i; i < orders.length; ++i) {
            if (orders[i].requester != requester) revert SeveralRequesters(requester, orders[i].requester);
            _open(orders[i], own ? msg.data[0:0] : signatures[i]);
            payment += orders[i].payment();
        }
        token.take(requester, payment);
    }

    function _openOne(Order calldata order, bytes calldata signature) private returns (JobId id) {
        id = _open(order, signature);
        token.take(order.requester, order.payment());
    }

    /// All but the transfer of the payment.
    function _open(Order calldata order, bytes calldata signature) private returns (JobId id) {
        if (block.timestamp > order.openBy) revert OrderExpired(order.openBy, block.timestamp);
        if (order.units == 0 || order.units > PriceLadder.MAX_UNITS) {
            revert UnitsOutOfRange(order.units, PriceLadder.MAX_UNITS);
        }
        _requireReplicas(order);
        PoolId pool = order.pool();
        vault.requireOffer(pool, order.rung());

        id = _jobIdOf(order);
        if (_jobs[id].phase != Phase.None) revert JobExists(id);
        if (msg.sender != order.requester
            && !SignatureChecker.isValidSignatureNow(order.requester, JobId.unwrap(id), signature))
        {
            revert BadOrderSignature(order.requester);
        }

        uint256 seedBlock = _takeSeed(order.payment());
        _jobs[id] = Job(Phase.Open, uint32(seedBlock), 0, 0, 0, Seats.wrap(0));
        emit Opened(id, order.requester, pool, order, seedBlock);
    }

    /// As many replicas as the rung of the ladder asks for.
    function _requireReplicas(Order calldata order) private pure {
        uint8 rung = order.rung();
        bool audited = order.auditOdds() != 0;
        if (rung > Modes.OPTIMISTIC || (audited && rung != Modes.OPTIMISTIC)) revert UnsupportedMode(order.mode);
        (uint8 least, uint8 most) = rung == Modes.REDUNDANT ? (LEAST_REPLICAS, MOST_REPLICAS) : (1, 1);
        if (order.replicas < least || order.replicas > most) revert ReplicasOutOfRange(order.replicas, least, most);
    }

    /// @inheritdoc IMarketCore
    function openWithPermit(
        Order calldata order,
        bytes calldata signature,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (JobId) {
        // A permit that someone else has already submitted is no reason to fail: the allowance decides.
        try IERC20Permit(address(token)).permit(order.requester, address(this), order.payment(), deadline, v, r, s) {}
            catch {}
        return _openOne(order, signature);
    }

    /// The first seed whose jobs, this one included, are not worth more than the cap.
    function _takeSeed(uint256 payment) private returns (uint256 seedBlock) {
        if (payment > SEED_CAP) revert AboveSeedCap(payment, SEED_CAP);
        seedBlock = block.number + SEED_DELAY;
        for (uint256 i; i < SEED_TRIES; ++i) {
            seedBlock = _withinEpoch(seedBlock);
            SeedValue storage taken = _seedValues[_seedSlot(seedBlock)];
            uint256 value = payment + (taken.seedBlock == seedBlock ? taken.value : 0);
            if (value <= SEED_CAP) {
                // SAFETY: block numbers fit 64 bits, and the cap 128.
                (taken.seedBlock, taken.value) = (uint64(seedBlock), uint192(value));
                return seedBlock;
            }
            ++seedBlock;
        }
        revert SeedsFull(seedBlock - 1);
    }
}
