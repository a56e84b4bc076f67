// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {HookToken} from "../lib/Doubles.sol";
import {DevToken} from "../../../contracts/token/DevToken.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";

/// Parameters that could strand somebody are refused when the market is deployed; and what holds of the whole.
contract DeploymentTest is Actors {
    /// One part of a market, as good as any to have its parameters checked.
    function part(IStakeVault vault_, IMarketTypes.Parameters calldata p) external returns (address) {
        return _create("Contests", abi.encode(token, vault_, beacon, resolver, p));
    }

    function _part(string memory name, IMarketTypes.Parameters memory p) private returns (address) {
        return _create(name, abi.encode(token, vault, beacon, resolver, p));
    }

    /// All parts, in the order in which the market takes them.
    function _parts(
        IMarketTypes.Parameters memory deadlines,
        IMarketTypes.Parameters memory contests,
        IMarketTypes.Parameters memory demands,
        IMarketTypes.Parameters memory audits
    ) private returns (bytes memory) {
        return abi.encode(
            _part("Deadlines", deadlines),
            _part("Contests", contests),
            _part("Demands", demands),
            _part("Audits", audits)
        );
    }

    function create(string calldata name, bytes calldata arguments) external returns (address) {
        return _create(name, arguments);
    }

    function _refuse(IMarketTypes.Parameters memory p, string memory rule) private {
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadParameters.selector, rule));
        this.part(vault, p);
    }

    function test_the_markets_parameters_are_those_of_its_parts() external view {
        IMarketTypes.Parameters memory p = market.parameters();
        assertEq(keccak256(abi.encode(p)), keccak256(abi.encode(_parameters())), "parameters");
    }

    function test_no_window_is_zero() external {
        IMarketTypes.Parameters memory p = _parameters();
        p.commitWindow = 0;
        _refuse(p, "a window is zero");
        p = _parameters();
        p.revealWindow = 0;
        _refuse(p, "a window is zero");
        p = _parameters();
        p.challengeWindow = 0;
        _refuse(p, "a window is zero");
        p = _parameters();
        p.contestWindow = 0;
        _refuse(p, "a window is zero");
        p = _parameters();
        p.deliveryWindow = 0;
        _refuse(p, "deliveryWindow is zero");
        p = _parameters();
        p.answerWindow = 0;
        _refuse(p, "a window is zero");
        p = _parameters();
        p.seedCap = 0;
        _refuse(p, "seedCap is zero");
    }

    function test_a_withheld_output_is_found_out_while_bonds_are_locked() external {
        IMarketTypes.Parameters memory p = _parameters();
        p.answerWindow = DELIVERY;
        _refuse(p, "no time to demand an output");
        p = _parameters();
        p.challengeWindow = DELIVERY + ANSWER;
        this.part(vault, p);
        p.challengeWindow -= 1;
        _refuse(p, "the challenge window ends before the delivery window");
    }

    function test_a_draw_fits_an_epoch_and_the_memory_of_the_chain() external {
        IMarketTypes.Parameters memory p = _parameters();
        p.drawBlocks = 0;
        _refuse(p, "drawBlocks is not in 1..the beacon's horizon");
        p.drawBlocks = 257;
        _refuse(p, "drawBlocks is not in 1..the beacon's horizon");
        p.drawBlocks = uint32(EPOCH) - 11;
        _refuse(p, "an epoch is shorter than a draw");
        p.drawBlocks = uint32(EPOCH) - 12;
        this.part(vault, p);
    }

    function test_locks_fit_their_buckets_and_unbonding_outlasts_all() external {
        IMarketTypes.Parameters memory p = _parameters();
        p.challengeWindow = uint32(10 * BUCKET - 4 * (COMMIT + REVEAL) - INPUT_WINDOW - ANSWER);
        p.contestWindow = 100;
        this.part(vault, p);
        p.challengeWindow += 1;
        _refuse(p, "the lock time exceeds ten buckets");
        p = _parameters();
        p.contestWindow = uint32(UNBONDING - LOCK_TIME - INPUT_WINDOW - BUCKET);
        _refuse(p, "unbonding does not outlast locks and contests");
        p.contestWindow -= 1;
        this.part(vault, p);
    }

    function test_a_bucket_is_at_most_a_year() external {
        this.part(_vaultWithBuckets(365 days), _parameters());
        IStakeVault long = _vaultWithBuckets(365 days + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.BadParameters.selector, "a lock bucket exceeds a year")
        );
        this.part(long, _parameters());
    }

    function _vaultWithBuckets(uint256 bucketSeconds) private returns (IStakeVault) {
        bytes memory arguments = abi.encode(token, registry, address(market), EPOCH, uint256(10_000 days), bucketSeconds);
        return IStakeVault(_create("StakeVault", arguments));
    }

    function test_a_market_serves_its_own_vault_only() external {
        IMarketTypes.Parameters memory p = _parameters();
        bytes memory parts = _parts(p, p, p, p);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.BadParameters.selector, "the vault serves another market")
        );
        this.create("Market", parts);
    }

    function test_the_parts_of_a_market_agree() external {
        IMarketTypes.Parameters memory p = _parameters();
        IMarketTypes.Parameters memory other = _parameters();
        other.answerPrice += 1;
        bytes memory refused =
            abi.encodeWithSelector(IMarketTypes.BadParameters.selector, "the parts of the market differ");
        bytes memory parts = _parts(p, other, p, p);
        vm.expectRevert(refused);
        this.create("Market", parts);
        parts = _parts(p, p, other, p);
        vm.expectRevert(refused);
        this.create("Market", parts);
        parts = _parts(p, p, p, other);
        vm.expectRevert(refused);
        this.create("Market", parts);
    }

    function test_a_token_that_calls_back_finds_the_market_locked() external {
        HookToken hook = new HookToken();
        token = DevToken(address(hook));
        _deploy();
        _publish();
        hook.mint(requester, 10_000);
        vm.prank(requester);
        hook.approve(address(market), 10_000);
        _join(3, 2);
        Order memory expired = _open(2);
        _roll(height + 200);
        market.expire(expired);

        Order memory next = _order(2);
        hook.listen(address(market), abi.encodeCall(market.open, (next, _signOrder(next))));
        vm.prank(requester);
        market.withdraw();
        assertTrue(hook.called() && !hook.succeeded(), "refused while locked");
        assertEq(hook.balanceOf(requester), 10_000, "paid once");
        hook.listen(address(0), "");
        market.open(next, _signOrder(next));
        _assertPhase(next, Phase.Open);
    }

    function test_leaving_early_does_not_save_a_liar() external {
        _join(4, 1);
        Order memory order = _drawn(2);
        address liar = _provider(order, 0);
        vm.prank(liar);
        uint256 id = vault.unpledge(pool, 1);
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        _goTo(_lockedUntil(order) - CHALLENGE);
        market.contest(order, outputs, reveals);
        _pass(UNBONDING);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.SlotsInUse.selector, id, 1, 1));
        vault.finishUnbonding(id);
        _punishCommits(order, 0);
        market.conclude(order);
        vault.finishUnbonding(id);
        assertEq(vault.freeStake(liar), 0, "nothing left");
    }

    function test_a_round_that_could_not_be_paid_is_not_begun() external {
        _join(12, 1);
        Order memory order = _order(3);
        order.inputRoot = _result();
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
        Order memory late = _drawn(3);
        uint256 until = _lockedUntil(order) - CHALLENGE;
        _commit(order, 0, RESULT);
        _commit(late, 0, RESULT);
        _goTo(until - 2 * COMMIT - ANSWER - REVEAL);
        market.advance(order);
        _assertPhase(order, Phase.Drawn);
        _pass(1);
        market.advance(late);
        _assertPhase(late, Phase.Refunded);
        // Whoever has a round has all of its commit window, an answer at the last moment, and another window.
        _pass(COMMIT - 1);
        (uint256[] memory seats,) = market.activeSeats(order);
        _demandInput(order, seats[2]);
        _pass(ANSWER);
        vm.prank(requester);
        market.answerInput(order, PAYLOAD, SALT);
        _pass(COMMIT);
        _commitAll(order, RESULT);
        _pass(REVEAL);
        for (uint256 i; i < 3; ++i) _reveal(order, seats[i], RESULT);
        market.advance(order);
        _assertPhase(order, Phase.Settled);
    }
}
