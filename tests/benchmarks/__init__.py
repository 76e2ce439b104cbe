"""Tests of the benchmarks: what they compute, not what they measure."""
