"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the change."""
    op.create_table(
        "blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=66), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_blocks")),
    )
    with op.batch_alter_table("blocks") as batch_op:
        batch_op.create_index(batch_op.f("ix_blocks_hash"), ["hash"], unique=False)

    op.create_table(
        "checkpoint",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("market", sa.String(length=42), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=66), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "endpoints",
        sa.Column("account", sa.String(length=42), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account", "block", "log_index", name=op.f("pk_endpoints")),
    )
    with op.batch_alter_table("endpoints") as batch_op:
        batch_op.create_index(batch_op.f("ix_endpoints_block"), ["block"], unique=False)

    op.create_table(
        "entries",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=42), nullable=True),
        sa.Column("seat", sa.SmallInteger(), nullable=True),
        sa.Column("amount", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index", "number", name=op.f("pk_entries")),
    )
    with op.batch_alter_table("entries") as batch_op:
        batch_op.create_index(batch_op.f("ix_entries_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_entries_job"), ["job"], unique=False)

    op.create_table(
        "events",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("transaction", sa.String(length=66), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events") as batch_op:
        batch_op.create_index(batch_op.f("ix_events_transaction"), ["transaction"], unique=False)

    op.create_table(
        "jobs",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=66), nullable=False),
        sa.Column("requester", sa.String(length=42), nullable=False),
        sa.Column("pool", sa.String(length=66), nullable=False),
        sa.Column("model", sa.String(length=66), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Integer(), nullable=False),
        sa.Column("replicas", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("input_root", sa.String(length=66), nullable=False),
        sa.Column("params", sa.String(length=66), nullable=False),
        sa.Column("nonce", sa.String(length=80), nullable=False),
        sa.Column("open_by", sa.BigInteger(), nullable=False),
        sa.Column("seed_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_block"), ["block"], unique=False)
        batch_op.create_index("ix_jobs_block_log_index", ["block", "log_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_model"), ["model"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_pool"), ["pool"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_requester"), ["requester"], unique=False)

    op.create_table(
        "leaves",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("pool", sa.String(length=66), nullable=False),
        sa.Column("leaf", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=42), nullable=False),
        sa.PrimaryKeyConstraint("pool", "leaf", name=op.f("pk_leaves")),
    )
    with op.batch_alter_table("leaves") as batch_op:
        batch_op.create_index(batch_op.f("ix_leaves_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_leaves_block"), ["block"], unique=False)

    op.create_table(
        "mentions",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=66), nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "block", "log_index", name=op.f("pk_mentions")),
    )
    with op.batch_alter_table("mentions") as batch_op:
        batch_op.create_index(batch_op.f("ix_mentions_block"), ["block"], unique=False)

    op.create_table(
        "models",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=66), nullable=False),
        sa.Column("publisher", sa.String(length=42), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("program_root", sa.String(length=66), nullable=False),
        sa.Column("weight_root", sa.String(length=66), nullable=False),
        sa.Column("shards", sa.Integer(), nullable=False),
        sa.Column("modes", sa.Integer(), nullable=False),
        sa.Column("unit_rows", sa.BigInteger(), nullable=False),
        sa.Column("max_rows", sa.BigInteger(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
    )
    with op.batch_alter_table("models") as batch_op:
        batch_op.create_index(batch_op.f("ix_models_block"), ["block"], unique=False)
        batch_op.create_index(batch_op.f("ix_models_label"), ["label"], unique=False)

    op.create_table(
        "phases",
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("phase", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("job", "block", "log_index", name=op.f("pk_phases")),
    )
    with op.batch_alter_table("phases") as batch_op:
        batch_op.create_index(batch_op.f("ix_phases_block"), ["block"], unique=False)

    op.create_table(
        "pools",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=66), nullable=False),
        sa.Column("model", sa.String(length=66), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("bond", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools")),
    )
    with op.batch_alter_table("pools") as batch_op:
        batch_op.create_index(batch_op.f("ix_pools_block"), ["block"], unique=False)
        batch_op.create_index(batch_op.f("ix_pools_model"), ["model"], unique=False)

    op.create_table(
        "seats",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("seat", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=42), nullable=False),
        sa.Column("reserve", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("job", "seat", name=op.f("pk_seats")),
    )
    with op.batch_alter_table("seats") as batch_op:
        batch_op.create_index(batch_op.f("ix_seats_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_seats_block"), ["block"], unique=False)

    op.create_table(
        "settlements",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(length=66), nullable=False),
        sa.Column("output_root", sa.String(length=66), nullable=False),
        sa.Column("paid", sa.SmallInteger(), nullable=False),
        sa.Column("share", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_settlements")),
    )
    with op.batch_alter_table("settlements") as batch_op:
        batch_op.create_index(batch_op.f("ix_settlements_block"), ["block"], unique=False)

    op.create_table(
        "totals",
        sa.Column("subject", sa.String(length=90), nullable=False),
        sa.Column("measure", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=80), nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("subject", "measure", "block", "log_index", name=op.f("pk_totals")),
    )
    with op.batch_alter_table("totals") as batch_op:
        batch_op.create_index(batch_op.f("ix_totals_block"), ["block"], unique=False)

    op.create_table(
        "unbonded",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=80), autoincrement=False, nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("amount", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unbonded")),
    )
    with op.batch_alter_table("unbonded") as batch_op:
        batch_op.create_index(batch_op.f("ix_unbonded_block"), ["block"], unique=False)

    op.create_table(
        "unbondings",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=80), autoincrement=False, nullable=False),
        sa.Column("pool", sa.String(length=66), nullable=False),
        sa.Column("account", sa.String(length=42), nullable=False),
        sa.Column("leaf", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("ready_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unbondings")),
    )
    with op.batch_alter_table("unbondings") as batch_op:
        batch_op.create_index(batch_op.f("ix_unbondings_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_unbondings_block"), ["block"], unique=False)


def downgrade() -> None:
    """Takes it back."""
    with op.batch_alter_table("unbondings") as batch_op:
        batch_op.drop_index(batch_op.f("ix_unbondings_block"))
        batch_op.drop_index(batch_op.f("ix_unbondings_account"))

    op.drop_table("unbondings")
    with op.batch_alter_table("unbonded") as batch_op:
        batch_op.drop_index(batch_op.f("ix_unbonded_block"))

    op.drop_table("unbonded")
    with op.batch_alter_table("totals") as batch_op:
        batch_op.drop_index(batch_op.f("ix_totals_block"))

    op.drop_table("totals")
    with op.batch_alter_table("settlements") as batch_op:
        batch_op.drop_index(batch_op.f("ix_settlements_block"))

    op.drop_table("settlements")
    with op.batch_alter_table("seats") as batch_op:
        batch_op.drop_index(batch_op.f("ix_seats_block"))
        batch_op.drop_index(batch_op.f("ix_seats_account"))

    op.drop_table("seats")
    with op.batch_alter_table("pools") as batch_op:
        batch_op.drop_index(batch_op.f("ix_pools_model"))
        batch_op.drop_index(batch_op.f("ix_pools_block"))

    op.drop_table("pools")
    with op.batch_alter_table("phases") as batch_op:
        batch_op.drop_index(batch_op.f("ix_phases_block"))

    op.drop_table("phases")
    with op.batch_alter_table("models") as batch_op:
        batch_op.drop_index(batch_op.f("ix_models_label"))
        batch_op.drop_index(batch_op.f("ix_models_block"))

    op.drop_table("models")
    with op.batch_alter_table("mentions") as batch_op:
        batch_op.drop_index(batch_op.f("ix_mentions_block"))

    op.drop_table("mentions")
    with op.batch_alter_table("leaves") as batch_op:
        batch_op.drop_index(batch_op.f("ix_leaves_block"))
        batch_op.drop_index(batch_op.f("ix_leaves_account"))

    op.drop_table("leaves")
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.drop_index(batch_op.f("ix_jobs_requester"))
        batch_op.drop_index(batch_op.f("ix_jobs_pool"))
        batch_op.drop_index(batch_op.f("ix_jobs_model"))
        batch_op.drop_index("ix_jobs_block_log_index")
        batch_op.drop_index(batch_op.f("ix_jobs_block"))

    op.drop_table("jobs")
    with op.batch_alter_table("events") as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_transaction"))

    op.drop_table("events")
    with op.batch_alter_table("entries") as batch_op:
        batch_op.drop_index(batch_op.f("ix_entries_job"))
        batch_op.drop_index(batch_op.f("ix_entries_account"))

    op.drop_table("entries")
    with op.batch_alter_table("endpoints") as batch_op:
        batch_op.drop_index(batch_op.f("ix_endpoints_block"))

    op.drop_table("endpoints")
    op.drop_table("checkpoint")
    with op.batch_alter_table("blocks") as batch_op:
        batch_op.drop_index(batch_op.f("ix_blocks_hash"))

    op.drop_table("blocks")
