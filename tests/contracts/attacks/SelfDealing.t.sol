// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Judge} from "../lib/Doubles.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {DemandState} from "../../../contracts/types/Demand.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Job, Phase, SeatsLib} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// A coalition of any of the roles does whatever it likes, at random; everyone else does what its node would. The
/// resolver, where it speaks, tells the truth and gives the bounty to the coalition.
contract SelfDealingAttacks is Ledger {
    Judge private _court;

    /// The coalition: bit i for provider i, bit 12 for the requester.
    uint256 private _coalition;
    Order private _target;
    /// Bit i: seat i has the input, by delivery.
    uint256 private _fed;
    /// Bit i: the provider of seat i has claimed against a whole set, and handed its output out.
    uint256 private _claimed;
    uint8 private _claimedRound;
    uint256 private _feesOfHonest;

    function _createResolver() internal override returns (address) {
        _court = new Judge();
        return address(_court);
    }

    // --- everyone in one coalition ---------------------------------------------------------------------------

    /// Whoever slashes itself, pays itself, demands from itself or is its own judge: what leaves is burned.
    function test_dealing_with_oneself_never_pays(uint256 seed) external {
        _live(type(uint256).max, seed);
        address[] memory all = new address[](14);
        for (uint256 i; i < 12; ++i) all[i] = providers[i];
        (all[12], all[13]) = (requester, thief);
        _judge(all, -int256(_burned()));
    }

    // --- any coalition against the rest ----------------------------------------------------------------------

    /// The requester and any providers: results that were handed out have been paid for, by payments or by bonds.
    function test_a_requester_with_any_providers_gets_no_result_for_less(uint256 seed, uint256 members) external {
        _live(members | (1 << 12), seed);
        _verdict(true);
    }

    /// Any providers against an honest requester and honest others.
    function test_any_providers_earn_no_more_than_shares_for_results(uint256 seed, uint256 members) external {
        _live(members & 0xfff, seed);
        _verdict(false);
    }

    function _verdict(bool withRequester) private {
        _bringToEnd(_target);
        Job memory job = _job(_target);
        address[] memory thieves = new address[](14);
        thieves[13] = thief;
        if (withRequester) thieves[12] = requester;
        int256 share = int256(SHARE);
        int256 handed;
        for (uint256 i; i < 12; ++i) {
            if (_bad(i)) {
                thieves[i] = providers[i];
                continue;
            }
            // Nobody honest loses stake: it pays at most for an answer.
            _expects(providers[i], -int256(_feesOf[providers[i]]));
        }
        (uint256 paidBad, uint256 paidGood) = _paidSeats(job);
        // Where a whole set was shown and the coalition has not burned a bond over it, those who claimed are paid.
        if (_claimed != 0 && _burned() < 10 * CEILING && job.phase != Phase.Concluded) {
            for (uint256 seat; seat < 7; ++seat) {
                if ((_claimed >> seat) & 1 == 0) continue;
                _expects(_claimant[seat], share);
                handed += share;
            }
        }
        int256 most;
        if (withRequester) {
            most = int256(_feesOfHonest) - handed;
        } else {
            most = int256(paidBad) * share + int256(_feesOfHonest);
            // The requester pays for a settled result only, and one that demanded its output pays the answer.
            _expects(requester, -int256(paidBad + paidGood) * share - int256(_requesterFees));
            most += int256(_requesterFees);
        }
        _judge(thieves, most);
    }

    function _paidSeats(Job memory job) private view returns (uint256 bad, uint256 good) {
        if (job.phase != Phase.Settled) return (0, 0);
        for (uint256 seat; seat < 7; ++seat) {
            if (_isEmpty(job, seat)) continue;
            if (_isBad(_provider(_target, seat))) ++bad;
            else ++good;
        }
    }

    function _isEmpty(Job memory job, uint256 seat) private pure returns (bool) {
        return SeatsLib.isEmpty(job.seats, seat);
    }

    // --- one life --------------------------------------------------------------------------------------------

    mapping(address => uint256) private _feesOf;
    mapping(uint256 seat => address) private _claimant;
    uint256 private _requesterFees;

    function _bad(uint256 provider) private view returns (bool) {
        return (_coalition >> provider) & 1 != 0;
    }

    function _isBad(address who) private view returns (bool) {
        if (who == requester) return _bad(12);
        for (uint256 i; i < 12; ++i) {
            if (providers[i] == who) return _bad(i);
        }
        return false;
    }

    function _live(uint256 coalition, uint256 seed) private {
        _coalition = coalition;
        Order memory order = _knownOrder(uint8(2 + seed % 4));
        _openAs(order);
        _target = order;
        _draw(order);
        // An honest requester delivers to every seat, another to whom it likes.
        _fed = _bad(12) ? seed >> 8 : type(uint256).max;
        for (uint256 i; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            _strike(seed);
            _honest();
            _pass((seed >> 200) % 25);
            _honest();
        }
        // The coalition is silent from here; the honest go on as long as the job does.
        for (uint256 i; i < 200 && _job(order).phase == Phase.Drawn; ++i) {
            _pass(15);
            _honest();
            if (i % 4 == 0) try market.advance(order) {} catch {}
        }
    }

    /// One move of the coalition.
    function _strike(uint256 random) private {
        Order memory order = _target;
        (uint256[] memory seats, address[] memory seated) = market.activeSeats(order);
        if (seats.length == 0) return;
        uint256 pick = (random >> 8) % seats.length;
        (uint256 seat, address who) = (seats[pick], seated[pick]);
        bool own = _isBad(who);
        uint256 move = random % 13;
        if (move == 0 && own) try this.ask(order, seat) {} catch {}
        else if (move == 1 && own) try this.post(order, seat, (random >> 16) % 3) {} catch {}
        else if (move == 2 && own) try this.reveal(order, seat, RESULT) {} catch {}
        else if (move == 3 && own && (random >> 16) % 4 == 0) try this.report(order, seat) {} catch {}
        else if (move == 4) try this.showSet(order, random >> 16) {} catch {}
        else if (move == 5) try market.advance(order) {} catch {}
        else if (move == 6) try market.closeDemand(order) {} catch {}
        else if (move == 7 && (_bad(12) || _anyFedBad())) try this.answerInput(order, thief) {} catch {}
        else if (move == 8 && _bad(12)) try this.askOutput(order) {} catch {}
        else if (move == 9 && _bad(12)) try this.acknowledge(order) {} catch {}
        else if (move == 10) try market.conclude(order) {} catch {}
        else if (move == 11 && own) try this.leave(who) {} catch {}
        else if (move == 12 && own) try this.reveal(order, seat, OTHER) {} catch {}
    }

    function _anyFedBad() private view returns (bool) {
        return _coalition & 0xfff != 0 && _fed != 0;
    }

    /// What the nodes of the honest do, whenever they look.
    function _honest() private {
        Order memory order = _target;
        JobId id = _id(order);
        Job memory job = market.jobOf(id);
        if (job.phase == Phase.Drawn) _honestRound(order, id, job);
        if (market.demandOf(id, true).state == DemandState.Pending) {
            for (uint256 seat; seat < 7; ++seat) {
                if (_isEmpty(job, seat) || _isBad(_provider(order, seat))) continue;
                try this.answerOutput(order, _provider(order, seat)) {} catch {}
            }
        }
        if (job.phase == Phase.Contested) _court.speak(_liars(order, id, job), thief);
    }

    function _honestRound(Order memory order, JobId id, Job memory job) private {
        DemandState state = market.demandOf(id, false).state;
        if (state == DemandState.Pending && !_bad(12)) try this.answerInput(order, requester) {} catch {}
        (uint256[] memory seats, address[] memory seated) = market.activeSeats(order);
        bytes32 draw = market.drawOf(id);
        bool public_ = market.demandOf(id, false).state == DemandState.Answered;
        bool whole = true;
        for (uint256 i; i < seats.length; ++i) {
            bool committed = market.commitmentOf(draw, seats[i]) != 0;
            if (_isBad(seated[i])) {
                whole = whole && committed;
                continue;
            }
            if (!committed) {
                if (public_ || (_fed >> seats[i]) & 1 != 0) {
                    // A node that was shown a whole set posts it; else its own commitment.
                    if (clock >= uint256(job.since) + COMMIT / 4) try this.commitNow(order, seats[i], RESULT) {} catch {}
                } else {
                    try this.ask(order, seats[i]) {} catch {}
                }
            }
            whole = whole && market.commitmentOf(draw, seats[i]) != 0;
        }
        if (_claimed != 0 && _claimedRound == job.round) {
            for (uint256 i; i < seats.length; ++i) {
                if (market.commitmentOf(draw, seats[i]) == 0) {
                    try this.commitNow(order, seats[i], _shown[seats[i]]) {} catch {}
                }
            }
        }
        if (whole) {
            for (uint256 i; i < seats.length; ++i) {
                if (!_isBad(seated[i])) try this.reveal(order, seats[i], RESULT) {} catch {}
            }
        }
        // A reveal window that is over is ended by whoever has an interest.
        if (clock > uint256(market.jobOf(id).since) + COMMIT + REVEAL) try market.advance(order) {} catch {}
    }

    mapping(uint256 seat => bytes32) private _shown;

    function _liars(Order memory order, JobId id, Job memory job) private view returns (uint256 guilty) {
        order;
        bytes32 draw = market.drawOf(id);
        for (uint256 seat; seat < 7; ++seat) {
            if (_isEmpty(job, seat)) continue;
            bytes32 said = market.revealOf(draw, seat);
            if (said == 0) said = _shown[seat];
            if (said != RESULT) guilty |= 1 << seat;
        }
    }

    // --- moves -----------------------------------------------------------------------------------------------

    function ask(Order memory order, uint256 seat) external {
        address who = _provider(order, seat);
        bool first = market.demandOf(_id(order), false).state == DemandState.None;
        _ask(order, seat);
        if (first && !_isBad(who)) {
            _feesOf[who] = FEE;
            _feesOfHonest = FEE;
        }
    }

    function post(Order memory order, uint256 seat, uint256 what) external {
        IMarketTypes.SignedCommit memory signed;
        address who = _provider(order, seat);
        signed.commitment = what == 2 ? bytes32("garbage") : _commitment(order, who, what == 0 ? RESULT : OTHER);
        vm.prank(who);
        market.commit(order, seat, signed);
    }

    function reveal(Order memory order, uint256 seat, bytes32 output) external {
        _reveal(order, seat, output);
    }

    function report(Order memory order, uint256 seat) external {
        _report(order, seat, thief);
    }

    function leave(address who) external {
        vm.prank(who);
        vault.unpledge(pool, 1);
    }

    function answerInput(Order memory order, address by) external {
        _answer(order, by);
    }

    function askOutput(Order memory order) external {
        _askOutput(order, new IMarketTypes.Reveal[](0));
    }

    function answerOutput(Order memory order, address by) external {
        _requesterFees = FEE;
        vm.prank(by);
        market.answerOutput(order, PAYLOAD, SALT);
    }

    function acknowledge(Order memory order) external {
        _acknowledge(order);
    }

    /// The coordinator shows a set in which each bad seat stands with a result of its choice. The honest, where all of
    /// them have the input and have committed to nothing else on chain, claim and hand out their outputs; the
    /// coalition then settles, contests, or keeps its own claims to itself.
    function showSet(Order memory order, uint256 random) external {
        JobId id = _id(order);
        Job memory job = market.jobOf(id);
        require(job.phase == Phase.Drawn, "drawn");
        (uint256[] memory seats, address[] memory seated) = market.activeSeats(order);
        require(seats.length == order.replicas, "whole");
        bytes32[] memory outputs = new bytes32[](seats.length);
        bool public_ = market.demandOf(id, false).state == DemandState.Answered;
        bytes32 draw = market.drawOf(id);
        for (uint256 i; i < seats.length; ++i) {
            bool bad = _isBad(seated[i]);
            require(bad || public_ || (_fed >> seats[i]) & 1 != 0, "has the input");
            outputs[i] = bad && (random >> i) & 3 == 0 ? OTHER : RESULT;
            bytes32 posted = market.commitmentOf(draw, seats[i]);
            require(posted == 0 || posted == _commitment(order, seated[i], outputs[i]), "another stands on chain");
        }
        if (_claimed == 0) {
            for (uint256 i; i < seats.length; ++i) {
                _shown[seats[i]] = outputs[i];
                if (_isBad(seated[i])) continue;
                _claimed |= 1 << seats[i];
                _claimant[seats[i]] = seated[i];
            }
            _claimedRound = job.round;
        } else {
            // A node claims once a draw.
            require(_claimedRound == job.round, "another round");
            for (uint256 i; i < seats.length; ++i) require(_shown[seats[i]] == outputs[i], "another set");
        }
        IMarketTypes.Reveal[] memory reveals = _reveals(order, outputs);
        uint256 then = (random >> 32) % 3;
        if (then == 0) try market.settle(IMarketTypes.Settlement(order, RESULT, reveals)) {} catch {}
        if (then == 1) try market.contest(order, outputs, reveals) {} catch {}
    }
}
