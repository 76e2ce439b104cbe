"""Tests of the objects that lie near or on one another."""
