"""The block explorer: an indexer that follows the chain, and the pages that show what it found."""
