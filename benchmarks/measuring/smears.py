"""The rendered smears that are measured on, as options of `smearcount render`."""

__all__ = ["FIELD", "FIELD_SET", "PHOTO", "PHOTO_SET"]

FIELD = ("--width", "1280", "--height", "960", "--um-per-px", "0.11", "--seed", "2")
FIELD_SET = (*FIELD[:-1], "7", "--fields", "8")
PHOTO = ("--width", "5312", "--height", "2988", "--um-per-px", "0.05", "--round-view", "--seed", "3")
"""As a phone on an eyepiece takes it."""
PHOTO_SET = ("--width", "5312", "--height", "2988", "--um-per-px", "0.05", "--seed", "8", "--fields", "2")
"""As a camera takes it. The textbook way would take the black round a round view for one large cell."""
