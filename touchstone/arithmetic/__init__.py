"""The plain NumPy reference of docs/arithmetic.md, one family of operators per file."""
