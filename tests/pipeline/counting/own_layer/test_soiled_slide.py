"""A real soiled slide that the networks never saw: its dirt is not called, whatever the tiles."""

from pathlib import Path

import pandas as pd
import pytest

from models.manifest import shipped
from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.settings import CountSettings

LEFT_OUT = shipped("classifier").parent / "left_out"


def count_of(patient: str, labelled_data: Path, into: Path, tile_px: int) -> CountResult:
    fields = pd.read_csv(labelled_data / "nih_fields" / "fields.csv")
    folder = into / patient
    folder.mkdir(exist_ok=True)
    for image in fields.loc[fields["slide"] == patient, "image"]:
        link = folder / Path(image).name
        if not link.exists():
            link.symlink_to((labelled_data / "nih_fields" / image).resolve())
    return count_slide(
        folder,
        CountSettings(
            detector=LEFT_OUT / "detector.toml", classifier=LEFT_OUT / "classifier.toml", tile_px=tile_px
        ),
    )


@pytest.mark.real
def test_dirt_is_not_counted_for_parasites(labelled_data: Path, tmp_path: Path) -> None:
    # 18 of its 870 cells are infected.
    one = count_of("C92P53", labelled_data, tmp_path, 512)
    debris = one.summary.debris
    assert debris is not None
    assert debris.laid_called < 0.15 * debris.laid
    assert 8 <= one.summary.infected <= 24
    other = count_of("C92P53", labelled_data, tmp_path, 1024)
    assert other.summary == one.summary
    pd.testing.assert_frame_equal(one.cells, other.cells)
