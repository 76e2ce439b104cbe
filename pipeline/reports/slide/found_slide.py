"""Where the slide of a result lies now, if it is still the one that was counted."""

from pathlib import Path

from pipeline.errors import InputError, SlideError
from pipeline.provenance import describe_input
from pipeline.reports.stored import StoredResult

__all__ = ["find_slide"]


def find_slide(stored: StoredResult, given: Path | None = None) -> Path | None:
    """The slide of a result; None where it is no longer where it was counted, or changed since.

    Parameters
    ----------
    given : where a person says that it lies.

    Raises
    ------
    InputError
        Where what was given is missing or is not the slide that was counted.
    """
    source = given or Path(str(stored.summary["source"]))
    try:
        same = _hashes(describe_input(source)) == _hashes(stored.run.get("input", {}))
    except SlideError:
        if given is not None:
            raise
        return None
    if given is not None and not same:
        raise InputError(
            f"{given}: is not the slide that was counted into {stored.folder}; expected the same pixels; "
            "name that slide, or count this one"
        )
    return source if same else None


def _hashes(described: object) -> list[str]:
    """What distinguishes the files of a slide, whatever they are called."""
    files = described.get("files", []) if isinstance(described, dict) else []
    return sorted(str(one.get("sha256") or (one["bytes"], one["modified_utc"])) for one in files)
