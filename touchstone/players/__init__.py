"""Plays dispute games on a chain, for providers, verifiers and challengers alike."""
