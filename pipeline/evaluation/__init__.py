"""Accuracy on labelled sets: reading them, matching, measures, reports and figures."""
