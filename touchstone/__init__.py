"""What all roles of the Touchstone marketplace share: arithmetic, programs, the protocol, and the chain."""

__version__ = "0.1.0"
