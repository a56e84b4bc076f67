"""Texts that strangers wrote."""

from __future__ import annotations


def storable(text: str) -> str:
    """The text without what some data bases cannot hold in a text: NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
