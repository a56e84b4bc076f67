// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ModelId} from "../types/Ids.sol";

/// Maps a model name and version to the roots that identify a model. Versions never change once published; the first to
/// publish a name owns it.
interface IModelRegistry {
    struct Model {
        address publisher;
        /// Bit m is set where verification mode m is offered.
        uint8 modes;
        uint16 shards;
        /// Rows (tokens) of input that one unit of work covers.
        uint32 unitRows;
        /// Longest single input, in rows.
        uint32 maxRows;
        bytes32 programRoot;
        bytes32 weightRoot;
    }

    event Published(
        ModelId indexed model,
        address indexed publisher,
        string name,
        string version,
        bytes32 programRoot,
        bytes32 weightRoot,
        bytes32[] shardRoots,
        uint8 modes,
        uint32 unitRows,
        uint32 maxRows,
        string uri
    );

    error EmptyField(string field);
    error NameTaken(string name, address owner);
    error VersionExists(ModelId model);
    error UnknownModel(ModelId model);

    /// Publish a version. `uri` says where the model's files may be fetched; nodes trust the roots, not the place.
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
    ) external returns (ModelId);

    /// Reverts with UnknownModel where nothing was published.
    function get(ModelId model) external view returns (Model memory);

    function shardRoot(ModelId model, uint16 shard) external view returns (bytes32);

    /// The address that may publish further versions of `name`; zero where the name is free.
    function ownerOf(string calldata name) external view returns (address);
}
