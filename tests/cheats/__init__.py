"""Dishonest executors, plugged into real provider nodes. They live under tests/ only."""
