// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Signature} from "../../../contracts/types/Claim.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {Demand, DemandState} from "../../../contracts/types/Demand.sol";
import {JobId, PoolId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Checks} from "./Checks.sol";

/// What providers do: speak on chain, stay silent, change their mind, and move their stake.
abstract contract ProviderMoves is Checks {
    /// What a seat has committed to in a round.
    mapping(JobId => mapping(uint256 round => mapping(uint256 seat => bytes32 output))) internal results;

    // --- jobs ------------------------------------------------------------------------------------------------

    function provider_commits(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        uint256 silent = _active(it) & ~committed[it.id][it.round];
        if (silent != 0) _commitOne(index, _pickSeat(seed, silent), seed);
    }

    /// All providers of a job commit, or all but one.
    function providers_commit(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        uint256[] memory seats = _seatsOf(_active(it) & ~committed[it.id][it.round]);
        for (uint256 i = _pick(seed, 3) == 0 ? 1 : 0; i < seats.length; ++i) _commitOne(index, seats[i], seed);
    }

    /// Some providers of a job commit; if all have, some reveal; and then its time is over, or just about.
    function providers_speak_until_the_deadline(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        uint256 mute = _pick(seed, 2) == 0 ? 0 : _pick(seed, 32);
        uint256[] memory seats = _seatsOf(_active(it) & ~committed[it.id][it.round] & ~mute);
        for (uint256 i; i < seats.length; ++i) _commitOne(index, seats[i], seed);
        uint256 deadline = it.roundAt + COMMIT;
        if (it.completeAt != 0) {
            seats = _seatsOf(_active(it) & ~revealed[it.id][it.round] & ~_pick(seed, 32));
            for (uint256 i; i < seats.length; ++i) _revealOne(index, seats[i], false);
            deadline = it.completeAt + REVEAL;
        }
        if (deadline > clock) _goTo(deadline + _pick(seed, 3));
    }

    function _commitOne(uint256 index, uint256 seat, uint256 seed) private {
        Notes storage it = notes[index];
        Order memory order = orders[index];
        address provider = _ownerOf(it, seat);
        bytes32 output = _pick(uint256(keccak256(abi.encode(seed, seat))), 6) == 0 ? OTHER : _result();
        IMarketTypes.SignedCommit memory signed = _signCommit(order, provider, output);
        bool relayed = _pick(seed, 2) == 0;
        if (!relayed) signed.signature = Signature(0, 0);
        bool done =
            _do(relayed ? watcher : provider, abi.encodeCall(market.commit, (order, seat, signed)));
        assertEq(done, clock <= it.lockedUntil - CHALLENGE - REVEAL, "a commitment counts until it cannot be paid");
        if (done) results[it.id][it.round][seat] = output;
    }

    function provider_reveals(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        _revealOne(index, _pickSeat(seed, _active(notes[index])), _pick(seed, 6) == 0);
    }

    /// All providers of a job reveal, or all but one.
    function providers_reveal(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        uint256[] memory seats = _seatsOf(_active(notes[index]));
        for (uint256 i = _pick(seed, 3) == 0 ? 1 : 0; i < seats.length; ++i) _revealOne(index, seats[i], false);
    }

    function _revealOne(uint256 index, uint256 seat, bool wrong) private {
        Notes storage it = notes[index];
        bytes32 output = results[it.id][it.round][seat];
        if (wrong) output = output == _result() ? OTHER : _result();
        bool allowed = !wrong && it.completeAt != 0 && clock <= it.completeAt + REVEAL
            && revealed[it.id][it.round] >> seat & 1 == 0;
        bytes memory data = abi.encodeCall(market.reveal, (orders[index], seat, output, _salt(output)));
        assertEq(_do(_ownerOf(it, seat), data), allowed, "a reveal counts within its window");
    }

    /// Two signatures that contradict each other are shown. They count while the bond is locked or held.
    function provider_signs_twice(uint256 seed) external {
        uint256 index = notes.length - 1 - _pick(seed, notes.length < 8 ? notes.length : 8);
        Notes storage it = notes[index];
        if (it.took == 0 || _pick(seed, 2) == 0) return;
        uint256 seat = _pickSeat(seed, it.took);
        Order memory order = orders[index];
        // What is signed before the input is fixed names no draw.
        bool punishable = it.phase != Phase.Waiting && (_exposed(it) & ~it.twoFaced) >> seat & 1 != 0;
        uint256 before = it.twoFaced;
        it.twoFaced |= 1 << seat;
        assertEq(_do(watcher, _evidence(order, seat, it.round, _ownerOf(it, seat), seed)), punishable, "evidence counts");
        if (!punishable) it.twoFaced = before;
    }

    function _evidence(Order memory order, uint256 seat, uint8 round, address provider, uint256 seed)
        private
        view
        returns (bytes memory)
    {
        if (_pick(seed, 2) == 0) {
            return abi.encodeCall(
                market.punishTwoCommits,
                (order, seat, round, _signCommit(order, provider, _result()), _signCommit(order, provider, OTHER))
            );
        }
        return abi.encodeCall(
            market.punishTwoClaims,
            (order, seat, round, _signClaim(order, provider, _result(), "set"), _signClaim(order, provider, OTHER, "set"))
        );
    }

    /// A seat that has not committed demands the input, or joins another's demand.
    function provider_demands(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        uint256 silent = _active(it) & ~committed[it.id][it.round];
        if (silent == 0) return;
        uint256 seat = _pickSeat(seed, silent);
        address provider = _ownerOf(it, seat);
        _prepay(provider);
        Demand memory pending = market.demandOf(it.id, false);
        bool allowed = pending.state == DemandState.None && clock <= it.roundAt + COMMIT
            || pending.state == DemandState.Pending && pending.seats >> seat & 1 == 0 && clock <= pending.deadline;
        bytes memory data = abi.encodeCall(market.demandInput, (orders[index], seat));
        assertEq(_do(provider, data), allowed, "demanded in its time");
    }

    // --- stake -----------------------------------------------------------------------------------------------

    function provider_pledges(uint256 seed) external {
        address provider = providers[_pick(seed, PROVIDERS)];
        uint256 p = _pick(seed, 3) / 2;
        uint16 slots = uint16(1 + _pick(seed, 3));
        uint256 free = vault.freeStake(provider);
        if (_pick(seed, 2) == 0) {
            token.mint(provider, slots * bondOf[pools[p]]);
            assertTrue(
                _do(provider, address(vault), abi.encodeCall(vault.deposit, (slots * bondOf[pools[p]]))), "deposit"
            );
            free += slots * bondOf[pools[p]];
        }
        bytes memory data =
            abi.encodeCall(vault.pledge, (model, p == 0 ? 0 : SMALL_SHARD, p == 0 ? TIER : SMALL_TIER, slots));
        assertEq(_do(provider, address(vault), data), free >= slots * bondOf[pools[p]], "pledged what was free");
    }

    function provider_unpledges(uint256 seed) external {
        address provider = providers[_pick(seed, PROVIDERS)];
        bytes memory data = abi.encodeCall(vault.unpledge, (pools[_pick(seed, 3) / 2], uint16(1 + _pick(seed, 3))));
        _do(provider, address(vault), data);
    }

    /// Stake leaves when its time has come, which outlasts every game in which it could have been slashed.
    function provider_leaves(uint256 seed) external {
        if (unbondings.length == 0) return;
        uint256 id = unbondings[_pick(seed, unbondings.length)];
        IStakeVault.Unbonding memory leaving = vault.unbondingOf(id);
        // Often a provider waits until then, or almost.
        if (leaving.readyAt > clock && _pick(seed, 3) != 0) _goTo(leaving.readyAt - _pick(seed, 2));
        bool done = _do(watcher, address(vault), abi.encodeCall(vault.finishUnbonding, (id)));
        if (!done) return assertTrue(clock < leaving.readyAt || leaving.provider == address(0) || _overdue(), "left");
        assertTrue(clock >= unpledgedAt[id] + UNBONDING, "stake left before its time");
        for (uint256 i; i < notes.length; ++i) {
            Notes storage it = notes[i];
            if (it.drawnAt == 0 || it.drawnAt > unpledgedAt[id]) continue;
            assertTrue(_exposed(it) == 0 || it.held != 0, "stake left that a job could still take");
        }
    }

    /// Whether a contest or a challenge could have been concluded long ago, but nobody has.
    function _overdue() private view returns (bool) {
        for (uint256 i; i < notes.length; ++i) if (notes[i].held != 0) return true;
        return false;
    }

    function provider_withdraws_stake(uint256 seed) external {
        address provider = providers[_pick(seed, PROVIDERS)];
        uint256 free = vault.freeStake(provider);
        uint256 amount = free == 0 ? 1 : 1 + _pick(seed, free + 1);
        assertEq(
            _do(provider, address(vault), abi.encodeCall(vault.withdraw, (amount))), amount <= free, "free stake is free"
        );
    }
}
