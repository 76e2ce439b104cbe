"""Whether this computer is ready to count through a night: what was found, and how to mend it."""
