// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {HistoryBeacon} from "../../../contracts/beacon/HistoryBeacon.sol";
import {IBeacon} from "../../../contracts/beacon/IBeacon.sol";
import {Test} from "../lib/Test.sol";

/// Answers as the contract of EIP-2935 does: 32 bytes for a known block, a failure for another.
contract History {
    fallback(bytes calldata question) external returns (bytes memory) {
        uint256 number = abi.decode(question, (uint256));
        require(number < block.number && number + 8_191 >= block.number, "unknown");
        return abi.encode(keccak256(abi.encode("history", number)));
    }
}

/// Answers at another length.
contract Babbler {
    fallback(bytes calldata) external returns (bytes memory) {
        return abi.encode(keccak256("seed"), keccak256("more"));
    }
}

/// Seeds for as long as the chain remembers its blocks.
contract HistoryBeaconTest is Test {
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    IBeacon private _beacon;

    function setUp() external {
        vm.roll(100_000);
        vm.etch(HISTORY, address(new History()).code);
        _beacon = new HistoryBeacon();
    }

    function test_recent_blocks_come_from_the_opcode() external {
        vm.setBlockhash(99_999, "recent");
        assertEq(_beacon.seedOf(99_999), bytes32("recent"), "newest");
    }

    function test_older_blocks_come_from_the_history() external view {
        uint256 oldest = 100_000 - _beacon.horizon();
        assertEq(_beacon.seedOf(oldest), keccak256(abi.encode("history", oldest)), "oldest");
    }

    function test_unknown_blocks_have_no_seed() external {
        uint256[3] memory numbers = [uint256(100_000), 100_001, 100_000 - 8_192];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBeacon.SeedUnavailable.selector, numbers[i], 100_000));
            _beacon.seedOf(numbers[i]);
        }
    }

    function test_an_answer_of_another_length_is_no_seed() external {
        vm.etch(HISTORY, address(new Babbler()).code);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.SeedUnavailable.selector, 99_000, 100_000));
        _beacon.seedOf(99_000);
    }

    function test_a_chain_without_history_is_refused() external {
        vm.etch(HISTORY, "");
        vm.expectRevert(HistoryBeacon.NoHistory.selector);
        new HistoryBeacon();
    }
}
