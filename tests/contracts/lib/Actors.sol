// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Claim, ClaimLib, Signature} from "../../../contracts/types/Claim.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Job, Phase, SeatsLib} from "../../../contracts/types/Job.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Payload} from "../../../contracts/types/Payload.sol";
import {World} from "./World.sol";

/// The library takes calldata.
contract Payloads {
    function root(bytes calldata data, bytes32 salt) external view returns (bytes32) {
        return Payload.root(data, salt);
    }
}

/// What requesters and providers do: sign orders, commitments and claims, and lead a job from phase to phase.
abstract contract Actors is World {
    bytes32 internal constant RESULT = "result";
    bytes32 internal constant OTHER = "other result";
    uint16 internal constant UNITS = 4;
    uint256 internal constant SHARE = 10 * UNITS;

    /// A result whose bytes can be shown: the payload below under its salt.
    bytes internal constant PAYLOAD = "what both sides agree on";
    bytes32 internal constant SALT = "salt of the job";

    uint64 private _nonce;
    Payloads internal payloads = new Payloads();
    bytes32 private _known = payloads.root(PAYLOAD, SALT);

    // --- orders ----------------------------------------------------------------------------------------------

    function _order(uint8 replicas) internal returns (Order memory) {
        return Order(
            requester, model, 0, TIER, 0, replicas, UNITS, "input root", 0, ++_nonce, uint40(clock + 1 days)
        );
    }

    function _open(uint8 replicas) internal returns (Order memory order) {
        order = _order(replicas);
        vm.prank(requester);
        market.open(order, "");
    }

    function _drawn(uint8 replicas) internal returns (Order memory order) {
        order = _open(replicas);
        _draw(order);
    }

    function _draw(Order memory order) internal {
        uint256 seedBlock = _job(order).since;
        if (height <= seedBlock) _roll(seedBlock + 1);
        market.draw(order);
    }

    /// A drawn job that waits for its input.
    function _waiting(uint8 replicas) internal returns (Order memory order) {
        order = _order(replicas);
        order.inputRoot = 0;
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
    }

    function _fix(Order memory order, bytes32 inputRoot) internal {
        vm.prank(requester);
        market.fixInput(order, inputRoot, "");
    }

    function _settled(uint8 replicas) internal returns (Order memory order) {
        order = _drawn(replicas);
        market.settle(_settlement(order, RESULT));
    }

    /// A drawn job whose seat 0 claims another result than all others, contested.
    function _contested(uint8 replicas) internal returns (Order memory order) {
        order = _drawn(replicas);
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        market.contest(order, outputs, reveals);
    }

    function _split(Order memory order)
        internal
        view
        returns (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals)
    {
        outputs = new bytes32[](order.replicas);
        for (uint256 i; i < outputs.length; ++i) outputs[i] = i == 0 ? OTHER : RESULT;
        reveals = _reveals(order, outputs);
    }

    // --- what is known of a job ------------------------------------------------------------------------------

    function _id(Order memory order) internal view returns (JobId) {
        return market.jobIdOf(order);
    }

    function _job(Order memory order) internal view returns (Job memory) {
        return market.jobOf(_id(order));
    }

    function _lockedUntil(Order memory order) internal view returns (uint256) {
        return (uint256(_job(order).lockBucket) + 1) * BUCKET;
    }

    function _leaf(Order memory order, uint256 seat) internal view returns (uint256) {
        return SeatsLib.leaf(_job(order).seats, seat);
    }

    function _provider(Order memory order, uint256 seat) internal view returns (address) {
        return vault.ownerOf(pool, _leaf(order, seat));
    }

    function _inUse(address provider) internal view returns (uint256) {
        return vault.inUse(pool, vault.leafOf(pool, provider));
    }

    function _assertPhase(Order memory order, Phase phase) internal view {
        assertEq(uint256(_job(order).phase), uint256(phase), "phase");
    }

    // --- signatures ------------------------------------------------------------------------------------------

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", market.domainSeparator(), structHash));
    }

    function _sign(address signer, bytes32 structHash) internal view returns (Signature memory signature) {
        (signature.r, signature.vs) = vm.signCompact(keyOf[signer], _digest(structHash));
    }

    function _signOrder(Order memory order) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[order.requester], JobId.unwrap(_id(order)));
        return abi.encodePacked(r, s, v);
    }

    function _signInput(address signer, Order memory order, bytes32 inputRoot) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(keyOf[signer], _digest(ClaimLib.inputStructHash(_id(order), inputRoot)));
        return abi.encodePacked(r, s, v);
    }

    /// The salt that our providers use: one for each output, so that tests can tell commitments apart.
    function _salt(bytes32 output) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", output));
    }

    function _commitment(Order memory order, address provider, bytes32 output) internal view returns (bytes32) {
        JobId id = _id(order);
        return ClaimLib.commitment(id, market.drawOf(id), provider, output, _salt(output));
    }

    function _signCommit(Order memory order, address provider, bytes32 output)
        internal
        view
        returns (IMarketTypes.SignedCommit memory signed)
    {
        JobId id = _id(order);
        signed.commitment = _commitment(order, provider, output);
        signed.signature = _sign(provider, ClaimLib.commitStructHash(id, market.drawOf(id), signed.commitment));
    }

    function _signClaim(Order memory order, address provider, bytes32 output, bytes32 set)
        internal
        view
        returns (IMarketTypes.SignedClaim memory signed)
    {
        JobId id = _id(order);
        Claim memory claim =
            Claim(id, market.drawOf(id), order.shard, market.inputOf(order), output, set, _salt(output));
        return IMarketTypes.SignedClaim(output, set, claim.salt, _sign(provider, ClaimLib.structHash(claim)));
    }

    /// Claims of all active seats, one for each output, in seat order.
    function _reveals(Order memory order, bytes32[] memory outputs)
        internal
        view
        returns (IMarketTypes.Reveal[] memory reveals)
    {
        (, address[] memory seated) = market.activeSeats(order);
        bytes32[] memory commitments = new bytes32[](outputs.length);
        for (uint256 i; i < outputs.length; ++i) commitments[i] = _commitment(order, seated[i], outputs[i]);
        bytes32 set = ClaimLib.setOf(commitments);
        reveals = new IMarketTypes.Reveal[](outputs.length);
        for (uint256 i; i < outputs.length; ++i) {
            reveals[i] = IMarketTypes.Reveal(
                _salt(outputs[i]), _signClaim(order, seated[i], outputs[i], set).signature
            );
        }
    }

    function _settlement(Order memory order, bytes32 output)
        internal
        view
        returns (IMarketTypes.Settlement memory)
    {
        bytes32[] memory outputs = new bytes32[](order.replicas);
        for (uint256 i; i < outputs.length; ++i) outputs[i] = output;
        return IMarketTypes.Settlement(order, output, _reveals(order, outputs));
    }

    // --- bytes on chain --------------------------------------------------------------------------------------

    /// The root of PAYLOAD under SALT.
    function _result() internal view returns (bytes32) {
        return _known;
    }

    function _demandInput(Order memory order, uint256 seat) internal {
        address provider = _provider(order, seat);
        _prepay(provider);
        vm.prank(provider);
        market.demandInput(order, seat);
    }

    /// What a demand costs at most, ready to be taken.
    function _prepay(address demander) internal {
        token.mint(demander, DEPOSIT);
        vm.prank(demander);
        token.approve(address(market), type(uint256).max);
    }

    // --- on chain --------------------------------------------------------------------------------------------

    function _commit(Order memory order, uint256 seat, bytes32 output) internal {
        market.commit(order, seat, _signCommit(order, _provider(order, seat), output));
    }

    function _commitAll(Order memory order, bytes32 output) internal {
        (uint256[] memory seats,) = market.activeSeats(order);
        for (uint256 i; i < seats.length; ++i) _commit(order, seats[i], output);
    }

    function _reveal(Order memory order, uint256 seat, bytes32 output) internal {
        market.reveal(order, seat, output, _salt(output));
    }

    function _punishCommits(Order memory order, uint256 seat) internal {
        address provider = _provider(order, seat);
        market.punishTwoCommits(
            order,
            seat,
            _job(order).round,
            _signCommit(order, provider, RESULT),
            _signCommit(order, provider, OTHER)
        );
    }

    function _punishClaims(Order memory order, uint256 seat) internal {
        address provider = _provider(order, seat);
        market.punishTwoClaims(
            order,
            seat,
            _job(order).round,
            _signClaim(order, provider, RESULT, "set"),
            _signClaim(order, provider, OTHER, "set")
        );
    }

    // --- as one call, for what must revert -------------------------------------------------------------------

    function commitNow(Order memory order, uint256 seat, bytes32 output) external {
        _commit(order, seat, output);
    }

    function punishCommitsNow(Order memory order, uint256 seat) external {
        _punishCommits(order, seat);
    }

    function punishClaimsNow(Order memory order, uint256 seat) external {
        _punishClaims(order, seat);
    }
}
