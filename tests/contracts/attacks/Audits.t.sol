// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Auditors} from "../lib/Auditors.sol";
import {Judge} from "../lib/Doubles.sol";
import {World} from "../lib/World.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {AuditLib, AuditState} from "../../../contracts/types/Audit.sol";
import {DemandState} from "../../../contracts/types/Demand.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Ledger} from "./Ledger.sol";

/// Auditors that look at nothing, providers that would not be looked at, and requesters that turn audits against those
/// that work for them.
contract AuditAttacks is Ledger, Auditors {
    Judge private _court;
    int256 private constant SLASHED = int256(BOND);
    int256 private constant SLICE = int256(CEILING);
    int256 private constant ASKED = int256(FEE);

    /// Who found the liars out, and is no party to the job.
    address private _finder = address(0xF14DE2);

    function setUp() public override(World, Ledger) {
        super.setUp();
        _watch(_finder);
        _open_books();
    }

    function _createResolver() internal override returns (address) {
        _court = new Judge();
        return address(_court);
    }

    // --- steps -----------------------------------------------------------------------------------------------

    /// The order has cost two shares.
    function _settledJob() private returns (Order memory order, IMarketTypes.Reveal[] memory reveals) {
        order = _audited(ALWAYS);
        _openAs(order);
        _draw(order);
        IMarketTypes.Settlement memory settlement = _settlement(order, _result());
        market.settle(settlement);
        reveals = settlement.reveals;
    }

    function _auditedJob() private returns (Order memory order, IMarketTypes.Reveal[] memory reveals) {
        (order, reveals) = _settledJob();
        _toSeed(order);
        vm.prank(thief);
        market.advanceAudit(order);
    }

    function _demandAudit(Order memory order) private {
        address auditor = _auditor(order);
        vm.prank(auditor);
        market.demandAuditInput(order);
    }

    function _answerAudit(Order memory order, address by) private {
        vm.prank(by);
        market.answerAuditInput(order, PAYLOAD, SALT);
    }

    function _refute(Order memory order, IMarketTypes.Reveal[] memory reveals, address by) private {
        bytes32 result = _result();
        vm.prank(by);
        market.refuteVouch(order, result, reveals, _sealed(), SALT);
    }

    function _challenge(Order memory order, IMarketTypes.Reveal[] memory reveals) private {
        bytes32 result = _result();
        vm.prank(address(_court));
        market.challenge(order, result, reveals);
    }

    function _conclude(Order memory order, uint256 guilty, address winner) private {
        _court.speak(guilty, winner);
        market.conclude(order);
    }

    function _unpledge(address provider) private returns (uint256) {
        vm.prank(provider);
        return vault.unpledge(pool, 3);
    }

    /// All providers but this one, the requester and the thief: whoever is drawn, it is one of them.
    function _everyoneBut(address honest) private view returns (address[] memory all) {
        all = new address[](providers.length + 1);
        uint256 count;
        for (uint256 i; i < providers.length; ++i) if (providers[i] != honest) all[count++] = providers[i];
        (all[count], all[count + 1]) = (requester, thief);
    }

    // --- auditors that look at nothing -----------------------------------------------------------------------

    /// What the chain shows is the blinded root: a seal made of it is none.
    function test_a_lazy_auditor_that_copies_the_chain_loses_its_bond(uint8 kind, bool withSalt) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _auditedJob();
        address lazy = _auditor(order);
        bytes32 salt = withSalt ? SALT : bytes32(0);
        bytes32 made = AuditLib.seal(_id(order), lazy, _result(), salt);
        if (kind % 3 == 1) made = _result();
        if (kind % 3 == 2) made = reveals[0].salt;
        _vouchWith(order, made);
        _refute(order, reveals, requester);
        _expects(_payee(order), PAID + SLICE);
        _expects(requester, SLICE - 2 * PAID);
        _judge(lazy, PAID - SLASHED);
    }

    /// Its friend, whose result it did not look at, keeps the bounty: most is burned all the same.
    function test_a_lazy_auditor_and_its_friend_lose_most() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _auditedJob();
        address lazy = _auditor(order);
        address friend = _payee(order);
        _vouchWith(order, "made up");
        _refute(order, reveals, friend);
        _expects(requester, SLICE - 2 * PAID);
        _judge(lazy, friend, 2 * PAID + SLICE - SLASHED);
    }

    /// Made of another's work: another auditor's seal, or one's own of another job with the same output.
    function test_a_seal_is_worth_nothing_to_anyone_else_nor_elsewhere(bool elsewhere_) external {
        (Order memory other,) = _settledJob();
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _auditedJob();
        address lazy = _auditor(order);
        bytes32 copied = elsewhere_ ? _seal(other, lazy) : _seal(order, _payee(order));
        _vouchWith(order, copied);
        _refute(order, reveals, requester);
        _expects(requester, SLICE - 3 * PAID);
        _judge(lazy, PAID - SLASHED);
    }

    /// Nobody takes the bond of one that did its work, whatever is shown.
    function test_a_good_seal_is_refuted_by_nobody(bytes32 sealed_, bytes32 salt) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _auditedJob();
        address honest = _auditor(order);
        _vouch(order);
        bytes32 result = _result();
        vm.prank(thief);
        try market.refuteVouch(order, result, reveals, sealed_, salt) {} catch {}
        vm.prank(thief);
        try market.refuteVouch(order, result, reveals, _sealed(), SALT) {} catch {}
        _expects(honest, PAID);
        _expects(_payee(order), PAID);
        _judge(requester, thief, -2 * PAID);
    }

    /// An auditor that leaves when it is drawn, or when it has vouched, is found out all the same.
    function test_leaving_saves_no_auditor(uint256 left, uint256 found, bool first) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        _toSeed(order);
        market.advanceAudit(order);
        address lazy = _auditor(order);
        uint256 id;
        if (first) id = _unpledge(lazy);
        _vouchWith(order, "made up");
        if (!first) id = _unpledge(lazy);
        _goTo(bound(left, clock, _auditorLockedUntil(order) - 1));
        bool held = clock < _lockedUntil(order) && found % 2 == 0;
        if (held) _challenge(order, reveals);
        if (held) _pass(found % UNBONDING);
        if (clock < market.jobOf(_id(order)).since + UNBONDING) {
            vm.expectRevert();
            vault.finishUnbonding(id);
        }
        _refute(order, reveals, requester);
        if (held) _conclude(order, 0, address(0));
        _expects(requester, SLICE - 2 * PAID);
        _judge(lazy, PAID - SLASHED);
    }

    /// Silence costs a slice each time, and the requester has its share again.
    function test_silent_auditors_pay_and_nobody_earns_by_it() external {
        (Order memory order,) = _auditedJob();
        address[] memory silent = new address[](3);
        for (uint256 i; i < 3; ++i) {
            silent[i] = _auditor(order);
            _pass(uint256(COMMIT) + 1);
            vm.prank(thief);
            market.advanceAudit(order);
        }
        _expects(_payee(order), PAID);
        _expects(requester, -PAID);
        _judge(silent, -3 * 2 * SLICE);
        assertEq(_burned(), 6 * CEILING, "burned");
    }

    // --- providers that would not be looked at ---------------------------------------------------------------

    function test_a_liar_that_withholds_the_input_loses_its_bond() external {
        (Order memory order,) = _auditedJob();
        _demandAudit(order);
        _expects(_auditor(order), int256(RESERVATION));
        _expects(requester, SLICE - PAID - int256(RESERVATION));
        _judge(_payee(order), PAID - SLASHED);
    }

    /// A friend challenges, so that the audit stands still until no bond is locked any more.
    function test_a_friends_challenge_saves_no_liar_that_withholds_the_input(bool before, uint256 wait) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _auditedJob();
        address liar = _payee(order);
        if (before) _challenge(order, reveals);
        _demandAudit(order);
        if (!before) _challenge(order, reveals);
        _pass(ANSWER + 1 + wait % (2 * uint256(CONTEST)));
        // Somebody pokes the audit before the friend can conclude; else the lock must not have ended.
        market.advanceAudit(order);
        _conclude(order, 0, address(0));
        _expects(_auditor(order), int256(RESERVATION));
        _expects(requester, SLICE - PAID - int256(RESERVATION));
        _judge(liar, thief, PAID - SLASHED);
    }

    /// However often a job is challenged, its honest auditor loses nothing and its requester has the share again.
    function test_challenges_without_end_harm_no_auditor(uint256 seed) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _auditedJob();
        address honest = _auditor(order);
        _expects(_payee(order), PAID);
        for (uint256 i; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 kind = seed % 4;
            if (kind == 0) _pass((seed >> 8) % 300);
            else if (kind == 1) try this.challengeNow(order, reveals) {} catch {}
            else if (_challenged(_id(order))) _conclude(order, 0, thief);
            else break;
        }
        // The moment that nobody challenges is enough.
        if (_challenged(_id(order))) {
            _pass(uint256(CONTEST) + 1);
            market.conclude(order);
        }
        bool vouched;
        try this.vouchNow(order) {
            vouched = true;
        } catch {}
        assertEq(vouched, clock < _lockedUntil(order), "while it can be disputed");
        _expects(honest, vouched ? PAID : int256(0));
        _expects(requester, vouched ? -2 * PAID : -PAID);
        _judge(thief, 0);
        assertEq(_burned(), 0, "nobody was silent");
    }

    function challengeNow(Order memory order, IMarketTypes.Reveal[] memory reveals) external {
        _challenge(order, reveals);
    }

    function vouchNow(Order memory order) external {
        _vouch(order);
    }

    /// Two leaves of one owner: the audit changes nothing, and the second bond is lost as well.
    function test_a_liar_that_audits_itself_loses_twice(bool accuses, bool refutes) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _auditedJob();
        address liar = _payee(order);
        address itself = _auditor(order);
        if (refutes) _vouchWith(order, "made up");
        else _vouch(order);
        _challenge(order, reveals);
        if (accuses) _report(order, _paidSeat(order), thief);
        if (refutes) _refute(order, reveals, liar);
        _conclude(order, 0x81, _finder);
        _expects(_finder, 2 * SLICE);
        _expects(requester, 2 * SLICE - 2 * PAID);
        _judge(liar, itself, thief, 2 * PAID - 2 * SLASHED);
    }

    /// One gives its bond up before the challenge, so that there would be none to challenge.
    function test_a_liar_that_accuses_itself_does_not_save_its_auditor() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _auditedJob();
        address liar = _payee(order);
        address itself = _auditor(order);
        _vouch(order);
        _report(order, _paidSeat(order), thief);
        _challenge(order, reveals);
        _conclude(order, 0x80, _finder);
        _expects(_finder, SLICE);
        _expects(requester, 2 * SLICE - 2 * PAID);
        _judge(liar, itself, thief, 2 * PAID + SLICE - 2 * SLASHED);
    }

    /// Stake that is pledged once the claim is on chain names nobody.
    function test_stake_pledged_after_the_claim_audits_nothing(uint16 slots, bool seen) external {
        (Order memory order,) = _settledJob();
        if (seen) _toSeed(order);
        uint256 start = vm.snapshotState();
        if (!seen) _toSeed(order);
        market.advanceAudit(order);
        uint256 named = _audit(order).auditors;
        uint256 block_ = height;
        vm.revertToState(start);
        slots = uint16(1 + slots % 1_000);
        uint256 cost = uint256(slots) * BOND;
        token.mint(thief, cost);
        vm.startPrank(thief);
        token.approve(address(vault), cost);
        vault.deposit(cost);
        vault.pledge(model, 0, TIER, slots);
        vm.stopPrank();
        _roll(block_);
        market.advanceAudit(order);
        assertEq(_audit(order).auditors, named, "as if it had not come");
    }

    // --- requesters that turn audits against providers -------------------------------------------------------

    /// Whatever the requester and every auditor do, a provider that answers what is asked keeps its pay and its bond.
    function test_audits_in_bad_faith_take_nothing_from_who_answers(uint256 seed) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        address honest = _payee(order);
        for (uint256 i; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            this.harass(seed, order, reveals);
            if (market.demandOf(_id(order), false).state == DemandState.Pending) {
                _pass((seed >> 32) % (ANSWER + 1));
                _answerAudit(order, honest);
            }
            if (market.demandOf(_id(order), true).state == DemandState.Pending) {
                vm.prank(honest);
                market.answerOutput(order, PAYLOAD, SALT);
            }
        }
        if (_challenged(_id(order))) _conclude(order, 0, thief);
        assertEq(_job(order).failed, 0, "nothing was found");
        _expects(honest, PAID);
        _judge(_everyoneBut(honest), -PAID);
    }

    function harass(uint256 seed, Order memory order, IMarketTypes.Reveal[] memory reveals) external {
        uint256 kind = (seed >> 8) % 10;
        if (kind == 0) _pass((seed >> 16) % 100);
        else if (kind == 1) try this.requestNow(order) {} catch {}
        else if (kind <= 4) _poke(order);
        else if (kind == 5) try this.demandNow(order) {} catch {}
        else if (kind == 6 && seed % 3 == 0) try this.vouchBadlyNow(order) {} catch {}
        else if (kind == 7) try this.challengeNow(order, reveals) {} catch {}
        else if (kind == 8 && _challenged(_id(order))) _conclude(order, 0, thief);
        else try this.askOutputNow(order, reveals) {} catch {}
    }

    function _poke(Order memory order) private {
        if (_audit(order).state == AuditState.Due) _toSeed(order);
        vm.prank(thief);
        try market.advanceAudit(order) {} catch {}
    }

    function requestNow(Order memory order) external {
        vm.prank(requester);
        market.requestAudit(order);
    }

    function demandNow(Order memory order) external {
        _demandAudit(order);
    }

    function vouchBadlyNow(Order memory order) external {
        _vouchWith(order, "made up");
    }

    function askOutputNow(Order memory order, IMarketTypes.Reveal[] memory reveals) external {
        _askOutput(order, reveals);
    }

    /// The answer is on chain for every auditor that follows: it is asked for once.
    function test_an_input_is_answered_once_however_many_ask() external {
        (Order memory order,) = _auditedJob();
        address honest = _payee(order);
        _demandAudit(order);
        _answerAudit(order, honest);
        for (uint256 i; i < 2; ++i) {
            _pass(uint256(COMMIT) + 1);
            market.advanceAudit(order);
            vm.expectRevert();
            this.demandNow(order);
        }
        _expects(honest, PAID + ASKED);
        _judge(_everyoneBut(honest), -PAID - ASKED - 2 * 2 * SLICE);
    }

    /// The deposit would return, and the provider could not be blamed any more; or the auditor could be.
    function test_nobody_but_the_audit_ends_its_demand(bool output, uint256 wait) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _auditedJob();
        address liar = _payee(order);
        if (output) _askOutput(order, reveals);
        _demandAudit(order);
        _pass(bound(wait, 0, 2 * uint256(ANSWER)));
        vm.prank(thief);
        try market.closeDemand(order) {} catch {}
        assertEq(
            uint256(market.demandOf(_id(order), false).state), uint256(DemandState.Pending), "it still waits"
        );
        bool unwound = _job(order).phase == Phase.Refunded;
        assertEq(unwound, output && wait != 0 && clock > market.demandOf(_id(order), true).deadline, "as ever");
        if (!output) {
            _expects(_auditor(order), int256(RESERVATION));
            return _judge(liar, thief, PAID - SLASHED);
        }
        _judge(liar, thief, unwound ? -2 * SLICE : PAID - 2 * SLICE);
    }

    /// An auditor that shares the requester's purse earns what the requester pays.
    function test_an_audit_moves_no_more_than_the_share(bool asked) external {
        (Order memory order,) = _auditedJob();
        address friend = _auditor(order);
        address honest = _payee(order);
        if (asked) {
            _demandAudit(order);
            _answerAudit(order, honest);
        }
        _vouch(order);
        vm.expectRevert();
        this.requestNow(order);
        _expects(honest, PAID + (asked ? ASKED : int256(0)));
        _judge(requester, friend, -PAID - (asked ? ASKED : int256(0)));
    }

    // --- everyone in one coalition ---------------------------------------------------------------------------

    /// From any state that any calls can reach, all money comes out; and nobody has gained by dealing with itself.
    function test_no_audit_keeps_money_and_dealing_with_oneself_never_pays(uint256 seed) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        for (uint256 i; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 kind = (seed >> 24) % 16;
            if (kind < 9) this.harass(seed, order, reveals);
            else if (kind == 9) try this.vouchNow(order) {} catch {}
            else if (kind == 10) try this.refuteNow(order, reveals) {} catch {}
            else if (kind == 11) try this.reportNow(order) {} catch {}
            else if (kind == 12) try this.answerNow(order) {} catch {}
            else if (kind == 13) try this.concludeNow(order, seed) {} catch {}
            else if (kind == 14) try market.closeDemand(order) {} catch {}
            else try this.acknowledgeNow(order) {} catch {}
            for (uint256 p; p < providers.length; ++p) {
                assertTrue(_inUse(providers[p]) <= 3, "more than it has");
            }
        }
        if (_challenged(_id(order))) _conclude(order, seed % 256, thief);
        address[] memory all = new address[](providers.length + 2);
        for (uint256 i; i < providers.length; ++i) all[i] = providers[i];
        (all[providers.length], all[providers.length + 1]) = (requester, thief);
        _judge(all, 0);
        assertFalse(_auditing(_id(order)), "it has ended");
    }

    function refuteNow(Order memory order, IMarketTypes.Reveal[] memory reveals) external {
        _refute(order, reveals, thief);
    }

    function reportNow(Order memory order) external {
        (uint256 seat, uint8 round) = (_paidSeat(order), _job(order).round);
        IMarketTypes.SignedCommit memory one = _signCommit(order, _payee(order), RESULT);
        IMarketTypes.SignedCommit memory other = _signCommit(order, _payee(order), OTHER);
        vm.prank(thief);
        market.punishTwoCommits(order, seat, round, one, other);
    }

    function answerNow(Order memory order) external {
        _answerAudit(order, thief);
    }

    function concludeNow(Order memory order, uint256 seed) external {
        _conclude(order, (seed >> 40) % 256, (seed >> 48) % 2 == 0 ? address(0) : thief);
    }

    function acknowledgeNow(Order memory order) external {
        bytes32 result = _result();
        vm.prank(requester);
        market.acknowledge(order, result, "");
    }
}
