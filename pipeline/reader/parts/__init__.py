"""Strips and tiles of TIFF files: their samples, and what is wrong with them."""
