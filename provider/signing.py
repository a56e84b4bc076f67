"""Signs commitments and claims: one of each for a draw, ever."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from provider.duties import draw_id
from provider.records import ClaimRecord, CommitRecord
from touchstone.errors import RefusedError
from touchstone.protocol.audits import audit_request_hash
from touchstone.protocol.claims import Claim, Commit, commitment_of
from touchstone.protocol.eip712 import sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount

    from provider.records import ShownCommit
    from provider.store import Store
    from touchstone.protocol.eip712 import Domain
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import JobState


class Signatory:
    """The node's key and its memory of what the key has signed."""

    def __init__(self, account: LocalAccount, domain: Domain, store: Store) -> None:
        """Binds the key to a market and to a store."""
        self.address = account.address
        self.domain = domain
        self._account = account
        self._store = store

    def commit(self, job: JobState, output_root: bytes) -> CommitRecord:
        """The commitment for the job's current draw: the one on disk, or a new one."""
        draw = draw_id(job)
        known = self._store.commit_of(job.id, draw)
        if known is not None:
            return known
        salt = secrets.token_bytes(32)
        commitment = commitment_of(job.id, draw, self.address, output_root, salt)
        signature = Commit(job.id, draw, commitment).sign(self.domain, self._account)
        return self._store.keep_commit(
            CommitRecord(
                job.id, draw, job.round, commitment, salt, output_root, signature.to_bytes()
            )
        )

    def audit_request(self, job: JobId) -> bytes:
        """The signature, 65 bytes, with which the job's auditor asks for its input."""
        return sign(self._account, self.domain.digest(audit_request_hash(job))).expanded()

    def claim(
        self, job: JobState, commit: CommitRecord, set_: bytes, shown: Sequence[ShownCommit]
    ) -> ClaimRecord:
        """The claim that opens `commit` against the set of all commitments, 32 bytes.

        The others' commitments in the set, `shown`, are kept with it.

        Raises:
            RefusedError: a claim against another set has been signed for this draw.
        """
        kept = self._store.claim_of(job.id, commit.draw)
        if kept is None:
            claim = Claim.of(job, commit.draw, commit.output_root, set_, commit.salt)
            signature = claim.sign(self.domain, self._account).to_bytes()
            kept = self._store.keep_claim(
                ClaimRecord(job.id, commit.draw, set_, commit.output_root, commit.salt, signature),
                shown,
            )
        if kept.set != set_:
            raise RefusedError(
                "bad_set", "a claim against another set has already been signed for this draw"
            )
        return kept
