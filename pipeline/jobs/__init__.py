"""Jobs that outlive a power cut: the ledger, the worker that counts them, and their folder."""
