"""Rendered whole-slide scans, streamed to a pyramidal TIFF."""
