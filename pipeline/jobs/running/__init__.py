"""A batch while it runs: its state, its workers, its pace, and how it waits and stops."""
