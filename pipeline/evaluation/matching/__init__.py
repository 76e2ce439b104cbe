"""Holds detected cells against labelled ones."""
