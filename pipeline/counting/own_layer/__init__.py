"""The classifier's last layer fitted anew for one slide, where its own specks look like parasites to it."""
