"""The root of all errors and the one about network files, lowest so that every package may raise them."""

__all__ = ["ModelError", "SmearcountError"]


class SmearcountError(Exception):
    """Root of every error raised on purpose; its message is one line for a person."""


class ModelError(SmearcountError, RuntimeError):
    """A network file is missing, was changed, or does not fit what is asked of it."""
