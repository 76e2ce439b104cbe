"""Hostile inputs: damaged, absurd, oversized or oddly named, each counted beside a good slide."""
