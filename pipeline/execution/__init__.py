"""Where work is done: in this process, in several, or on the machines of a cluster."""
