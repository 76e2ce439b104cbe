"""Decodes the photos of every format, also those that are cut off."""
