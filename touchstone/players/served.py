"""Convictions from what the accused serves itself: the openings of a strong claim, off chain.

Nothing that is served is believed: each opening must fold to the node above it, up to the root that
the accused has signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from eth_utils.address import to_checksum_address

from touchstone.coordination.peers import peer_of
from touchstone.disputes import board
from touchstone.disputes.game import TREES, Game, Stage, Statement, TreeNode, levels_of
from touchstone.disputes.moves import ConvictCopy, ConvictStrong
from touchstone.disputes.theirs import Theirs
from touchstone.errors import DisputeError
from touchstone.protocol.inputs import BODY_BYTES
from touchstone.protocol.merkle import fold, leaf
from touchstone.protocol.payload import payload_root
from touchstone.transcripts.proofs import open_chunks
from touchstone.transcripts.trees import ChunkTree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from touchstone.chain.stake import Vault
    from touchstone.disputes.case import Case
    from touchstone.disputes.game import Brief, Party
    from touchstone.disputes.moves import Conviction
    from touchstone.protocol.ids import JobId

_TREES: Mapping[Stage, str] = {
    Stage.SEQUENCES: "sequences",
    Stage.POSITIONS: "positions",
    Stage.VALUES: "values",
    Stage.CHUNKS: "chunks",
    Stage.LEAF: "chunks",
}


class Server(Protocol):
    """Whoever serves a job's output and the openings of its transcript; see `Peer`."""

    def output(self, job: JobId, salt: bytes) -> bytes:
        """The output, unchecked."""

    def children(self, job: JobId, salt: bytes, node: TreeNode) -> Sequence[bytes]:
        """The children of a node, unchecked."""

    def chunk(self, job: JobId, salt: bytes, node: TreeNode) -> bytes:
        """A chunk of a value, unchecked."""


class Served:
    """Looks for convictions in what accused providers serve."""

    def __init__(self, vault: Vault) -> None:
        """Finds providers by the endpoints that they have announced."""
        self._vault = vault

    def conviction(
        self, job: JobId, salt: bytes, brief: Brief, accused: tuple[int, Party], case: Case, me: int
    ) -> Conviction | None:
        """What convicts a party in one transaction; None where no single element does.

        Raises:
            PeerError: it does not serve what it must.
            DisputeError: it serves what it has not signed.
        """
        number, party = accused
        server = peer_of(self._vault, to_checksum_address(party.account))
        return find_conviction(server, job, salt, brief, number, party.output, case, me)


def find_conviction(
    server: Server,
    job: JobId,
    salt: bytes,
    brief: Brief,
    accused: int,
    claimed: bytes,
    case: Case,
    me: int,
) -> Conviction | None:
    """See `Served.conviction`; `claimed` is the output root that the accused has signed."""
    output = server.output(job, salt)
    if payload_root(output, salt) != claimed or len(output) != brief.output_bytes:
        raise DisputeError(f"party {accused} serves an output that it has not signed")
    tree = ChunkTree(output)
    body = output[:BODY_BYTES]
    if body == case.statement.body:
        return None
    mine, theirs = case.statement, Statement(body, tree.top)
    game = board.faced(Game.at_start(), brief, mine, theirs)
    opened: dict[tuple[bytes, int], tuple[bytes, ...]] = {}
    while game.stage in TREES:
        levels = levels_of(game.height)
        found = tuple(server.children(job, salt, node_of(game)))
        if len(found) != 1 << levels or fold(found, 0, len(found)) != game.node_b:
            raise DisputeError(f"party {accused} serves children that do not fold to their node")
        opened[game.node_b, levels] = found
        game = board.descended(game, brief, case.layout, case.children(game, levels), found)
    if game.stage is not Stage.LEAF:
        return None
    chunk = server.chunk(job, salt, node_of(game))
    if len(chunk) != game.size or leaf(chunk) != game.node_b:
        raise DisputeError(f"party {accused} serves a chunk that is not the one it claims")
    game = board.at_element(game, case.chunk(game), chunk)
    shown, element = open_chunks(output, (0,), tree.node), game.element
    source = Theirs.along(
        case.source(game.sequence), case.layout, element, body, opened, {leaf(chunk): chunk}
    )
    if game.value == 0:
        copy, expected = case.copy(element, source), case.copied(element, body, source)
        return ConvictCopy(accused, me, shown, element, copy, *expected)
    terms, most = case.reduction(game)
    if terms > most:
        return None
    return ConvictStrong(accused, me, shown, element, case.whole(game, body, source))


def node_of(game: Game) -> TreeNode:
    """Where a game stands in a transcript."""
    stands = (game.sequence, game.position, game.value, game.height, game.index)
    return TreeNode(_TREES[game.stage], *stands)
