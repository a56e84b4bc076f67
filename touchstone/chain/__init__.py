"""Access to the chain: contracts, transactions, keys, and a local chain for development."""
