"""Listens: takes the port, waits for slow clients no longer than it should, and ends in order."""
