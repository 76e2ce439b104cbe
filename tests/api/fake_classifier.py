"""Stands in for the network: a cell is infected where its picture is wider than high."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import NotAnImageError
from pipeline.settings import CountSettings

if TYPE_CHECKING:
    import pandas as pd


def classify_by_size(paths: list[Path], settings: CountSettings) -> "pd.DataFrame":
    """Call a cell infected where its picture is wider than high; refuse what is no picture."""
    import cv2
    import pandas as pd

    rows = []
    for path in paths:
        picture = cv2.imread(str(path))
        if picture is None:
            raise NotAnImageError(f"{path} is no picture; hand in a JPEG or PNG")
        height, width = picture.shape[:2]
        rows.append((str(path), width / (width + height), width > height, "classifier-1", "", ""))
    return pd.DataFrame(rows, columns=["crop", "p_infected", "infected", "model", "notice", "reason"])
