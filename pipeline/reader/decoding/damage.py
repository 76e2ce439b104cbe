"""Damage of a file: what decoders raise of it, and what a person is told."""

import struct

from pipeline.errors import reason_of

__all__ = ["DECODE_ERRORS", "DamageError", "damage_of"]

# What tifffile and its decoders raise on damaged data.
DECODE_ERRORS = (
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)


class DamageError(EOFError):
    """Damage of a TIFF file, in words for people."""


def damage_of(error: Exception) -> str:
    """What one of DECODE_ERRORS says of a file; the words of a decoder are for its makers."""
    if isinstance(error, DamageError) or (isinstance(error, OSError) and error.errno is not None):
        return reason_of(error)
    return "not enough memory" if isinstance(error, MemoryError) else "its data cannot be decoded"
