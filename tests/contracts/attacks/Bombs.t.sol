// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IResolver} from "../../../contracts/resolve/IResolver.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {JobId, ModelId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// A resolver that wastes gas and memory, and still has a verdict.
contract Bomb is IResolver {
    enum Kind {
        Fair,
        Costly,
        Endless,
        Huge,
        Short
    }

    Kind private _kind;

    function arm(Kind kind) external {
        _kind = kind;
    }

    function opened(JobId, bytes32) external {}

    /// Seat 0 is guilty.
    function verdict(JobId) external view returns (bool ended, uint256 guilty, address[8] memory winners) {
        uint256 start = gasleft();
        if (_kind == Kind.Costly) while (start - gasleft() < 2_000_000) {}
        if (_kind == Kind.Endless) while (true) {}
        if (_kind == Kind.Huge) {
            assembly ("memory-safe") {
                return(0, 2000000)
            }
        }
        if (_kind == Kind.Short) {
            assembly ("memory-safe") {
                return(0, 64)
            }
        }
        return (true, 1, winners);
    }
}

/// Calls that waste gas, batches that one element would spoil, and transactions run ahead of.
contract BombAttacks is Ledger {
    Bomb private _bomb;

    function _createResolver() internal override returns (address) {
        _bomb = new Bomb();
        return address(_bomb);
    }

    function _contestedJob() private returns (Order memory order, address liar) {
        order = _track(_drawn(3));
        liar = _provider(order, 0);
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        market.contest(order, outputs, reveals);
    }

    // --- the resolver ----------------------------------------------------------------------------------------

    /// After the contest window a liar concludes with so little gas that the verdict could not be read: either the call
    /// fails as a whole or the liar is punished.
    function test_a_liar_cannot_starve_the_verdict_of_gas(uint256 gas_) external {
        (Order memory order, address liar) = _contestedJob();
        _bomb.arm(Bomb.Kind.Costly);
        _pass(uint256(CONTEST) + 1);
        gas_ = bound(gas_, 50_000, 4_000_000);
        vm.prank(liar);
        (bool done,) = address(market).call{gas: gas_}(abi.encodeCall(market.conclude, (order)));
        if (!done) market.conclude(order);
        _expects(_provider(order, 1), PAID);
        _expects(_provider(order, 2), PAID);
        _expects(requester, int256(CEILING));
        _judge(liar, -int256(BOND));
    }

    function test_a_resolver_that_wastes_everything_holds_bonds_for_the_contest_window_only(uint256 kind) external {
        (Order memory order, address liar) = _contestedJob();
        _bomb.arm(Bomb.Kind(2 + kind % 3));
        (bool done,) = address(market).call{gas: 15_000_000}(abi.encodeCall(market.conclude, (order)));
        assertFalse(done && kind % 3 != 1, "pending");
        if (_job(order).phase == Phase.Contested) {
            _pass(uint256(CONTEST) + 1);
            (done,) = address(market).call{gas: 15_000_000}(abi.encodeCall(market.conclude, (order)));
            assertTrue(done, "within a transaction's gas");
        }
        _judge(liar, 0);
    }

    // --- batches ---------------------------------------------------------------------------------------------

    function test_one_bad_element_spoils_no_batch_of_draws(uint256 bad) external {
        Order[] memory orders = new Order[](4);
        for (uint256 i; i < 4; ++i) orders[i] = _track(_open(2));
        bad = bad % 5;
        if (bad == 0) orders[1].nonce += 1_000;
        if (bad == 1) orders[1] = orders[0];
        if (bad == 2) orders[1].replicas = 255;
        if (bad == 3) (orders[1].tier, orders[1].mode) = (255, 255);
        if (bad == 4) orders[1].model = ModelId.wrap(0);
        _roll(uint256(_job(orders[3]).since) + 1);
        vm.prank(thief);
        market.drawMany(orders);
        for (uint256 i; i < 4; ++i) {
            if (i == 1) continue;
            _assertPhase(orders[i], Phase.Drawn);
            market.settle(_settlement(orders[i], RESULT));
            _expectSeats(orders[i], PAID);
        }
        _expects(requester, -6 * PAID);
        _judge(thief, 0);
    }

    function test_one_bad_element_spoils_no_batch_of_settlements(uint256 bad) external {
        IMarketTypes.Settlement[] memory batch = new IMarketTypes.Settlement[](3);
        Order[] memory orders = new Order[](3);
        for (uint256 i; i < 3; ++i) {
            orders[i] = _track(_drawn(2));
            batch[i] = _settlement(orders[i], RESULT);
            _expectSeats(orders[i], i == 1 ? -2 * int256(CEILING) : PAID);
        }
        bad = bad % 8;
        if (bad == 0) batch[1].reveals[0].signature.r = bytes32(uint256(1));
        if (bad == 1) batch[1].reveals[0].signature.vs = bytes32(type(uint256).max);
        if (bad == 2) batch[1].reveals = new IMarketTypes.Reveal[](0);
        if (bad == 3) batch[1].reveals = new IMarketTypes.Reveal[](200);
        if (bad == 4) batch[1].outputRoot = 0;
        if (bad == 5) batch[1].outputRoot = OTHER;
        if (bad == 6) batch[1] = batch[0];
        if (bad == 7) _report(orders[1], 0, address(this));
        vm.prank(thief);
        market.settleMany(batch);
        _assertPhase(orders[0], Phase.Settled);
        _assertPhase(orders[2], Phase.Settled);
        if (bad == 7) return;
        // Whoever brought the bad element can bring a good one.
        market.settle(_settlement(orders[1], RESULT));
        _expects(requester, -6 * PAID);
        _judge(thief, 0);
    }

    function test_one_bad_order_opens_none_of_a_batch_and_takes_nothing() external {
        Order[] memory orders = new Order[](3);
        for (uint256 i; i < 3; ++i) orders[i] = _order(2);
        orders[2].units = 0;
        bytes[] memory none = new bytes[](0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.UnitsOutOfRange.selector, 0, 16));
        vm.prank(requester);
        market.openMany(orders, none);
        _assertPhase(orders[0], Phase.None);
        // A stranger cannot slip its order into another's batch, nor have one opened without its signature.
        orders[2].units = UNITS;
        orders[2].requester = thief;
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.SeveralRequesters.selector, requester, thief));
        vm.prank(requester);
        market.openMany(orders, none);
        orders[2].requester = requester;
        bytes[] memory signatures = new bytes[](3);
        signatures[0] = _signOrder(orders[0]);
        signatures[1] = _signOrder(orders[1]);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, requester));
        vm.prank(thief);
        market.openMany(orders, signatures);
        _judge(thief, 0);
    }

    function test_an_order_opened_ahead_of_its_batch_spoils_the_batch_and_costs_its_requester_nothing() external {
        Order[] memory orders = new Order[](2);
        bytes[] memory signatures = new bytes[](2);
        for (uint256 i; i < 2; ++i) {
            orders[i] = _order(2);
            signatures[i] = _signOrder(orders[i]);
        }
        vm.prank(thief);
        market.open(orders[0], signatures[0]);
        _track(orders[0]);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.JobExists.selector, _id(orders[0])));
        vm.prank(requester);
        market.openMany(orders, signatures);
        // What was wanted is open, the rest can be opened alone.
        vm.prank(requester);
        market.open(orders[1], "");
        _track(orders[1]);
        _judge(thief, 0);
    }

    function test_a_commitment_posted_ahead_spoils_no_advance() external {
        Order memory order = _track(_drawn(3));
        address silent = _provider(order, 2);
        uint256[] memory seats = new uint256[](2);
        IMarketTypes.SignedCommit[] memory signed = new IMarketTypes.SignedCommit[](2);
        for (uint256 i; i < 2; ++i) (seats[i], signed[i]) = (i, _signCommit(order, _provider(order, i), RESULT));
        _pass(COMMIT + 1);
        vm.prank(thief);
        market.commit(order, 0, signed[0]);
        market.commitAndAdvance(order, seats, signed);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(silent, thief, -2 * int256(CEILING));
    }

    // --- permits ---------------------------------------------------------------------------------------------

    function _permit(address owner, uint256 key, address spender, uint256 value)
        private
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        bytes32 typeHash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 structHash = keccak256(abi.encode(typeHash, owner, spender, value, token.nonces(owner), clock));
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_a_permit_used_ahead_of_the_order_is_no_obstacle() external {
        Order memory order = _order(2);
        bytes memory signature = _signOrder(order);
        vm.prank(requester);
        token.approve(address(market), 0);
        (uint8 v, bytes32 r, bytes32 s) = _permit(requester, requesterKey, address(market), 2 * SHARE);
        vm.prank(thief);
        token.permit(requester, address(market), 2 * SHARE, clock, v, r, s);
        market.openWithPermit(order, signature, clock, v, r, s);
        _track(order);
        _judge(thief, 0);
    }

    function test_a_permit_used_ahead_of_the_deposit_is_no_obstacle() external {
        uint256 key = 0xD0;
        address staker = vm.addr(key);
        _watch(staker);
        _open_books();
        (uint8 v, bytes32 r, bytes32 s) = _permit(staker, key, address(vault), 1_000);
        vm.prank(thief);
        token.permit(staker, address(vault), 1_000, clock, v, r, s);
        vm.prank(staker);
        vault.depositWithPermit(1_000, clock, v, r, s);
        assertEq(vault.freeStake(staker), 1_000, "credited to the staker");
        _judge(thief, 0);
    }

    /// A permit for the market lets nobody spend it on anything but an order that its owner signed.
    function test_a_permit_seen_in_the_pool_opens_no_order_of_a_thief() external {
        Order memory order = _order(2);
        order.requester = thief;
        vm.prank(thief);
        token.approve(address(market), 0);
        vm.prank(requester);
        token.approve(address(market), 0);
        (uint8 v, bytes32 r, bytes32 s) = _permit(requester, requesterKey, address(market), 2 * SHARE);
        vm.expectRevert();
        vm.prank(thief);
        market.openWithPermit(order, "", clock, v, r, s);
        order.requester = requester;
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, requester));
        vm.prank(thief);
        market.openWithPermit(order, "", clock, v, r, s);
        _judge(thief, 0);
    }
}
