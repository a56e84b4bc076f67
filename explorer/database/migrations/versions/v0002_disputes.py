"""What the dispute engine says. All is read again: earlier versions did not derive it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the change."""
    op.create_table(
        "bonds",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("party", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index", name=op.f("pk_bonds")),
    )
    with op.batch_alter_table("bonds") as batch_op:
        batch_op.create_index(batch_op.f("ix_bonds_job"), ["job"], unique=False)

    op.create_table(
        "briefs",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("program", sa.String(length=66), nullable=False),
        sa.Column("operators", sa.BigInteger(), nullable=False),
        sa.Column("lengths", sa.Text(), nullable=False),
        sa.Column("output_bytes", sa.BigInteger(), nullable=False),
        sa.Column("strong", sa.Boolean(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_briefs")),
    )
    with op.batch_alter_table("briefs") as batch_op:
        batch_op.create_index(batch_op.f("ix_briefs_block"), ["block"], unique=False)

    op.create_table(
        "contests",
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("contest", sa.String(length=66), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("job", "block", "log_index", name=op.f("pk_contests")),
    )
    with op.batch_alter_table("contests") as batch_op:
        batch_op.create_index(batch_op.f("ix_contests_block"), ["block"], unique=False)

    op.create_table(
        "convictions",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("party", sa.BigInteger(), nullable=False),
        sa.Column("against", sa.BigInteger(), nullable=False),
        sa.Column("output", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("element", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("stop", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.String(length=80), nullable=False),
        sa.Column("expected", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index", name=op.f("pk_convictions")),
    )
    with op.batch_alter_table("convictions") as batch_op:
        batch_op.create_index(batch_op.f("ix_convictions_job"), ["job"], unique=False)

    op.create_table(
        "game_ends",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("a", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("b", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("job", "a", "b", name=op.f("pk_game_ends")),
    )
    with op.batch_alter_table("game_ends") as batch_op:
        batch_op.create_index(batch_op.f("ix_game_ends_block"), ["block"], unique=False)

    op.create_table(
        "games",
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("a", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("b", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("height", sa.SmallInteger(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("stop", sa.BigInteger(), nullable=False),
        sa.Column("part_a", sa.String(length=80), nullable=False),
        sa.Column("part_b", sa.String(length=80), nullable=False),
        sa.Column("node_a", sa.String(length=66), nullable=False),
        sa.Column("node_b", sa.String(length=66), nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("job", "a", "b", "block", "log_index", name=op.f("pk_games")),
    )
    with op.batch_alter_table("games") as batch_op:
        batch_op.create_index(batch_op.f("ix_games_block"), ["block"], unique=False)
        batch_op.create_index(batch_op.f("ix_games_node_a"), ["node_a"], unique=False)
        batch_op.create_index(batch_op.f("ix_games_node_b"), ["node_b"], unique=False)

    op.create_table(
        "losses",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("party", sa.BigInteger(), nullable=False),
        sa.Column("against", sa.BigInteger(), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index", name=op.f("pk_losses")),
    )
    with op.batch_alter_table("losses") as batch_op:
        batch_op.create_index(batch_op.f("ix_losses_job"), ["job"], unique=False)

    op.create_table(
        "openings",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("node", sa.String(length=66), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("job", sa.String(length=66), nullable=True),
        sa.Column("a", sa.BigInteger(), nullable=True),
        sa.Column("b", sa.BigInteger(), nullable=True),
        sa.Column("party", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.SmallInteger(), nullable=True),
        sa.Column("height", sa.SmallInteger(), nullable=True),
        sa.Column("index", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("block", "log_index", name=op.f("pk_openings")),
    )
    with op.batch_alter_table("openings") as batch_op:
        batch_op.create_index(batch_op.f("ix_openings_job"), ["job"], unique=False)

    op.create_table(
        "parties",
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("party", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=42), nullable=False),
        sa.Column("output", sa.String(length=66), nullable=False),
        sa.Column("bond", sa.String(length=80), nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("job", "party", "block", "log_index", name=op.f("pk_parties")),
    )
    with op.batch_alter_table("parties") as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_parties_block"), ["block"], unique=False)

    op.create_table(
        "statements",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("party", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.String(length=66), nullable=False),
        sa.Column("output_top", sa.String(length=66), nullable=False),
        sa.PrimaryKeyConstraint("job", "party", name=op.f("pk_statements")),
    )
    with op.batch_alter_table("statements") as batch_op:
        batch_op.create_index(batch_op.f("ix_statements_block"), ["block"], unique=False)

    op.create_table(
        "transactions",
        sa.Column("hash", sa.String(length=66), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("gas", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_transactions")),
    )
    with op.batch_alter_table("transactions") as batch_op:
        batch_op.create_index(batch_op.f("ix_transactions_block"), ["block"], unique=False)

    # Without a checkpoint the indexer begins anew.
    op.execute("DELETE FROM checkpoint")


def downgrade() -> None:
    """Takes it back."""
    with op.batch_alter_table("transactions") as batch_op:
        batch_op.drop_index(batch_op.f("ix_transactions_block"))

    op.drop_table("transactions")
    with op.batch_alter_table("statements") as batch_op:
        batch_op.drop_index(batch_op.f("ix_statements_block"))

    op.drop_table("statements")
    with op.batch_alter_table("parties") as batch_op:
        batch_op.drop_index(batch_op.f("ix_parties_block"))
        batch_op.drop_index(batch_op.f("ix_parties_account"))

    op.drop_table("parties")
    with op.batch_alter_table("openings") as batch_op:
        batch_op.drop_index(batch_op.f("ix_openings_job"))

    op.drop_table("openings")
    with op.batch_alter_table("losses") as batch_op:
        batch_op.drop_index(batch_op.f("ix_losses_job"))

    op.drop_table("losses")
    with op.batch_alter_table("games") as batch_op:
        batch_op.drop_index(batch_op.f("ix_games_node_b"))
        batch_op.drop_index(batch_op.f("ix_games_node_a"))
        batch_op.drop_index(batch_op.f("ix_games_block"))

    op.drop_table("games")
    with op.batch_alter_table("game_ends") as batch_op:
        batch_op.drop_index(batch_op.f("ix_game_ends_block"))

    op.drop_table("game_ends")
    with op.batch_alter_table("convictions") as batch_op:
        batch_op.drop_index(batch_op.f("ix_convictions_job"))

    op.drop_table("convictions")
    with op.batch_alter_table("contests") as batch_op:
        batch_op.drop_index(batch_op.f("ix_contests_block"))

    op.drop_table("contests")
    with op.batch_alter_table("briefs") as batch_op:
        batch_op.drop_index(batch_op.f("ix_briefs_block"))

    op.drop_table("briefs")
    with op.batch_alter_table("bonds") as batch_op:
        batch_op.drop_index(batch_op.f("ix_bonds_job"))

    op.drop_table("bonds")
