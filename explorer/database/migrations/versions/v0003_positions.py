"""Positions of causal programs. All is read again: games have another stage than before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = ("games", "openings", "convictions")


def upgrade() -> None:
    """Makes the change."""
    # Without a checkpoint the indexer begins anew.
    op.execute("DELETE FROM checkpoint")
    for table in ("briefs", *_TABLES):
        op.execute(f"DELETE FROM {table}")
    with op.batch_alter_table("briefs") as batch_op:
        batch_op.add_column(sa.Column("causal", sa.Boolean(), nullable=False))
    for table in _TABLES:
        with op.batch_alter_table(table) as batch_op:
            nullable = table == "openings"
            batch_op.add_column(sa.Column("position", sa.BigInteger(), nullable=nullable))


def downgrade() -> None:
    """Takes it back."""
    for table in _TABLES:
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("position")
    with op.batch_alter_table("briefs") as batch_op:
        batch_op.drop_column("causal")
