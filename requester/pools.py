"""The pools of the market and who has joined them, remembered between two submissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from touchstone.chain.logs import read_events
from touchstone.chain.trail import hash_of
from touchstone.errors import ChainError
from touchstone.private_database import PrivateDatabase
from touchstone.protocol.ids import ModelId, PoolId

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from touchstone.chain.stake import Vault

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vaults (vault TEXT PRIMARY KEY, read_to INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pools (
    vault TEXT NOT NULL, pool BLOB NOT NULL, model BLOB NOT NULL, shard INTEGER NOT NULL,
    tier INTEGER NOT NULL, PRIMARY KEY (vault, pool)
);
CREATE TABLE IF NOT EXISTS members (
    vault TEXT NOT NULL, pool BLOB NOT NULL, leaf INTEGER NOT NULL,
    PRIMARY KEY (vault, pool, leaf)
);
"""
_REREAD_BLOCKS = 64
"""A reorganisation may have changed what was read. What it undid may stay in here: whoever asks the
vault about it is told that nothing is pledged."""


class Pools:
    """One SQLite file. Safe to use from threads and processes."""

    def __init__(self, vault: Vault, path: Path) -> None:
        """Opens or creates the file."""
        self._vault = vault
        self._connected = PrivateDatabase(path, _SCHEMA).transaction
        first = hash_of(vault.w3, vault.first_block)
        if first is None:
            raise ChainError(f"the chain has no block {vault.first_block}: wrong deployment?")
        # Development chains that are started anew have the same addresses.
        self._name = f"{vault.address} 0x{first.hex()}"

    def catch_up(self) -> None:
        """Reads the blocks that are new."""
        vault, last = self._vault, int(self._vault.w3.eth.block_number)
        with self._connected() as db:
            row = db.execute("SELECT read_to FROM vaults WHERE vault = ?", (self._name,)).fetchone()
        known = vault.first_block if row is None else int(row[0])
        first = max(vault.first_block, min(known, last) - _REREAD_BLOCKS)
        events = list(read_events(vault.contract, ["PoolCreated", "Joined"], first, last))
        with self._connected() as db:
            for event in events:
                args = event["args"]
                if event["event"] == "PoolCreated":
                    self._add_pool(db, args)
                else:
                    db.execute(
                        "INSERT OR IGNORE INTO members VALUES (?, ?, ?)",
                        (self._name, bytes(args["pool"]), args["leaf"]),
                    )
            db.execute(
                "INSERT INTO vaults VALUES (?, ?) "
                "ON CONFLICT (vault) DO UPDATE SET read_to = excluded.read_to",
                (self._name, last),
            )

    def of(self, model: ModelId, shard: int) -> list[tuple[PoolId, int]]:
        """The pools for one shard of a model, each with its rung of the price ladder."""
        query = "SELECT pool, tier FROM pools WHERE vault = ? AND model = ? AND shard = ?"
        with self._connected() as db:
            rows = db.execute(query + " ORDER BY rowid", (self._name, model, shard)).fetchall()
        return [(PoolId(bytes(pool)), tier) for pool, tier in rows]

    def leaves(self, pool: PoolId) -> list[int]:
        """The leaves of everyone who ever joined a pool, the first first."""
        query = "SELECT leaf FROM members WHERE vault = ? AND pool = ? ORDER BY leaf"
        with self._connected() as db:
            return [leaf for (leaf,) in db.execute(query, (self._name, pool))]

    def _add_pool(self, db: sqlite3.Connection, args: dict[str, object]) -> None:
        pool, model = (bytes(args[name]) for name in ("pool", "model"))  # type: ignore[call-overload]
        db.execute(
            "INSERT OR IGNORE INTO pools VALUES (?, ?, ?, ?, ?)",
            (self._name, pool, model, args["shard"], args["tier"]),
        )
