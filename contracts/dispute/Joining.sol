// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IMarketTypes} from "../market/IMarketTypes.sol";
import {IResolver} from "../resolve/IResolver.sol";
import {ExactTransfer} from "../token/ExactTransfer.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Brief, Briefing, BriefLib} from "./Brief.sol";
import {DisputesBase} from "./DisputesBase.sol";

/// How a contest begins, who takes part, and what it says in the end.
abstract contract Joining is DisputesBase, IResolver {
    using SafeERC20 for IERC20;
    using ExactTransfer for IERC20;
    using OrderLib for Order;

    /// @inheritdoc IResolver
    function opened(JobId job, bytes32 contested) external {
        if (msg.sender != address(market)) revert OnlyMarket(msg.sender);
        Contest storage contest = _contests[job];
        contest.contested = contested;
        _begin(job, contest);
    }

    /// See IDisputes.
    function enter(Order calldata order, bytes32 draw, uint256[] calldata seats, bytes32[] calldata outputs)
        external
        nonReentrant
    {
        JobId job = _requireOrder(order);
        Contest storage contest = _contests[job];
        bytes32 given = keccak256(abi.encode(job, draw, seats, outputs));
        if (given != contest.contested) revert WrongContest(given, contest.contested);
        if (contest.seats != 0) revert AlreadyEntered(job);
        _seat(job, seats, outputs, vault.ownersOf(order.pool(), market.jobOf(job).seats, seats));
    }

    /// See IDisputes.
    function challenge(
        Order calldata order,
        bytes32 settledRoot,
        IMarketTypes.Reveal[] calldata reveals,
        bytes32 output
    ) external nonReentrant returns (uint256 party) {
        JobId job = market.jobIdOf(order);
        (uint256[] memory seats, address[] memory accounts) = market.challenge(order, settledRoot, reveals);
        bytes32[] memory outputs = new bytes32[](seats.length);
        for (uint256 i; i < seats.length; ++i) outputs[i] = settledRoot;
        Contest storage contest = _contests[job];
        contest.agreed = true;
        _begin(job, contest);
        _seat(job, seats, outputs, accounts);
        return _join(job, output);
    }

    /// See IDisputes.
    function join(JobId job, bytes32 output) external nonReentrant returns (uint256 party) {
        _requireRunning(job);
        return _join(job, output);
    }

    /// See IDisputes.
    function describe(Order calldata order, Briefing calldata given) external {
        JobId job = _requireOrder(order);
        Contest storage contest = _contests[job];
        if (contest.brief != 0) revert AlreadyEntered(job);
        Brief memory brief = payloads.brief(registry, order, JobId.unwrap(job), market.inputOf(order), given);
        bytes memory encoded = brief.encode();
        contest.brief = keccak256(encoded);
        contest.refused = brief.refused;
        emit Described(job, encoded);
    }

    /// @inheritdoc IResolver
    function verdict(JobId job)
        external
        view
        returns (bool ended, uint256 guilty, address[FIRST_CHALLENGER] memory winners)
    {
        Contest memory contest = _contests[job];
        ended = contest.endsAt != 0 && (block.timestamp >= contest.endsAt || _decided(job, contest));
        guilty = contest.guilty;
        for (uint256 seat; seat < FIRST_CHALLENGER; ++seat) {
            if ((guilty >> seat) & 1 != 0) winners[seat] = _winnerOver(job, seat);
        }
    }

    /// Whether nothing is left to find out: the innocent claim one output, and nobody disputes it any more.
    function _decided(JobId job, Contest memory contest) private view returns (bool) {
        uint256 innocent = contest.seats & ~uint256(contest.guilty);
        if (contest.games != 0 || contest.seats == 0) return false;
        if (innocent == 0) return true;
        if (contest.agreed) return contest.live == 0;
        // Whoever finds all of the seats wrong has a clock's time to say so: else liars would have one of theirs lose
        // to the others at once, and nobody could challenge these any more.
        if (contest.guilty == 0 || block.timestamp < contest.endsAt - window + clock) return false;
        bytes32 output;
        // The innocent of a contested job must agree.
        for (uint256 seat; seat < FIRST_CHALLENGER; ++seat) {
            if ((innocent >> seat) & 1 == 0) continue;
            bytes32 claimed = _parties[job][seat].output;
            if (output != 0 && claimed != output) return false;
            output = claimed;
        }
        return contest.live == _backing[job][output];
    }

    function _begin(JobId job, Contest storage contest) private {
        // SAFETY: Unix seconds; 32 bits last until 2106.
        contest.endsAt = uint32(block.timestamp + window);
        if (contest.parties == 0) contest.parties = uint32(FIRST_CHALLENGER);
        // Bonds that are left from an earlier contest do not keep this one open.
        (contest.first, contest.live) = (contest.parties, 0);
        (contest.seats, contest.guilty) = (0, 0);
        emit ContestOpened(job, contest.contested, contest.endsAt);
    }

    /// What a seat stated, or was shown to be, in an earlier contest of the job stays: one job, one transcript.
    function _seat(JobId job, uint256[] memory seats, bytes32[] memory outputs, address[] memory accounts) private {
        uint8 bits;
        for (uint256 i; i < seats.length; ++i) {
            Party storage party = _parties[job][seats[i]];
            party.account = accounts[i];
            party.output = outputs[i];
            // SAFETY: Unix seconds.
            party.enteredAt = uint32(block.timestamp);
            // SAFETY: a seat is below eight.
            bits |= uint8(1 << seats[i]);
            if (party.lost) _contests[job].guilty |= uint8(1 << seats[i]);
            emit Entered(job, seats[i], party.account, outputs[i], 0);
        }
        _contests[job].seats = bits;
    }

    function _join(JobId job, bytes32 output) private returns (uint256 party) {
        Contest storage contest = _contests[job];
        party = contest.parties++;
        // All seats claim one output, and there would be no game in which who claims it as well could lose its bond.
        for (uint256 seat; contest.agreed && seat < FIRST_CHALLENGER; ++seat) {
            if ((contest.seats >> seat) & 1 == 0) continue;
            if (_parties[job][seat].output == output) revert OutputsAgree(job, seat, party);
            break;
        }
        Party storage challenger = _parties[job][party];
        (challenger.account, challenger.output) = (msg.sender, output);
        // SAFETY: Unix seconds.
        challenger.enteredAt = uint32(block.timestamp);
        _bonded[job][party] = contest.first;
        _enrol(job, contest, output);
        emit Entered(job, party, msg.sender, output, bond);
        token.take(msg.sender, bond);
    }

    // --- bonds ---------------------------------------------------------------------------------------------------

    /// See IDisputes.
    function settleBond(JobId job, uint256 party) external nonReentrant {
        uint256 first = _bonded[job][party];
        if (first == 0) revert NoBond(job, party);
        Contest storage contest = _contests[job];
        bool own = first == contest.first;
        if (own && block.timestamp < contest.endsAt && !_decided(job, contest)) revert StillRunning(contest.endsAt);
        _bonded[job][party] = 0;
        (_parties[job][party].lost, _parties[job][party].left) = (true, true);
        if (own) _retire(job, contest, _parties[job][party].output);
        emit BondSettled(job, party, bond);
        _credit(_parties[job][party].account, bond);
    }

    /// See IDisputes.
    function withdraw() external nonReentrant {
        uint256 amount = _credits[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        _credits[msg.sender] = 0;
        emit Withdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// See IDisputes.
    function balanceOf(address account) external view returns (uint256) {
        return _credits[account];
    }
}
