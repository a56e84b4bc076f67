// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {World} from "../lib/World.sol";
import {IModelRegistry} from "../../../contracts/registry/IModelRegistry.sol";
import {ModelId, modelIdOf} from "../../../contracts/types/Ids.sol";

/// Names, versions and what they stand for.
contract ModelRegistryTest is World {
    function _publishAs(address publisher, string memory name, string memory version) private returns (ModelId) {
        bytes32[] memory shards = new bytes32[](1);
        vm.prank(publisher);
        return registry.publish(name, version, "program", "weights", shards, 1, 256, 512, "uri");
    }

    function test_a_version_is_found_by_the_hash_of_its_name() external view {
        IModelRegistry.Model memory found = registry.get(modelIdOf("minilm", "1"));
        assertEq(found.publisher, address(this), "publisher");
        assertEq(found.shards, 2, "shards");
        assertEq(found.unitRows, 256, "unitRows");
        assertEq(found.maxRows, 512, "maxRows");
        assertEq(found.programRoot, bytes32("program"), "program");
        assertEq(found.weightRoot, bytes32("weights"), "weights");
        assertEq(registry.shardRoot(model, 1), bytes32("shard 1"), "shard");
        assertEq(registry.ownerOf("minilm"), address(this), "owner");
        assertEq(registry.ownerOf("free"), address(0), "free");
    }

    function test_a_name_belongs_to_whoever_published_it_first() external {
        _publishAs(address(this), "minilm", "2");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NameTaken.selector, "minilm", address(this)));
        this.publishAs(address(0xB), "minilm", "3");
    }

    function test_a_version_never_changes() external {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionExists.selector, model));
        this.publishAs(address(this), "minilm", "1");
    }

    function test_name_and_version_do_not_run_together() external pure {
        assertTrue(
            ModelId.unwrap(modelIdOf("ab", "c")) != ModelId.unwrap(modelIdOf("a", "bc")), "different models"
        );
    }

    function test_what_nobody_published_is_unknown() external {
        ModelId unknown = modelIdOf("minilm", "9");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, unknown));
        registry.get(unknown);
    }

    function test_every_field_is_needed() external {
        bytes32[] memory shards = new bytes32[](1);
        _expect("name");
        registry.publish("", "1", "p", "w", shards, 1, 1, 1, "");
        _expect("version");
        registry.publish("n", "", "p", "w", shards, 1, 1, 1, "");
        _expect("programRoot");
        registry.publish("n", "1", 0, "w", shards, 1, 1, 1, "");
        _expect("shardRoots");
        registry.publish("n", "1", "p", "w", new bytes32[](0), 1, 1, 1, "");
        _expect("modes");
        registry.publish("n", "1", "p", "w", shards, 0, 1, 1, "");
        _expect("unitRows");
        registry.publish("n", "1", "p", "w", shards, 1, 0, 1, "");
        _expect("maxRows");
        registry.publish("n", "1", "p", "w", shards, 1, 1, 0, "");
    }

    function _expect(string memory field) private {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.EmptyField.selector, field));
    }

    function publishAs(address publisher, string calldata name, string calldata version) external {
        _publishAs(publisher, name, version);
    }

    function test_a_model_has_at_most_65535_shards() external {
        bytes32[] memory shards = new bytes32[](65_536);
        _expect("shardRoots");
        registry.publish("n", "1", "p", "w", shards, 1, 1, 1, "");
    }
}
