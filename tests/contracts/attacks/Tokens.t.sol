// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {DevToken} from "../../../contracts/token/DevToken.sol";
import {ExactTransfer} from "../../../contracts/token/ExactTransfer.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// A token with a bad habit, which begins when the test says so.
contract OddToken is ERC20("Odd", "ODD") {
    enum Habit {
        None,
        /// Answers nothing, as old tokens do.
        Mute,
        /// Answers false and moves nothing.
        False,
        /// Answers true and moves nothing.
        Pretends,
        /// Keeps a tenth.
        Fee,
        /// Moves nothing for anyone.
        Paused
    }

    Habit public habit;
    mapping(address => bool) public blocked;
    address private _listener;
    bytes[] private _calls;
    bytes[] public answers;
    uint256 public succeeded;
    bool private _busy;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function take(Habit habit_) external {
        habit = habit_;
    }

    function block_(address who, bool is_) external {
        blocked[who] = is_;
    }

    /// Call `listener` with each of these at the next transfer.
    function listen(address listener, bytes[] memory calls) external {
        (_listener, _calls, succeeded) = (listener, calls, 0);
        delete answers;
    }

    function heard() external view returns (uint256) {
        return answers.length;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _odd(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (habit != Habit.False && habit != Habit.Pretends) _spendAllowance(from, msg.sender, amount);
        return _odd(from, to, amount);
    }

    function _odd(address from, address to, uint256 amount) private returns (bool) {
        require(habit != Habit.Paused && !blocked[from] && !blocked[to], "refused");
        if (habit == Habit.False) return false;
        if (habit == Habit.Pretends) return true;
        if (_listener != address(0) && !_busy) {
            _busy = true;
            for (uint256 i; i < _calls.length; ++i) {
                (bool done, bytes memory answer) = _listener.call(_calls[i]);
                if (done) ++succeeded;
                answers.push(answer);
            }
            _busy = false;
        }
        uint256 kept = habit == Habit.Fee ? amount / 10 : 0;
        _transfer(from, to, amount - kept);
        if (kept != 0) _transfer(from, address(this), kept);
        if (habit == Habit.Mute) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return true;
    }
}

/// A provider that is a contract and calls the vault back in the middle of its own transfers.
contract Insider {
    IStakeVault private immutable _vault;
    OddToken private immutable _token;

    constructor(IStakeVault vault, OddToken token) {
        (_vault, _token) = (vault, token);
        token.approve(address(vault), type(uint256).max);
    }

    function deposit(uint256 amount) external {
        _vault.deposit(amount);
    }

    function withdraw(uint256 amount) external {
        _vault.withdraw(amount);
    }
}

contract TokenAttacks is Ledger {
    OddToken private _odd;

    function setUp() public override {
        _odd = new OddToken();
        token = DevToken(address(_odd));
        super.setUp();
    }

    function _nothing() private pure returns (bytes[] memory) {
        return new bytes[](0);
    }

    // --- tokens that answer oddly ----------------------------------------------------------------------------

    function test_a_token_that_answers_nothing_works_throughout() external {
        _odd.take(OddToken.Habit.Mute);
        Order memory order = _known(3);
        address silent = _provider(order, 0);
        _ask(order, 1);
        _answer(order, requester);
        _commitAll(order, RESULT);
        _reveal(order, 1, RESULT);
        _reveal(order, 2, RESULT);
        _expects(_provider(order, 1), PAID - int256(FEE));
        _expects(_provider(order, 2), PAID);
        _expects(requester, int256(CEILING) + int256(FEE) - 2 * PAID);
        _pass(REVEAL + 1);
        market.advance(order);
        _pass(3 * uint256(DELIVERY));
        vm.prank(_provider(order, 2));
        market.withdraw();
        _judge(silent, -int256(BOND));
    }

    function test_a_token_that_moves_nothing_buys_nothing(uint256 habit) external {
        Order memory asked = _known(2);
        address provider = _provider(asked, 0);
        _odd.take(OddToken.Habit(bound(habit, 2, 4)));
        Order memory order = _order(2);
        vm.expectRevert();
        vm.prank(requester);
        market.open(order, "");
        vm.expectRevert();
        vm.prank(provider);
        market.demandInput(asked, 0);
        vm.expectRevert();
        vm.prank(thief);
        vault.deposit(1_000);
        _odd.take(OddToken.Habit.None);
        assertEq(uint256(_job(order).phase), uint256(Phase.None), "nothing opened");
        assertEq(vault.freeStake(thief), 0, "nothing staked");
        // Nobody had the time to do anything: both seats are silent.
        address other = _provider(asked, 1);
        market.settle(_settlement(asked, RESULT));
        _expects(provider, PAID);
        _expects(other, PAID);
        _expects(requester, -2 * PAID);
        _judge(thief, 0);
    }

    // --- tokens that pause and block -------------------------------------------------------------------------

    /// While a token is paused nothing that moves it works; everything that does not still does, and after it all
    /// jobs reach their end.
    function test_a_paused_token_delays_and_loses_nothing(uint256 when) external {
        Order memory order = _known(3);
        address silent = _provider(order, 2);
        _commit(order, 0, RESULT);
        _commit(order, 1, RESULT);
        _pass(COMMIT + 1);
        _odd.take(OddToken.Habit.Paused);
        vm.expectRevert();
        market.advance(order);
        _pass(bound(when, 1, 2 * LOCK_TIME));
        _odd.take(OddToken.Habit.None);
        bool late = clock >= _lockedUntil(order);
        market.advance(order);
        int256 lost = 2 * int256(CEILING);
        if (_job(order).phase == Phase.Drawn) {
            market.settle(_settlement(order, RESULT));
            _expectSeats(order, PAID);
            _expects(requester, -3 * PAID);
        }
        _judge(silent, late ? int256(0) : -lost);
    }

    function test_settling_moves_no_token_and_so_cannot_be_paused() external {
        Order memory order = _known(3);
        _odd.take(OddToken.Habit.Paused);
        market.settle(_settlement(order, RESULT));
        _acknowledge(order);
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _odd.take(OddToken.Habit.None);
        _judge(thief, 0);
    }

    /// A blocked party can fetch nothing; everybody else is paid and refunded as ever.
    function test_blocking_one_party_holds_up_nobody_else(uint256 who) external {
        Order memory order = _known(3);
        address victim = who % 4 == 3 ? requester : _provider(order, who % 4);
        _odd.block_(victim, true);
        _commitAll(order, RESULT);
        for (uint256 seat; seat < 3; ++seat) _reveal(order, seat, RESULT);
        market.advance(order);
        _pass(3 * uint256(DELIVERY));
        for (uint256 seat; seat < 3; ++seat) {
            address provider = _provider(order, seat);
            if (provider == victim) vm.expectRevert();
            vm.prank(provider);
            market.withdraw();
        }
        _odd.block_(victim, false);
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(thief, 0);
    }

    /// A token that blocks the burn address stops what burns, and that alone: a drawn job ends unslashed with its lock,
    /// and settled ones are paid.
    function test_a_blocked_burn_address_lets_drawn_jobs_end_when_their_bonds_unlock() external {
        _odd.block_(BURNED, true);
        Order memory order = _known(3);
        Order memory paid = _known(3);
        market.settle(_settlement(paid, RESULT));
        _expectSeats(paid, PAID);
        _expects(requester, -3 * PAID);
        _pass(COMMIT + 1);
        vm.expectRevert();
        market.advance(order);
        _goTo(_lockedUntil(order));
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        _judge(thief, 0);
    }

    // --- tokens that call back -------------------------------------------------------------------------------

    /// Every function of the market that changes anything, as calls on this job.
    function _everything(Order memory order, Order memory next) private view returns (bytes[] memory calls) {
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        IMarketTypes.Settlement[] memory settlements = new IMarketTypes.Settlement[](1);
        settlements[0] = settlement;
        Order[] memory orders = new Order[](1);
        orders[0] = next;
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = _signOrder(next);
        IMarketTypes.SignedCommit memory a = _signCommit(order, _provider(order, 0), RESULT);
        IMarketTypes.SignedCommit memory b = _signCommit(order, _provider(order, 0), OTHER);
        IMarketTypes.SignedClaim memory c = _signClaim(order, _provider(order, 0), RESULT, "set");
        IMarketTypes.SignedClaim memory d = _signClaim(order, _provider(order, 0), OTHER, "set");
        calls = new bytes[](22);
        calls[0] = abi.encodeCall(market.open, (next, signatures[0]));
        calls[1] = abi.encodeCall(market.openMany, (orders, signatures));
        calls[2] = abi.encodeCall(market.openWithPermit, (next, signatures[0], 0, 0, 0, 0));
        calls[3] = abi.encodeCall(market.draw, (next));
        calls[4] = abi.encodeCall(market.drawMany, (orders));
        calls[5] = abi.encodeCall(market.settle, (settlement));
        calls[6] = abi.encodeCall(market.settleMany, (settlements));
        calls[7] = abi.encodeCall(market.withdraw, ());
        calls[8] = abi.encodeCall(market.expire, (next));
        calls[9] = abi.encodeCall(market.commit, (order, 0, a));
        calls[10] = abi.encodeCall(market.reveal, (order, 0, RESULT, _salt(RESULT)));
        calls[11] = abi.encodeCall(market.commitAndAdvance, (order, new uint256[](0), new IMarketTypes.SignedCommit[](0)));
        calls[12] = abi.encodeCall(market.advance, (order));
        calls[13] = abi.encodeCall(market.contest, (order, new bytes32[](3), settlement.reveals));
        calls[14] = abi.encodeCall(market.conclude, (order));
        calls[15] = abi.encodeCall(market.punishTwoCommits, (order, 0, 0, a, b));
        calls[16] = abi.encodeCall(market.punishTwoClaims, (order, 0, 0, c, d));
        calls[17] = abi.encodeCall(market.demandInput, (order, 0));
        calls[18] = abi.encodeCall(market.answerInput, (order, PAYLOAD, SALT));
        calls[19] = abi.encodeCall(market.demandOutput, (order, RESULT, settlement.reveals));
        calls[20] = abi.encodeCall(market.closeDemand, (order));
        calls[21] = abi.encodeCall(market.acknowledge, (order, RESULT, ""));
    }

    function _assertLocked() private {
        assertEq(_odd.heard(), 22, "all were tried");
        assertEq(_odd.succeeded(), 0, "none succeeded");
        for (uint256 i; i < 22; ++i) {
            assertEq(
                bytes32(_odd.answers(i)),
                bytes32(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
                "refused by the lock, not by luck"
            );
        }
        _odd.listen(address(0), _nothing());
    }

    /// At every transfer that the market or the vault makes for it, every function finds the market locked.
    function test_no_function_can_be_entered_from_inside_a_transfer(uint256 where) external {
        where = where % 5;
        Order memory order = _known(3);
        Order memory next = _order(2);
        if (where == 4) {
            market.settle(_settlement(order, _result()));
            _expectSeats(order, PAID);
        }
        bytes[] memory calls = where == 4 ? _everything(_known(3), next) : _everything(order, next);
        address asker = _provider(order, 1);
        if (where == 0) {
            Order memory another = _order(2);
            _odd.listen(address(market), calls);
            _openAs(another);
        } else if (where == 1) {
            _odd.listen(address(market), calls);
            vm.prank(asker);
            market.demandInput(order, 1);
        } else if (where == 2) {
            // The burn, out of the vault.
            IMarketTypes.SignedCommit memory a = _signCommit(order, _provider(order, 0), RESULT);
            IMarketTypes.SignedCommit memory b = _signCommit(order, _provider(order, 0), OTHER);
            _odd.listen(address(market), calls);
            vm.prank(thief);
            market.punishTwoCommits(order, 0, 0, a, b);
        } else if (where == 3) {
            Order memory expired = _open(2);
            _roll(uint256(_job(expired).since) + DRAW_BLOCKS + 1);
            market.expire(expired);
            _odd.listen(address(market), calls);
            vm.prank(requester);
            market.withdraw();
        } else {
            _acknowledge2(order);
            _odd.listen(address(market), calls);
            vm.prank(asker);
            market.withdraw();
        }
        _assertLocked();
        if (where == 4) {
            // The second job is let go in silence.
            return;
        }
        _judgeWhereverItEnds();
    }

    function _acknowledge2(Order memory order) private {
        bytes32 result = _result();
        vm.prank(requester);
        market.acknowledge(order, result, "");
    }

    /// The job's own end is not the point here: all but the three seats keep what they had.
    function _judgeWhereverItEnds() private {
        address[] memory all = new address[](parties.length);
        for (uint256 i; i < parties.length; ++i) all[i] = parties[i];
        _judge(all, 0);
    }

    /// The vault has no lock, it needs none: what it owes is written before tokens leave, and tokens are counted in.
    function test_entering_the_vault_from_inside_its_transfers_creates_nothing(uint256 random) external {
        Insider insider = new Insider(vault, _odd);
        _watch(address(insider));
        vm.prank(address(insider));
        _odd.approve(address(vault), type(uint256).max);
        insider.deposit(1_000);
        _open_books();
        for (uint256 i; i < 4; ++i) {
            bytes[] memory calls = new bytes[](2);
            for (uint256 k; k < 2; ++k) {
                uint256 amount = 1 + (random >> (16 * (2 * i + k))) % 1_500;
                calls[k] = (random >> (200 + 2 * i + k)) & 1 == 0
                    ? abi.encodeCall(Insider.deposit, (amount))
                    : abi.encodeCall(Insider.withdraw, (amount));
            }
            _odd.listen(address(insider), calls);
            uint256 outer = 1 + (random >> (128 + 16 * i)) % 1_500;
            if ((random >> (220 + i)) & 1 == 0) try insider.deposit(outer) {} catch {}
            else try insider.withdraw(outer) {} catch {}
        }
        _odd.listen(address(0), _nothing());
        _judge(address(insider), thief, 0);
    }

    /// A deposit whose own tokens are withdrawn again from inside the transfer is not credited.
    function test_a_deposit_withdrawn_from_inside_itself_is_refused() external {
        Insider insider = new Insider(vault, _odd);
        _watch(address(insider));
        vm.prank(address(insider));
        _odd.approve(address(vault), type(uint256).max);
        _open_books();
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(Insider.withdraw, (1_000));
        _odd.listen(address(insider), calls);
        vm.expectRevert(abi.encodeWithSelector(ExactTransfer.TokensMissing.selector, 0, 1_000));
        insider.deposit(1_000);
        _odd.listen(address(0), _nothing());
        _judge(address(insider), 0);
    }
}
