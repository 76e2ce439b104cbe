"""A report as PDF; needs the extra `pdf`."""

from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.files import write_whole

__all__ = ["write_pdf"]


def write_pdf(report: Path) -> Path:
    """Write report.pdf beside report.html, and return its path.

    Raises
    ------
    InputError
        Where WeasyPrint is not installed, or a library of the system that it needs is missing.
    OutputError
        Where the file cannot be written.
    """
    page = _load().HTML(string=report.read_text(encoding="utf-8"))
    path = report.with_suffix(".pdf")
    write_whole(path, page.write_pdf())
    return path


def _load() -> Any:
    try:
        import weasyprint
    except (ImportError, OSError) as error:  # OSError: it is installed, but pango is not
        raise InputError(
            f"a PDF needs WeasyPrint, which cannot be loaded ({type(error).__name__}); install it: pip "
            "install 'smearcount[pdf]', or print report.html to a PDF from a browser"
        ) from error
    return weasyprint
