// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Auditors} from "../lib/Auditors.sol";
import {Judge} from "../lib/Doubles.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {AuditState} from "../../../contracts/types/Audit.sol";
import {Order} from "../../../contracts/types/Order.sol";

/// Jobs of one provider that are audited, and a judge who says what the test tells it.
abstract contract AuditWorld is Auditors {
    /// What the answer with PAYLOAD earns.
    uint256 internal constant FEE = (24 + 2048) * uint256(ANSWER_PRICE);

    Judge internal judge;
    address internal passerBy = address(0xBEEF);
    IMarketTypes.Reveal[] internal none;

    function setUp() public virtual override {
        super.setUp();
        _join(12, 4);
    }

    function _createResolver() internal virtual override returns (address) {
        judge = new Judge();
        return address(judge);
    }

    // --- jobs ------------------------------------------------------------------------------------------------

    function _drawnAudited(uint8 bits) internal returns (Order memory order) {
        order = _audited(bits);
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
    }

    /// Settled on the payload; its audit is due.
    function _due(uint8 bits) internal returns (Order memory order, IMarketTypes.Reveal[] memory reveals) {
        order = _drawnAudited(bits);
        IMarketTypes.Settlement memory settlement = _settlement(order, _result());
        market.settle(settlement);
        reveals = settlement.reveals;
    }

    /// An auditor is seated.
    function _seated() internal returns (Order memory order, IMarketTypes.Reveal[] memory reveals) {
        (order, reveals) = _due(ALWAYS);
        _toSeed(order);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Drawn);
    }

    function _vouched() internal returns (Order memory order, IMarketTypes.Reveal[] memory reveals) {
        (order, reveals) = _seated();
        _vouch(order);
    }

    /// The block after the seed's, which has this hash; zero is no hash.
    function _toSeedOf(Order memory order, bytes32 hash) internal {
        uint256 seedBlock = _audit(order).since;
        _roll(seedBlock + 1);
        vm.setBlockhash(seedBlock, hash == 0 ? bytes32("hash") : hash);
    }

    // --- steps -----------------------------------------------------------------------------------------------

    /// Vouch for what it never computed.
    function _vouchBlindly(Order memory order) internal {
        _vouchWith(order, "made up");
    }

    function _request(Order memory order) internal {
        vm.prank(order.requester);
        market.requestAudit(order);
    }

    function _refute(Order memory order, IMarketTypes.Reveal[] memory reveals, address by) internal {
        bytes32 result = _result();
        vm.prank(by);
        market.refuteVouch(order, result, reveals, _sealed(), SALT);
    }

    /// With the purse for it.
    function _demandAudit(Order memory order) internal {
        address auditor = _auditor(order);
        _prepay(auditor);
        vm.prank(auditor);
        market.demandAuditInput(order);
    }

    function _challenge(Order memory order, IMarketTypes.Reveal[] memory reveals)
        internal
        returns (uint256[] memory seats, address[] memory accounts)
    {
        bytes32 result = _result();
        vm.prank(address(judge));
        return market.challenge(order, result, reveals);
    }

    function _conclude(Order memory order, uint256 guilty, address winner) internal {
        judge.speak(guilty, winner);
        market.conclude(order);
    }

    // --- what is seen ----------------------------------------------------------------------------------------

    function _ready(address account) internal view returns (uint256 ready) {
        (ready,) = market.balanceOf(account);
    }

    function _pendingOf(address account) internal view returns (uint256 pending) {
        (, pending) = market.balanceOf(account);
    }

    // --- what must be refused --------------------------------------------------------------------------------

    function _refuses(address by, bytes memory data, bytes memory reason) internal {
        vm.prank(by);
        (bool done, bytes memory answer) = address(market).call(data);
        assertFalse(done, "not refused");
        assertEq(answer, reason);
    }

    function _noAudit(Order memory order, AuditState state) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketTypes.NoAudit.selector, _id(order), state);
    }

    function _tooEarly(Order memory order, uint256 from) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketTypes.TooEarly.selector, _id(order), from);
    }

    function _tooLate(Order memory order, uint256 until) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(order), until);
    }
}
