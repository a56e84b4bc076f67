// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Auditors} from "../lib/Auditors.sol";
import {Brief, Briefing} from "../../../contracts/dispute/Brief.sol";
import {DisputeSetup} from "../../../contracts/dispute/DisputesBase.sol";
import {IDisputes} from "../../../contracts/dispute/IDisputes.sol";
import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Payloads as PayloadReader} from "../../../contracts/dispute/Payloads.sol";
import {IMarket} from "../../../contracts/market/IMarket.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IReferee} from "../../../contracts/referee/IReferee.sol";
import {IResolver} from "../../../contracts/resolve/IResolver.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {JobId, poolIdOf} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";
import {Trees} from "./Trees.sol";
import {Chunks} from "./Written.sol";

/// All that a test knows of one disputed job: among it who executed what, by party.
struct Match {
    Order order;
    JobId job;
    Brief brief;
    Execution[] by;
    IMarketTypes.Reveal[] reveals;
}

/// The market with the real engine as its resolver, the toy program published, and jobs of it that are disputed.
abstract contract DisputeWorld is Auditors {
    using Transcripts for Execution;

    uint256 internal constant WINDOW = 1_500;
    uint256 internal constant CLOCK = 200;
    uint256 internal constant JUDGE_TIME = 60;
    uint256 internal constant LONGEST = 2 * CLOCK + 3 * JUDGE_TIME;
    /// What a challenger puts up: odd, so that a half is to be rounded.
    uint256 internal constant STAKE = 1_001;
    /// Number of the first challenger; below stand seven seats and the auditor.
    uint256 internal constant FIRST = 8;

    IDisputes internal engine;
    DisputeSetup internal setup;
    /// One that looks for lies, and one that looks for money.
    address internal finder = address(0xF14DE2);
    address internal thief = address(0x7417EF);

    function setUp() public virtual override {
        super.setUp();
        _join(6, 2);
        _rich(finder);
        _rich(thief);
        vm.label(address(engine), "engine");
        vm.label(finder, "finder");
        vm.label(thief, "thief");
    }

    /// An account that can pay challengers' bonds.
    function _rich(address account) internal {
        token.mint(account, 1e9);
        vm.prank(account);
        token.approve(address(engine), type(uint256).max);
    }

    // --- deployment ------------------------------------------------------------------------------------------

    /// Six contracts; then come the vault, the market's four parts and the market.
    function _createResolver() internal override returns (address) {
        uint256 nonce = vm.getNonce(address(this));
        (setup.token, setup.registry) = (token, registry);
        setup.market = IMarket(_createAddress(nonce + 11));
        setup.vault = IStakeVault(_createAddress(nonce + 6));
        setup.referee = IReferee(_create("Referee", abi.encode(_create("CausalReferee", ""))));
        setup.payloads = PayloadReader(_create("Payloads", ""));
        (setup.window, setup.clock, setup.judgeTime, setup.bond) = (WINDOW, CLOCK, JUDGE_TIME, STAKE);
        address games = _createFrom("Parts", "Games", abi.encode(setup));
        address convictions = _createFrom("Parts", "Convictions", abi.encode(setup));
        engine = IDisputes(_create("Disputes", abi.encode(games, convictions)));
        return address(engine);
    }

    function _publish() internal override {
        bytes32[] memory shards = new bytes32[](1);
        shards[0] = Trees.rootOf(_records());
        model = registry.publish("toy", "1", shards[0], "weights", shards, 1, 256, 1_000, "https://example.org");
        pool = poolIdOf(model, 0, TIER);
    }

    /// The records of the program.
    function _records() internal view virtual returns (bytes memory) {
        return Toy.records();
    }

    // --- jobs ------------------------------------------------------------------------------------------------

    function _inputOf(Execution memory e) internal view virtual returns (bytes memory) {
        return Toy.input(e.lengths);
    }

    function _briefOf(JobId job, Execution memory e) internal view virtual returns (Brief memory) {
        return _brief(job, e.lengths);
    }

    /// Three sequences, of which the second has values of three chunks.
    function _lengths() internal pure virtual returns (uint32[] memory lengths) {
        lengths = new uint32[](3);
        (lengths[0], lengths[1], lengths[2]) = (3, 600, 2);
    }

    /// Whether outputs begin with the node over the transcript's sequences.
    function _strong() internal pure virtual returns (bool) {
        return false;
    }

    function _drawnToy(bytes memory input, uint8 replicas) internal returns (Order memory order) {
        order = _order(replicas);
        order.mode = _strong() ? 0x80 : 0;
        order.inputRoot = Trees.blinded(Toy.SALT, Trees.rootOf(input));
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
    }

    function _outputs(Match memory m) internal pure returns (bytes32[] memory outputs) {
        outputs = new bytes32[](m.order.replicas);
        for (uint256 i; i < outputs.length; ++i) outputs[i] = m.by[i].root();
    }

    /// A contested job whose seats executed this; its engine knows of it, and no more.
    function _contestedBy(Execution[] memory seats) internal returns (Match memory m) {
        m = _drawnBy(seats);
        market.contest(m.order, _outputs(m), m.reveals);
    }

    function _drawnBy(Execution[] memory seats) internal returns (Match memory m) {
        m.order = _drawnToy(_inputOf(seats[0]), uint8(seats.length));
        m.job = _id(m.order);
        m.by = new Execution[](FIRST + 5);
        for (uint256 i; i < seats.length; ++i) m.by[i] = seats[i];
        m.brief = _briefOf(m.job, seats[0]);
        m.reveals = _reveals(m.order, _outputs(m));
    }

    /// A contested job that has been entered and described.
    function _matchOf(Execution[] memory seats) internal returns (Match memory m) {
        m = _contestedBy(seats);
        _enter(m);
        _describe(m);
    }

    /// A settled job whose seats all executed this.
    function _settledBy(Execution memory all, uint256 replicas) internal returns (Match memory m) {
        Execution[] memory seats = new Execution[](replicas);
        for (uint256 i; i < replicas; ++i) seats[i] = all;
        m = _drawnBy(seats);
        market.settle(IMarketTypes.Settlement(m.order, all.root(), m.reveals));
    }

    function _brief(JobId job, uint32[] memory lengths) internal view returns (Brief memory brief) {
        bytes memory input = Toy.input(lengths);
        (brief.job, brief.program) = (JobId.unwrap(job), registry.shardRoot(model, 0));
        (brief.operators, brief.salt) = (uint32(Toy.OPERATORS), Toy.SALT);
        (brief.inputBytes, brief.inputTop) = (uint64(input.length), Trees.top(Trees.leavesOf(input)));
        (brief.outputValue, brief.outputWidth, brief.outputPerPosition) = (uint32(Toy.OUTPUT), 1, true);
        brief.inputWidth = 1;
        (brief.strong, brief.outputBytes) = (_strong(), uint64(input.length + (_strong() ? 32 : 0)));
        for (uint256 s; s < lengths.length; ++s) {
            brief.lengths = bytes.concat(brief.lengths, bytes2(uint16(lengths[s])));
        }
    }

    function _briefing(bytes memory input) internal view returns (Briefing memory given) {
        (given.salt, given.inputBytes, given.operators) = (Toy.SALT, uint64(input.length), uint32(Toy.OPERATORS));
        given.records = _shapes().encode();
        Chunks memory opened;
        if (input.length != 0) opened = Trees.openRange(input, 0, 1);
        given.input = opened.encode();
    }

    /// The header's first words, and those of the output's record that hold its shape.
    function _shapes() internal view returns (Chunks memory) {
        uint256[] memory shown = new uint256[](2);
        shown[1] = 4 * Toy.OUTPUT + 1;
        return Trees.open(_records(), shown);
    }

    // --- joining ---------------------------------------------------------------------------------------------

    function _enter(Match memory m) internal {
        bytes32 draw = market.drawOf(m.job);
        engine.enter(m.order, draw, _seats(m), _outputs(m));
    }

    function _seats(Match memory m) internal pure returns (uint256[] memory seats) {
        seats = new uint256[](m.order.replicas);
        for (uint256 i; i < seats.length; ++i) seats[i] = i;
    }

    function _describe(Match memory m) internal {
        engine.describe(m.order, _briefing(_inputOf(m.by[0])));
    }

    /// Challenge a settled job, and say what it is about.
    function _challenge(Match memory m, address who, Execution memory e) internal returns (uint256 party) {
        bytes32 settled = m.by[0].root();
        bytes32 output = e.root();
        vm.prank(who);
        party = engine.challenge(m.order, settled, m.reveals, output);
        m.by[party] = e;
    }

    function _joinAs(Match memory m, address who, Execution memory e) internal returns (uint256 party) {
        bytes32 output = e.root();
        vm.prank(who);
        party = engine.join(m.job, output);
        m.by[party] = e;
    }

    // --- reading ---------------------------------------------------------------------------------------------

    function _resolver() internal view returns (IResolver) {
        return IResolver(address(engine));
    }

    function _verdict(Match memory m) internal view returns (bool ended, uint256 guilty, address[8] memory winners) {
        return _resolver().verdict(m.job);
    }

    /// Whoever finds all the seats of a contested job wrong has had its time to say so.
    function _hearOthers(Match memory m) internal {
        IDisputeTypes.Contest memory contest = engine.contestOf(m.job);
        uint256 heard = contest.endsAt - WINDOW + CLOCK;
        if (!contest.agreed && clock < heard) _pass(heard - clock);
    }

    /// The same winner for each of the guilty, and nobody for the others.
    function _assertVerdict(Match memory m, bool ended, uint256 guilty, address winner) internal {
        if (ended) _hearOthers(m);
        (bool ended_, uint256 guilty_,) = _verdict(m);
        assertEq(ended_, ended, "ended");
        assertEq(guilty_, guilty, "guilty");
        for (uint256 seat; seat < FIRST; ++seat) {
            _assertWinner(m, seat, (guilty >> seat) & 1 != 0 ? winner : address(0));
        }
    }

    /// Whose the bounty of this seat is.
    function _assertWinner(Match memory m, uint256 seat, address winner) internal view {
        (,, address[8] memory winners) = _verdict(m);
        assertEq(winners[seat], winner, "winner");
    }

    function _game(Match memory m, uint256 a, uint256 b) internal view returns (IDisputeTypes.Game memory) {
        return engine.gameOf(m.job, a, b);
    }

    function _assertStage(Match memory m, uint256 a, uint256 b, IDisputeTypes.Stage stage) internal view {
        assertEq(uint256(_game(m, a, b).stage), uint256(stage), "stage");
    }

    function _account(Match memory m, uint256 party) internal view returns (address) {
        return engine.partyOf(m.job, party).account;
    }

    function _lost(Match memory m, uint256 party) internal view returns (bool) {
        return engine.partyOf(m.job, party).lost;
    }

    // --- money -----------------------------------------------------------------------------------------------

    mapping(address => uint256) private _noted;

    /// All that an account owns anywhere.
    function _wealth(address account) internal view returns (uint256 total) {
        (uint256 ready, uint256 later) = market.balanceOf(account);
        total = token.balanceOf(account) + vault.freeStake(account) + engine.balanceOf(account) + ready + later;
        if (keyOf[account] == 0 || account == requester) return total;
        return total + vault.bondsOf(pool, vault.leafOf(pool, account)).slots * BOND;
    }

    /// Remember what everybody owns.
    function _note() internal {
        for (uint256 i; i < providers.length; ++i) _noted[providers[i]] = _wealth(providers[i]);
        _noted[requester] = _wealth(requester);
        _noted[finder] = _wealth(finder);
        _noted[thief] = _wealth(thief);
        _noted[BURNED] = token.balanceOf(BURNED);
    }

    /// What an account has gained since; bonds that the engine holds count as gone.
    function _gain(address account) internal view returns (int256) {
        uint256 now_ = account == BURNED ? token.balanceOf(BURNED) : _wealth(account);
        return int256(now_) - int256(_noted[account]);
    }

    function _assertGain(address account, int256 expected, string memory who) internal view {
        assertEq(_gain(account), expected, who);
    }
}
