"""What is compiled: int64 tables, arrays of int32, and functions that Numba turns into code."""
