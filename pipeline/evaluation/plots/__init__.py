"""Plots and galleries of an evaluation."""
