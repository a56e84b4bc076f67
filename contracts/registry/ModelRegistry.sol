// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ModelId, modelIdOf} from "../types/Ids.sol";
import {IModelRegistry} from "./IModelRegistry.sol";

/// The registry of models; see IModelRegistry.
contract ModelRegistry is IModelRegistry {
    mapping(ModelId => Model) private _models;
    mapping(ModelId => bytes32[]) private _shardRoots;
    mapping(bytes32 nameHash => address) private _owners;

    /// @inheritdoc IModelRegistry
    function publish(
        string calldata name,
        string calldata version,
        bytes32 programRoot,
        bytes32 weightRoot,
        bytes32[] calldata shardRoots,
        uint8 modes,
        uint32 unitRows,
        uint32 maxRows,
        string calldata uri
    ) external returns (ModelId id) {
        if (bytes(name).length == 0) revert EmptyField("name");
        if (bytes(version).length == 0) revert EmptyField("version");
        if (programRoot == 0) revert EmptyField("programRoot");
        if (shardRoots.length == 0 || shardRoots.length > type(uint16).max) revert EmptyField("shardRoots");
        if (modes == 0) revert EmptyField("modes");
        if (unitRows == 0) revert EmptyField("unitRows");
        if (maxRows == 0) revert EmptyField("maxRows");

        bytes32 nameHash = keccak256(bytes(name));
        address owner = _owners[nameHash];
        if (owner == address(0)) _owners[nameHash] = msg.sender;
        else if (owner != msg.sender) revert NameTaken(name, owner);
        id = modelIdOf(name, version);
        if (_models[id].publisher != address(0)) revert VersionExists(id);

        // SAFETY: the length was checked against uint16 above.
        _models[id] =
            Model(msg.sender, modes, uint16(shardRoots.length), unitRows, maxRows, programRoot, weightRoot);
        _shardRoots[id] = shardRoots;
        emit Published(
            id, msg.sender, name, version, programRoot, weightRoot, shardRoots, modes, unitRows, maxRows, uri
        );
    }

    /// @inheritdoc IModelRegistry
    function get(ModelId model) external view returns (Model memory found) {
        found = _models[model];
        if (found.publisher == address(0)) revert UnknownModel(model);
    }

    /// @inheritdoc IModelRegistry
    function shardRoot(ModelId model, uint16 shard) external view returns (bytes32) {
        return _shardRoots[model][shard];
    }

    /// @inheritdoc IModelRegistry
    function ownerOf(string calldata name) external view returns (address) {
        return _owners[keccak256(bytes(name))];
    }
}
