"""The tree over an execution, recomputed only where there is a dispute: docs/transcript.md."""
