"""Receipts: one portable file that says what happened to a job, and how anyone checks it alone."""

from touchstone.receipts.build import build
from touchstone.receipts.check import Check, check

__all__ = ["Check", "build", "check"]
