"""Pixels to cells: pure numerics on arrays."""
