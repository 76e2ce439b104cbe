"""Fitting the novelty score, and the pictures that it is measured on."""
