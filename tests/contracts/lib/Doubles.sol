// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IResolver} from "../../../contracts/resolve/IResolver.sol";
import {JobId} from "../../../contracts/types/Ids.sol";

/// A smart-contract wallet with one key.
contract Wallet {
    address private immutable _owner;

    constructor(address owner) {
        _owner = owner;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(digest, signature) == _owner ? this.isValidSignature.selector : bytes4(0);
    }

    function run(address target, bytes calldata data) external returns (bytes memory) {
        (bool done, bytes memory answer) = target.call(data);
        require(done, "run");
        return answer;
    }
}

/// A resolver that says what the test tells it.
contract Judge is IResolver {
    enum Mood {
        Silent,
        Spoken,
        Reverting
    }

    Mood private _mood;
    uint256 private _guilty;
    address[8] private _winners;
    bytes32 public contest;
    bool public refuses;

    /// The same winner for each seat.
    function speak(uint256 guilty, address winner) external {
        (_mood, _guilty) = (Mood.Spoken, guilty);
        for (uint256 i; i < 8; ++i) _winners[i] = winner;
    }

    /// A winner for each seat.
    function speakFor(uint256 guilty, address[8] calldata winners) external {
        (_mood, _guilty, _winners) = (Mood.Spoken, guilty, winners);
    }

    function failFromNowOn() external {
        _mood = Mood.Reverting;
    }

    function refuse() external {
        refuses = true;
    }

    function opened(JobId, bytes32 contest_) external {
        require(!refuses, "refused");
        contest = contest_;
    }

    function verdict(JobId) external view returns (bool, uint256, address[8] memory) {
        require(_mood != Mood.Reverting, "broken");
        return (_mood == Mood.Spoken, _guilty, _winners);
    }
}

/// A token that keeps one part in ten of what is transferred.
contract FeeToken is ERC20("Fee", "FEE") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0)) return super._update(from, to, amount);
        super._update(from, to, amount - amount / 10);
        super._update(from, address(this), amount / 10);
    }
}

/// A token that calls back whoever is told to listen, before and after each transfer.
contract HookToken is ERC20("Hook", "HOOK") {
    address private _listener;
    bytes private _call;
    bool public called;
    bool public succeeded;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function listen(address listener, bytes calldata call_) external {
        (_listener, _call, called, succeeded) = (listener, call_, false, false);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (_listener != address(0) && !called && from != address(0)) {
            called = true;
            (succeeded,) = _listener.call(_call);
        }
        super._update(from, to, amount);
    }
}
