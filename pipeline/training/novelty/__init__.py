"""Fitting the score that tells unfamiliar pictures, and the pictures it is fitted on."""
