"""Workflows of smearcount and every file that is read or written."""
