"""Cells of the training sets as the classifier sees them, beside which a slide's own last layer is fitted."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

__all__ = ["ReferenceCells", "read_reference", "reference_bytes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceCells:
    """Cells with their labels.

    Attributes
    ----------
    features : float16 (n, k), mean over the turns. logits : float32 (n,), not calibrated.
    infected : bool (n,).
    """

    features: NDArray[np.float16]
    logits: NDArray[np.float32]
    infected: NDArray[np.bool_]


def reference_bytes(cells: ReferenceCells) -> bytes:
    """The file of these cells; the same cells give the same bytes."""
    arrays: dict[str, NDArray[np.generic]] = {
        "features": cells.features,
        "logits": cells.logits,
        "infected": cells.infected,
    }
    with io.BytesIO() as whole:
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, values in arrays.items():
                with io.BytesIO() as one:
                    np.save(one, values, allow_pickle=False)
                    # A date of its own, so that the bytes are those of the cells alone.
                    archive.writestr(zipfile.ZipInfo(f"{name}.npy"), one.getvalue())
        return whole.getvalue()


def read_reference(file: Path, sha256: str) -> ReferenceCells:
    """Read the cells that a manifest names.

    Raises
    ------
    ModelError
        Where the file is missing, or its SHA-256 is not the manifest's.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelError(
            f"reference cells {file} cannot be read ({error.strerror}); install smearcount again"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ModelError(
            f"reference cells {file} have SHA-256 {found[:12]}..., the manifest expects {sha256[:12]}...; "
            "they were changed or damaged: install smearcount again or train anew"
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return ReferenceCells(**{name: arrays[name] for name in ("features", "logits", "infected")})
