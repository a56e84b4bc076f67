"""Faults: real processes are killed, cut off, starved and flooded, and the market goes on."""
