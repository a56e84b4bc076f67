"""Programs as machine code for this processor, made by Numba when a node first starts."""
