// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {ClaimLib} from "../../../contracts/types/Claim.sol";
import {Audit, AuditState} from "../../../contracts/types/Audit.sol";
import {AnswerFee, Demand, DemandState} from "../../../contracts/types/Demand.sol";
import {JobId, PoolId} from "../../../contracts/types/Ids.sol";
import {Job, Phase} from "../../../contracts/types/Job.sol";
import {Order} from "../../../contracts/types/Order.sol";

/// Counts what everybody owns before an attack and after it. Every test of an attack ends with `_judge`, which lets time
/// pass and a passer-by poke every job until it has ended, and then asserts three things: the thieves together are not
/// richer than what they are allowed, nobody else is poorer than what it expects, and no token appeared or vanished.
abstract contract Ledger is Actors {
    /// What everyone has in its purse to prepay demands with.
    uint256 internal constant PURSE = 1e9;
    uint256 internal constant RESERVATION = SHARE / 8;
    int256 internal constant PAID = int256(SHARE);
    /// What the answer with PAYLOAD earns.
    uint256 internal constant FEE = (24 + 2048) * uint256(ANSWER_PRICE);

    /// One of those that attack, without a part in the job.
    address internal thief = address(0x7417EF);

    address[] internal parties;
    Order[] private _orders;
    PoolId[] private _pools;
    mapping(address => uint256) private _before;
    mapping(address => int256) private _expected;
    mapping(address => bool) private _isThief;
    uint256 private _supply;
    /// Tokens that a test put where no party owns them.
    uint256 internal elsewhere;

    function setUp() public virtual override {
        super.setUp();
        _staff();
        _watch(requester);
        _watch(thief);
        _watch(address(this));
        _pools.push(pool);
        _open_books();
    }

    /// Providers with stake and a purse.
    function _staff() internal virtual {
        _join(12, 3);
        for (uint256 i; i < providers.length; ++i) _watch(providers[i]);
    }

    function _watch(address party) internal {
        parties.push(party);
        token.mint(party, PURSE);
        vm.prank(party);
        token.approve(address(market), type(uint256).max);
    }

    function _watchPool(PoolId another) internal {
        _pools.push(another);
    }

    /// From here on gains and losses count.
    function _open_books() internal {
        for (uint256 i; i < parties.length; ++i) _before[parties[i]] = _wealth(parties[i]);
        _supply = token.totalSupply();
    }

    /// The passer-by looks after this job until it has ended.
    function _track(Order memory order) internal returns (Order memory) {
        _orders.push(order);
        return order;
    }

    // --- jobs whose bytes can be shown -----------------------------------------------------------------------

    function _knownOrder(uint8 replicas) internal returns (Order memory order) {
        order = _order(replicas);
        order.inputRoot = _result();
    }

    function _openAs(Order memory order) internal {
        vm.prank(order.requester);
        market.open(order, "");
        _track(order);
    }

    function _known(uint8 replicas) internal returns (Order memory order) {
        order = _knownOrder(replicas);
        _openAs(order);
        _draw(order);
    }

    /// As the seat's provider, out of its own purse.
    function _ask(Order memory order, uint256 seat) internal {
        address provider = _provider(order, seat);
        vm.prank(provider);
        market.demandInput(order, seat);
    }

    function _answer(Order memory order, address by) internal {
        vm.prank(by);
        market.answerInput(order, PAYLOAD, SALT);
    }

    function _askOutput(Order memory order, IMarketTypes.Reveal[] memory reveals) internal {
        bytes32 result = _result();
        vm.prank(order.requester);
        market.demandOutput(order, result, reveals);
    }

    function _acknowledge(Order memory order) internal {
        vm.prank(order.requester);
        market.acknowledge(order, RESULT, "");
    }

    /// Two signed commitments of the seat's provider, shown by `reporter`, who earns the bounty.
    function _report(Order memory order, uint256 seat, address reporter) internal {
        vm.startPrank(reporter);
        _punishCommits(order, seat);
        vm.stopPrank();
    }

    // --- wealth ----------------------------------------------------------------------------------------------

    function _wealth(address who) internal view returns (uint256 sum) {
        (uint256 ready, uint256 pending) = market.balanceOf(who);
        sum = token.balanceOf(who) + vault.freeStake(who) + ready + pending;
        for (uint256 i; i < _pools.length; ++i) {
            try vault.leafOf(_pools[i], who) returns (uint256 leaf) {
                sum += uint256(vault.bondsOf(_pools[i], leaf).slots) * vault.poolOf(_pools[i]).bond;
            } catch {}
        }
    }

    function _gain(address who) internal view returns (int256) {
        return int256(_wealth(who)) - int256(_before[who]);
    }

    function _burned() internal view returns (uint256) {
        return token.balanceOf(BURNED);
    }

    /// What this party must at least have gained in the end, less than zero for what it pays; zero unless said.
    function _expects(address honest, int256 gain) internal {
        _expected[honest] += gain;
    }

    /// Each provider that is seated now must at least gain this.
    function _expectSeats(Order memory order, int256 gain) internal {
        (, address[] memory seated) = market.activeSeats(order);
        for (uint256 i; i < seated.length; ++i) _expects(seated[i], gain);
    }

    // --- the verdict -----------------------------------------------------------------------------------------

    function _judge(address[] memory thieves, int256 most) internal {
        for (uint256 i; i < thieves.length; ++i) _isThief[thieves[i]] = true;
        for (uint256 i; i < _orders.length; ++i) _bringToEnd(_orders[i]);
        _pass(3 * uint256(DELIVERY));
        _balance();
        int256 loot;
        for (uint256 i; i < parties.length; ++i) {
            address party = parties[i];
            if (_isThief[party]) {
                loot += _gain(party);
                continue;
            }
            string memory name = string.concat(
                "poorer than expected: ", vm.toString(i), ", ", _text(_gain(party)), " < ", _text(_expected[party])
            );
            assertTrue(_gain(party) >= _expected[party], name);
        }
        assertTrue(loot <= most, "the thieves are richer");
    }

    function _text(int256 amount) private view returns (string memory) {
        return amount < 0 ? string.concat("-", vm.toString(uint256(-amount))) : vm.toString(uint256(amount));
    }

    function _judge(address a, int256 most) internal {
        address[] memory thieves = new address[](1);
        thieves[0] = a;
        _judge(thieves, most);
    }

    function _judge(address a, address b, int256 most) internal {
        address[] memory thieves = new address[](2);
        (thieves[0], thieves[1]) = (a, b);
        _judge(thieves, most);
    }

    function _judge(address a, address b, address c, int256 most) internal {
        address[] memory thieves = new address[](3);
        (thieves[0], thieves[1], thieves[2]) = (a, b, c);
        _judge(thieves, most);
    }

    /// No token appeared or vanished, both contracts hold exactly what they owe, and no bond is in use.
    function _balance() internal view {
        uint256 owed;
        uint256 staked;
        uint256 sum = _burned() + elsewhere;
        for (uint256 i; i < parties.length; ++i) {
            (uint256 ready, uint256 pending) = market.balanceOf(parties[i]);
            assertEq(pending, 0, "all has matured");
            owed += ready;
            uint256 wealth = _wealth(parties[i]);
            sum += wealth;
            staked += wealth - ready - token.balanceOf(parties[i]);
        }
        assertEq(token.balanceOf(address(market)), owed, "the market holds what it owes");
        assertEq(token.balanceOf(address(vault)), staked, "the vault holds what it owes");
        assertEq(sum, _supply, "conservation");
        for (uint256 i; i < providers.length; ++i) {
            assertEq(_inUse(providers[i]), 0, "a bond is stuck");
        }
    }

    /// What a passer-by can do, until nothing is left to do.
    function _bringToEnd(Order memory order) internal {
        JobId id = _id(order);
        for (uint256 i; i < 16; ++i) {
            Job memory job = market.jobOf(id);
            if (job.phase == Phase.None) return;
            if (job.phase == Phase.Open) {
                _roll(uint256(job.since) + DRAW_BLOCKS + 1);
                market.expire(order);
            } else if (job.phase == Phase.Drawn) {
                _pass(ANSWER + 1);
                try market.advance(order) {} catch {}
            } else if (_auditing(id)) {
                _advanceAudit(order);
            } else if (job.phase == Phase.Contested) {
                _pass(uint256(CONTEST) + 1);
                market.conclude(order);
            } else if (_pending(id)) {
                _pass(ANSWER + 1);
                market.closeDemand(order);
            } else if (_challenged(id)) {
                _pass(uint256(CONTEST) + 1);
                market.conclude(order);
            } else {
                return _goBeyondLock(order);
            }
        }
        assertTrue(false, "a job that never ends");
    }

    /// An audit that is due ends without an auditor, a pending challenge first.
    function _advanceAudit(Order memory order) private {
        (Audit memory audit,) = market.auditOf(_id(order));
        if (audit.state == AuditState.Due) _roll(uint256(audit.since) + DRAW_BLOCKS + 1);
        else if (_challenged(_id(order))) _pass(uint256(CONTEST) + 1);
        else _pass(uint256(ANSWER) + 1);
        if (audit.state == AuditState.Drawn && _challenged(_id(order))) market.conclude(order);
        try market.advanceAudit(order) {} catch {}
    }

    function _auditing(JobId id) internal view returns (bool) {
        (Audit memory audit,) = market.auditOf(id);
        return audit.state == AuditState.Due || audit.state == AuditState.Drawn;
    }

    function _pending(JobId id) internal view returns (bool) {
        return market.demandOf(id, false).state == DemandState.Pending
            || market.demandOf(id, true).state == DemandState.Pending;
    }

    function _challenged(JobId id) internal view returns (bool) {
        (uint256 since,) = market.challengeOf(id);
        return since != 0;
    }

    function _goBeyondLock(Order memory order) private {
        uint256 until = _lockedUntil(order);
        if (clock < until) _goTo(until);
    }
}
