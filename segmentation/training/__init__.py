"""Training the detector: its network, what it is shown, and how any network here is fitted."""
