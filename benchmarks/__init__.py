"""Benchmarks: what a count costs in time and memory; `python -m benchmarks` measures and prints."""
