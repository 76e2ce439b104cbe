"""Fits the classifier's last layer to cells that a person has labelled on slides of one site."""
