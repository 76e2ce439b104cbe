"""Any error as the one line that a person is told."""

from pipeline.errors import SmearcountError

__all__ = ["error_line"]


def error_line(error: BaseException) -> str:
    """The error's message without line breaks, with its type's name where it is not one of smearcount's own.

    An error of the operating system names the file and what was refused.
    """
    text = " ".join(str(error).split())
    if isinstance(error, SmearcountError):
        return text or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename is not None else ""
        return f"{place}{error.strerror}"
    if isinstance(error, MemoryError):
        return "not enough memory; close other programs, or pass fewer --workers or a smaller --tile-px"
    return f"unexpected {type(error).__name__}: {text}" if text else f"unexpected {type(error).__name__}"
