// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase, Seats, SeatsLib} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// Steering a draw, and jamming those of others.
contract GrindingAttacks is Ledger {
    using SeatsLib for Seats;

    uint128 private constant CAP = 1_000;

    function _parameters() internal pure override returns (IMarketTypes.Parameters memory p) {
        p = super._parameters();
        p.seedCap = CAP;
    }

    // --- the requester ---------------------------------------------------------------------------------------

    /// Whatever nonce is tried, and wherever in its epoch the chain is, the seed is of a block that nobody has made.
    function test_a_nonce_is_chosen_before_the_seed_exists(uint256 number, uint64 nonce) external {
        _roll(height + bound(number, 0, 3 * EPOCH));
        Order memory order = _order(2);
        order.nonce = nonce;
        _openAs(order);
        uint256 seedBlock = _job(order).since;
        assertTrue(seedBlock >= height + 2, "a block to come");
        assertEq(seedBlock / EPOCH, (seedBlock + DRAW_BLOCKS) / EPOCH, "drawn in its seed's epoch");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooEarly.selector, _id(order), seedBlock + 1));
        market.draw(order);
        _judge(requester, 0);
    }

    /// The requester would keep only draws that it likes and let the others expire: whoever was named draws them.
    function test_a_draw_that_the_requester_dislikes_is_drawn_by_those_it_names() external {
        address friend = providers[0];
        int256 paid;
        Order[] memory orders = new Order[](8);
        for (uint256 i; i < 8; ++i) {
            orders[i] = _track(_open(2));
        }
        _roll(uint256(_job(orders[7]).since) + 1);
        for (uint256 i; i < 8; ++i) {
            // Every provider can work out a draw as soon as its seed is there.
            vm.prank(providers[1 + i % 11]);
            market.draw(orders[i]);
            market.settle(_settlement(orders[i], RESULT));
            for (uint256 seat; seat < 2; ++seat) {
                address seated = _provider(orders[i], seat);
                if (seated == friend) continue;
                _expects(seated, PAID);
                paid += PAID;
            }
        }
        assertTrue(paid != 0, "others work as well");
        _judge(requester, friend, -paid);
    }

    function test_letting_a_job_expire_costs_the_others_nothing(uint256 count) external {
        count = bound(count, 1, 10);
        for (uint256 i; i < count; ++i) _track(_open(2));
        _judge(requester, 0);
        assertEq(_burned(), 0, "nobody was seated");
    }

    function test_when_a_job_is_drawn_changes_no_seat(uint256 wait) external {
        Order memory order = _track(_open(3));
        uint256 seedBlock = _job(order).since;
        _roll(seedBlock + 1);
        uint256 state = vm.snapshotState();
        market.draw(order);
        bytes32 seats = keccak256(abi.encode(_job(order).seats));
        vm.revertToState(state);
        _roll(seedBlock + bound(wait, 1, DRAW_BLOCKS));
        market.draw(order);
        assertEq(keccak256(abi.encode(_job(order).seats)), seats, "the same seats");
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(thief, 0);
    }

    // --- providers -------------------------------------------------------------------------------------------

    /// A quarter of the stake under three addresses has all three seats about as often as chance says, one draw in 220.
    function test_many_addresses_do_not_win_more_than_their_stake() external {
        uint256 whole;
        uint256 seats;
        uint32 bucket = uint32((clock + LOCK_TIME) / BUCKET);
        uint256 state = vm.snapshotState();
        for (uint256 i; i < 600; ++i) {
            vm.prank(address(market));
            Seats drawn = vault.draw(pool, keccak256(abi.encode("seed", i)), 3, 2, bucket);
            uint256 own;
            for (uint256 seat; seat < 3; ++seat) own += drawn.leaf(seat) < 3 ? 1 : 0;
            vm.revertToState(state);
            state = vm.snapshotState();
            if (own == 3) ++whole;
            seats += own;
        }
        assertTrue(whole <= 9, "all three seats");
        assertTrue(seats > 380 && seats < 520, "a quarter of the seats");
        _judge(thief, 0);
    }

    /// One address has one seat of a job at most, however much it stakes.
    function test_one_address_never_holds_two_seats_of_a_job(uint256 seed) external {
        _fund(thief, 1_000 * BOND);
        vm.prank(thief);
        vault.pledge(model, 0, TIER, 1_000);
        _nextEpoch();
        _open_books();
        vm.prank(address(market));
        Seats drawn = vault.draw(pool, bytes32(seed), 5, 2, uint32((clock + LOCK_TIME) / BUCKET));
        for (uint256 a; a < 7; ++a) {
            for (uint256 b; b < a; ++b) assertNotEq(drawn.leaf(a), drawn.leaf(b));
        }
        _goTo(clock + LOCK_TIME + 2 * BUCKET);
        _judge(thief, 0);
    }

    /// Filling a leaf beforehand skips it, no more: the seats of the others are who they were, in their order.
    function test_filling_one_leaf_moves_the_later_seats_up_and_nothing_else(uint256 which) external {
        Order memory order = _track(_open(3));
        _roll(uint256(_job(order).since) + 1);
        uint256 state = vm.snapshotState();
        market.draw(order);
        uint256[5] memory leaves;
        for (uint256 i; i < 5; ++i) leaves[i] = _leaf(order, i);
        which = bound(which, 0, 2);
        vm.revertToState(state);
        uint32 bucket = uint32((clock + LOCK_TIME) / BUCKET);
        vm.startPrank(address(market));
        for (uint256 i; i < 3; ++i) vault.tryLock(pool, leaves[which], bucket);
        vm.stopPrank();
        market.draw(order);
        uint256 seat;
        for (uint256 i; i < 5; ++i) {
            if (i == which) continue;
            assertEq(_leaf(order, seat++), leaves[i], "moved up");
        }
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _goTo(_lockedUntil(order) + BUCKET);
        _judge(thief, 0);
    }

    /// What filling the pool costs: every honest slot is somebody's paid seat, or a reservation where the thief starves
    /// it, so that the honest gain by being filled.
    function test_jamming_the_slots_of_others_pays_them(bool starves) external {
        Order[] memory jam = new Order[](18);
        for (uint256 i; i < 18; ++i) {
            jam[i] = _knownOrder(2);
            (jam[i].requester, jam[i].units) = (thief, 8);
            _openAs(jam[i]);
        }
        _roll(uint256(_job(jam[17]).since) + 1);
        market.drawMany(jam);
        int256 cost;
        int256 share = 80;
        for (uint256 i; i < 18; ++i) {
            if (_job(jam[i]).phase != Phase.Drawn) continue;
            if (starves) for (uint256 seat; seat < 2; ++seat) _ask(jam[i], seat);
            else market.settle(_settlement(jam[i], RESULT));
            _expectSeats(jam[i], starves ? share / 8 : share);
            cost += 2 * (starves ? share / 8 : share);
        }
        assertTrue(cost != 0, "some are drawn");
        _judge(thief, -cost);
    }

    // --- the cap of a seed -----------------------------------------------------------------------------------

    /// However a thief splits its orders, over batches, blocks and the ends of epochs, no seed decides more than the
    /// cap.
    function test_splitting_orders_puts_no_more_than_the_cap_on_a_seed(uint256 random) external {
        _roll(height + random % EPOCH);
        uint256[] memory values = new uint256[](EPOCH * 2);
        uint256 first = height;
        for (uint256 i; i < 40; ++i) {
            random = uint256(keccak256(abi.encode(random)));
            Order memory order = _order(uint8(2 + random % 4));
            order.units = uint16(1 + (random >> 8) % 16);
            vm.prank(requester);
            try market.open(order, "") {
                _track(order);
                values[_job(order).since - first] += uint256(order.replicas) * order.units * 10;
            } catch {}
            if ((random >> 16) % 8 == 0) _roll(height + (random >> 24) % 12);
        }
        for (uint256 i; i < values.length; ++i) assertTrue(values[i] <= CAP, "above the cap");
        _judge(requester, 0);
    }

    /// Jamming needs the cap eight times over, locked until the jobs expire or paid to those who are drawn; a block
    /// later another seed is free.
    function test_jamming_the_seeds_takes_eight_caps_and_a_cap_more_for_each_block() external {
        uint256 spent;
        for (uint256 i; i < 64; ++i) {
            Order memory order = _order(5);
            (order.requester, order.units) = (thief, 10);
            vm.prank(thief);
            try market.open(order, "") {
                _track(order);
                spent += 500;
            } catch {
                break;
            }
        }
        assertEq(spent, 8 * uint256(CAP), "all eight");
        Order memory honest = _order(2);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.SeedsFull.selector, height + 9));
        this.openNow(honest);
        _roll(height + 1);
        this.openNow(honest);
        _track(honest);
        _judge(thief, 0);
    }

    /// At the end of an epoch the seeds of twenty blocks begin with the next epoch's first: eight caps jam them all.
    function test_at_the_end_of_an_epoch_eight_caps_jam_the_blocks_that_remain() external {
        _roll((height / EPOCH + 1) * EPOCH - DRAW_BLOCKS - 2);
        uint256 next = (height / EPOCH + 1) * EPOCH;
        for (uint256 i; i < 16; ++i) {
            Order memory order = _order(5);
            (order.requester, order.units) = (thief, 10);
            _openAs(order);
            assertTrue(_job(order).since >= next, "of the next epoch");
        }
        _roll(next - 3);
        Order memory honest = _order(2);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.SeedsFull.selector, next + 7));
        this.openNow(honest);
        _roll(next);
        this.openNow(honest);
        _track(honest);
        _judge(thief, 0);
    }

    function openNow(Order memory order) external {
        vm.prank(order.requester);
        market.open(order, "");
    }
}
