"""Crops of single cells to probabilities: pure numerics on arrays."""
