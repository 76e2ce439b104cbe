"""Training the classifier: its network, what it is shown, and its calibration."""
