"""The dispute game without a chain: its rules, and what an honest party does next."""
