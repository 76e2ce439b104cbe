"""Training the networks: orders, checkpoints, fitting, quantising, the files that are shipped."""
