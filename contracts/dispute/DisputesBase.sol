// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IMarket} from "../market/IMarket.sol";
import {IModelRegistry} from "../registry/IModelRegistry.sol";
import {IReferee} from "../referee/IReferee.sol";
import {IStakeVault} from "../stake/IStakeVault.sol";
import {JobId} from "../types/Ids.sol";
import {Order} from "../types/Order.sol";
import {Brief, BriefLib} from "./Brief.sol";
import {IDisputeTypes} from "./IDisputeTypes.sol";
import {Payloads} from "./Payloads.sol";

/// What every part of the engine is made with. Market and vault may be addresses at which nothing stands yet.
struct DisputeSetup {
    IERC20 token;
    IModelRegistry registry;
    IMarket market;
    IStakeVault vault;
    IReferee referee;
    Payloads payloads;
    /// Seconds that a contest lasts at most, and that each side of a game has for all its moves together.
    uint256 window;
    uint256 clock;
    /// Seconds in which an element can be recomputed.
    uint256 judgeTime;
    /// What a challenger puts up, in base units of the token.
    uint256 bond;
}

/// What all moves share: the constants, the storage, and how a party loses.
abstract contract DisputesBase is IDisputeTypes, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// Challengers are numbered from here on; below stand the seats, the auditor's last.
    uint256 internal constant FIRST_CHALLENGER = 8;

    /// Whoever beat a loser's opponent takes its place as the winner; so many are looked at.
    uint256 private constant MOST_HEIRS = 8;
    address internal constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;

    IModelRegistry public immutable registry;
    IMarket public immutable market;
    IStakeVault public immutable vault;
    IERC20 public immutable token;
    IReferee public immutable referee;
    Payloads public immutable payloads;
    uint256 public immutable window;
    uint256 public immutable clock;
    uint256 public immutable judgeTime;
    uint256 public immutable bond;

    mapping(JobId => Contest) internal _contests;
    mapping(JobId => mapping(uint256 party => Party)) internal _parties;
    /// Of a challenger whose bond is held, the first challenger of the contest in which it plays; zero of all others.
    mapping(JobId => mapping(uint256 party => uint256 first)) internal _bonded;
    /// Of a contested job, how many of the live challengers claim an output.
    mapping(JobId => mapping(bytes32 output => uint256)) internal _backing;
    mapping(bytes32 pair => Game) internal _games;
    /// When the children of a node were opened (32 bits), and the hash of these children (224 bits).
    mapping(bytes32 key => uint256) internal _opened;
    mapping(address => uint256) internal _credits;
    /// What challengers have announced: a hash (224 bits), and when (32 bits).
    mapping(JobId => mapping(uint256 party => mapping(uint256 against => uint256))) internal _announced;

    constructor(DisputeSetup memory setup_) {
        (token, registry, market, vault) = (setup_.token, setup_.registry, setup_.market, setup_.vault);
        (referee, payloads) = (setup_.referee, setup_.payloads);
        (window, clock, judgeTime, bond) = (setup_.window, setup_.clock, setup_.judgeTime, setup_.bond);
        if (clock == 0 || judgeTime == 0) revert BadParameters("a clock is zero");
        if (window > type(uint32).max) revert BadParameters("the window exceeds 32 bits");
        if (longestGame() >= window) revert BadParameters("the window is shorter than the longest game");
    }

    function _setup() internal view returns (DisputeSetup memory) {
        return DisputeSetup(token, registry, market, vault, referee, payloads, window, clock, judgeTime, bond);
    }

    // --- reading -------------------------------------------------------------------------------------------------

    /// The longest game: both clocks one after the other, and three windows for the referee.
    function longestGame() public view returns (uint256) {
        return 2 * clock + 3 * judgeTime;
    }

    function _requireOrder(Order calldata order) internal view returns (JobId job) {
        job = market.jobIdOf(order);
        if (_contests[job].endsAt == 0) revert NotContested(job);
    }

    function _requireRunning(JobId job) internal view {
        uint256 end = _contests[job].endsAt;
        if (end == 0) revert NotContested(job);
        if (block.timestamp >= end) revert ContestOver(job, end);
    }

    function _requireBrief(bytes calldata given) internal view returns (JobId job, Brief memory brief) {
        job = BriefLib.jobOf(given);
        _requireRunning(job);
        if (_contests[job].brief != keccak256(given)) revert WrongBrief(job);
        brief = BriefLib.read(given);
    }

    function _requireParty(JobId job, uint256 party) internal view returns (Party storage found) {
        found = _parties[job][party];
        if (found.account == address(0)) revert UnknownParty(job, party);
        if (found.lost) revert PartyLost(job, party);
    }

    function _requireStatement(JobId job, uint256 party, Statement calldata statement) internal view {
        bytes32 stated = _parties[job][party].statement;
        if (stated == 0 || keccak256(abi.encode(statement)) != stated) revert WrongStatement(job, party);
    }

    function _game(JobId job, uint256 a, uint256 b) internal view returns (Game storage) {
        return _games[keccak256(abi.encode(job, a, b))];
    }

    // --- losing --------------------------------------------------------------------------------------------------

    /// `party` has lost to `against`.
    function _lose(JobId job, uint256 party, uint256 against, bool proven) internal {
        Party storage loser = _parties[job][party];
        if (loser.lost) return;
        // SAFETY: fewer parties than 2^32: each challenger has a bond.
        (loser.lost, loser.proven, loser.lostTo) = (true, proven, uint32(against));
        Contest storage contest = _contests[job];
        if (party < FIRST_CHALLENGER) {
            // SAFETY: a seat is below eight.
            contest.guilty |= uint8(1 << party);
        }
        Party storage better = _parties[job][against];
        emit Lost(job, party, against, proven);
        uint256 first = party < FIRST_CHALLENGER ? 0 : _bonded[job][party];
        if (first != 0) {
            _bonded[job][party] = 0;
            if (first == contest.first) _retire(job, contest, loser.output);
            _credit(better.account, bond / 2);
            token.safeTransfer(BURN_ADDRESS, bond - bond / 2);
            emit BondSettled(job, party, 0);
        }
    }

    /// A challenger more, or less, takes part in the contest.
    function _enrol(JobId job, Contest storage contest, bytes32 output) internal {
        contest.live += 1;
        if (!contest.agreed) _backing[job][output] += 1;
    }

    function _retire(JobId job, Contest storage contest, bytes32 output) internal {
        contest.live -= 1;
        if (!contest.agreed) _backing[job][output] -= 1;
    }

    /// Who is owed the bounty of a party that has lost: whom it lost to, or where that one has lost itself, whom that
    /// one lost to, and so on. Nobody where two have beaten each other.
    function _winnerOver(JobId job, uint256 party) internal view returns (address) {
        for (uint256 i; i < MOST_HEIRS; ++i) {
            party = _parties[job][party].lostTo;
            Party storage better = _parties[job][party];
            if (!better.lost || better.left) return better.account;
        }
        return address(0);
    }

    /// A game in which a side has lost is over.
    function _end(JobId job, uint256 a, uint256 b) internal {
        Game storage game = _game(job, a, b);
        game.stage = Stage.Over;
        _close(job, a, b, game);
    }

    /// A game in which a side was convicted counts no more, but the other can still be convicted of the same element.
    function _close(JobId job, uint256 a, uint256 b, Game storage game) internal {
        if (game.closed) return;
        game.closed = true;
        _contests[job].games -= 1;
        emit GameOver(job, a, b);
    }

    function _credit(address account, uint256 amount) internal {
        _credits[account] += amount;
        emit Credited(account, amount);
    }

    function _key(bytes32 node, uint256 levels) internal pure returns (bytes32) {
        return keccak256(abi.encode(node, levels));
    }

    // --- clocks --------------------------------------------------------------------------------------------------

    /// Take the time that each side needed off its clock, and begin the next step where the slower one ended, so that
    /// no time goes uncounted. Returns whether somebody was too late or has lost, which ends the game.
    function _charge(JobId job, uint256 a, uint256 b, Game storage game, uint256 atA, uint256 atB)
        internal
        returns (bool over)
    {
        // A side that has lost elsewhere plays no more, and nobody can lose to it.
        if (_parties[job][a].lost || _parties[job][b].lost) {
            _end(job, a, b);
            return true;
        }
        uint256 since = game.since;
        uint256 usedA = atA > since ? atA - since : 0;
        uint256 usedB = atB > since ? atB - since : 0;
        bool lateA = usedA > game.clockA;
        bool lateB = usedB > game.clockB;
        if (lateA) _lose(job, a, b, false);
        if (lateB) _lose(job, b, a, false);
        if (lateA || lateB) {
            _end(job, a, b);
            return true;
        }
        // SAFETY: not more than the clock holds.
        game.clockA -= uint32(usedA);
        game.clockB -= uint32(usedB);
        game.since = uint32(since + (usedA > usedB ? usedA : usedB));
    }
}
