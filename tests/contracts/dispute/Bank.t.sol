// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Vm} from "../lib/Vm.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";

/// Random moves of everybody in one contest: the engine holds the bonds of those that play and all credits, and not a
/// token more or less; who is honest and answers in time loses nothing.
contract BankTest is Moves {
    uint256 private constant PLAYERS = 3;

    uint256 private _random;
    address[PLAYERS] private _players;
    uint256 private _supply;

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < PLAYERS; ++i) {
            _players[i] = address(uint160(0xC0DE + i));
            _rich(_players[i]);
        }
        _supply = token.totalSupply();
    }

    /// Short ones: many moves are played.
    function _lengths() internal pure override returns (uint32[] memory lengths) {
        lengths = new uint32[](2);
        (lengths[0], lengths[1]) = (2, 9);
    }

    /// What a party claims: the truth, and lies of different kinds.
    function _execution(uint256 kind) private pure returns (Execution memory e) {
        e = Toy.honest(_lengths());
        if (kind == 1) Toy.lie(e, 1, 5, 3, 1);
        if (kind == 2) Toy.lie(e, 0, 0, 1, 2);
        if (kind == 3) Toy.set(e.output, 5, 77);
        if (kind == 4) Toy.lie(e, 1, Toy.MEAN, 0, 3);
    }

    function _next(uint256 most) private returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % most;
    }

    // --- invariants ------------------------------------------------------------------------------------------

    function _check(Match memory m) private view {
        IDisputeTypes.Contest memory contest = engine.contestOf(m.job);
        (uint256 held, uint256 live) = _held(m, contest);
        assertEq(contest.live, live, "challengers that play");
        uint256 owed = held * STAKE + engine.balanceOf(requester) + engine.balanceOf(finder);
        for (uint256 i; i < PLAYERS; ++i) owed += engine.balanceOf(_players[i]);
        for (uint256 i; i < providers.length; ++i) owed += engine.balanceOf(providers[i]);
        assertEq(token.balanceOf(address(engine)), owed, "the engine's balance");
        assertEq(token.totalSupply(), _supply, "supply");
        // The honest seat, which answers in time, and an honest challenger.
        assertFalse(_lost(m, 0), "the honest seat");
        assertEq(contest.guilty & 1, 0, "not guilty");
        uint256 going;
        for (uint256 a; a < 2; ++a) for (uint256 b = a + 1; b < contest.parties; ++b) {
            IDisputeTypes.Game memory game = _game(m, a, b);
            if (game.stage != IDisputeTypes.Stage.None && !game.closed) ++going;
        }
        assertEq(contest.games, going, "games that go on");
    }

    /// Challengers whose bonds the engine holds, and how many of them play in this contest: those that came in it, and
    /// those of an earlier one with a game that began in it.
    function _held(Match memory m, IDisputeTypes.Contest memory contest)
        private
        view
        returns (uint256 held, uint256 live)
    {
        for (uint256 party = FIRST; party < contest.parties; ++party) {
            if (_lost(m, party)) continue;
            ++held;
            bool plays = party >= contest.first;
            for (uint256 a; a < 2; ++a) {
                IDisputeTypes.Game memory game = _game(m, a, party);
                if (game.stage != IDisputeTypes.Stage.None && game.since + WINDOW >= contest.endsAt) plays = true;
            }
            if (plays) ++live;
        }
    }

    // --- moves -----------------------------------------------------------------------------------------------

    function joins(Match memory m, uint256 kind, uint256 player) external {
        uint256 party = _joinAs(m, _players[player], _execution(kind));
        require(party < m.by.length, "enough");
    }

    function starts(Match memory m, uint256 a, uint256 b) external {
        _start(m, a, b);
    }

    function moves(Match memory m, uint256 a, uint256 b, bool first) external {
        IDisputeTypes.Game memory game = _game(m, a, b);
        if (game.stage == IDisputeTypes.Stage.Stating) {
            if (_stated(m, a) && _stated(m, b)) return _face(m, a, b);
            return _state(m, first ? a : b);
        }
        if (game.stage < IDisputeTypes.Stage.Element) return _open(m, a, b, true, true);
        _convict(m, a, b, first);
    }

    function ends(Match memory m, uint256 a, uint256 b) external {
        engine.timeout(m.job, a, b);
    }

    function twins(Match memory m, uint256 a, uint256 b) external {
        engine.convictTwin(m.job, a, b);
    }

    function leaves(Match memory m, uint256 party) external {
        engine.settleBond(m.job, party);
    }

    function withdraws(address account) external {
        vm.prank(account);
        engine.withdraw();
    }

    /// Two parties that could play: mostly a seat and a challenger.
    function _pair(Match memory m) private returns (uint256 a, uint256 b) {
        uint256 joined = engine.contestOf(m.job).parties - FIRST;
        a = _next(2);
        b = joined == 0 || _next(4) == 0 ? 1 : FIRST + _next(joined);
    }

    /// The honest seat answers: it states, and in every game opens what is asked and goes on where the other side has
    /// answered already.
    function _answers(Match memory m) private {
        if (!_stated(m, 0)) _state(m, 0);
        uint256 parties = engine.contestOf(m.job).parties;
        for (uint256 b = 1; b < parties; b = b == 1 ? FIRST : b + 1) {
            while (_goesOn(m, b)) {}
        }
    }

    function _goesOn(Match memory m, uint256 b) private returns (bool) {
        IDisputeTypes.Game memory game = _game(m, 0, b);
        if (game.stage == IDisputeTypes.Stage.Stating) {
            if (!_stated(m, b)) return false;
            _face(m, 0, b);
            return true;
        }
        bool leaf = _isLeaf(game.stage);
        if (!leaf && !_isTree(game.stage)) return false;
        bool both = engine.openedAt(game.nodeB, leaf ? 0 : levelsOf(game.height)) != 0;
        _open(m, 0, b, true, both);
        return both;
    }

    function _one(Match memory m) private {
        uint256 what = _next(16);
        (uint256 a, uint256 b) = _pair(m);
        bytes memory call;
        if (what == 0) {
            uint256 kind = _next(5);
            uint256 party = engine.contestOf(m.job).parties;
            // One is left for another challenge.
            if (party + 1 >= m.by.length) return;
            call = abi.encodeCall(this.joins, (m, kind, _next(PLAYERS)));
            m.by[party] = _execution(kind);
        }
        else if (what < 3) call = abi.encodeCall(this.starts, (m, a, b));
        else if (what < 11) call = abi.encodeCall(this.moves, (m, a, b, _next(2) == 0));
        else if (what == 11) call = abi.encodeCall(this.ends, (m, a, b));
        else if (what == 12) call = abi.encodeCall(this.twins, (m, a, b));
        else if (what == 13) call = abi.encodeCall(this.leaves, (m, b));
        else if (what == 14) call = abi.encodeCall(this.withdraws, (_players[_next(PLAYERS)]));
        else _pass(_next(CLOCK / 4));
        // What is refused changes nothing.
        if (call.length != 0) address(this).call(call);
        _answers(m);
    }

    /// Else the test below would say little.
    function test_short_contests_reach_every_end() external {
        bytes32[6] memory wanted = [
            IDisputeTypes.Convicted.selector,
            IDisputeTypes.Lost.selector,
            IDisputeTypes.BondSettled.selector,
            IDisputeTypes.Credited.selector,
            IDisputeTypes.Withdrawn.selector,
            IDisputeTypes.GameOver.selector
        ];
        uint256 found;
        for (uint256 seed; seed < 40 && found != 63; ++seed) {
            uint256 snapshot = vm.snapshotState();
            vm.recordLogs();
            this.test_the_engine_owes_what_it_holds(seed);
            Vm.Log[] memory logs = vm.getRecordedLogs();
            for (uint256 i; i < logs.length; ++i) for (uint256 j; j < 6; ++j) {
                if (logs[i].topics[0] == wanted[j]) found |= 1 << j;
            }
            vm.revertToState(snapshot);
        }
        assertEq(found, 63, "not all that can happen has happened");
    }

    /// hardhat-config: fuzz.runs = 16
    function test_the_engine_owes_what_it_holds(uint256 seed) external {
        _random = seed;
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (_execution(0), _execution(1 + _next(4)));
        Match memory m = _matchOf(seats);
        for (uint256 step; step < 48; ++step) {
            _one(m);
            _check(m);
        }
        _goTo(engine.contestOf(m.job).endsAt);
        _leaveAll(m);
        market.conclude(m.order);
        for (uint256 seat; seat < 2; ++seat) assertEq(vault.bondsOf(pool, _leaf(m.order, seat)).held, 0, "free");
    }

    /// Two challenges of one honest result, with what is left of the first in the second.
    /// hardhat-config: fuzz.runs = 16
    function test_bonds_that_are_left_are_owed(uint256 seed) external {
        _random = seed;
        Match memory m = _settledBy(_execution(0), 2);
        for (uint256 contest; contest < 2; ++contest) {
            _challenge(m, _players[contest], _execution(1 + _next(4)));
            if (contest == 0) _describe(m);
            _check(m);
            for (uint256 step; step < 32; ++step) {
                _one(m);
                _check(m);
            }
            uint256 end = engine.contestOf(m.job).endsAt;
            if (clock < end) _goTo(end);
            market.conclude(m.order);
            _check(m);
        }
        _leaveAll(m);
    }

    /// All take back what is theirs; nothing stays.
    function _leaveAll(Match memory m) private {
        uint256 parties = engine.contestOf(m.job).parties;
        for (uint256 party = FIRST; party < parties; ++party) {
            address(this).call(abi.encodeCall(this.leaves, (m, party)));
        }
        for (uint256 i; i < PLAYERS; ++i) address(this).call(abi.encodeCall(this.withdraws, (_players[i])));
        for (uint256 i; i < providers.length; ++i) address(this).call(abi.encodeCall(this.withdraws, (providers[i])));
        assertEq(token.balanceOf(address(engine)), 0, "everybody has what is its own");
    }
}
