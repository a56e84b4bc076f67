"""The tables of a node's data base."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- Jobs of the pools that the node offers, until it is known that they are drawn elsewhere.
CREATE TABLE IF NOT EXISTS jobs (
    job BLOB PRIMARY KEY,
    job_order TEXT NOT NULL,
    stage TEXT NOT NULL DEFAULT 'waiting',  -- waiting, queued, running, done, failed
    reason TEXT,
    ended_at INTEGER,                       -- Unix time on chain; NULL while alive
    rows INTEGER,
    salt BLOB,                              -- of the input, from its requester
    input BLOB,
    output BLOB,
    output_root BLOB,
    queued_at INTEGER                       -- counts up: the order of execution
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_stage ON jobs (stage, queued_at);
CREATE INDEX IF NOT EXISTS jobs_by_end ON jobs (ended_at);

-- INVARIANT: one row for a (job, draw), never changed. What is signed leaves the node only after it
-- is here, and only as it is here.
CREATE TABLE IF NOT EXISTS commits (
    job BLOB NOT NULL, draw BLOB NOT NULL, round INTEGER NOT NULL,
    commitment BLOB NOT NULL, salt BLOB NOT NULL, output_root BLOB NOT NULL,
    signature BLOB NOT NULL, PRIMARY KEY (job, draw)
) STRICT;
CREATE TABLE IF NOT EXISTS claims (
    job BLOB NOT NULL, draw BLOB NOT NULL, commit_set BLOB NOT NULL,
    output_root BLOB NOT NULL, salt BLOB NOT NULL, signature BLOB NOT NULL,
    PRIMARY KEY (job, draw)
) STRICT;

-- Others' commitments that the claims answer, and what was signed against them: two of a seat for
-- one draw are proof.
CREATE TABLE IF NOT EXISTS shown (
    job BLOB NOT NULL, draw BLOB NOT NULL, round INTEGER NOT NULL, seat INTEGER NOT NULL,
    commitment BLOB NOT NULL, signature BLOB NOT NULL,
    PRIMARY KEY (job, draw, seat, commitment)
) STRICT;
"""
