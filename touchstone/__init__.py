"""What all roles share: arithmetic, programs, engines, the protocol and access to the chain."""

__version__ = "0.1.0"
