"""Pictures of single, pre-cut cells: each answered for itself."""

import cv2
import numpy as np
import pytest

from pipeline.classify import CROP_COLUMNS, classify_files, classify_pictures, load_threshold, readable
from pipeline.errors import NotAnImageError
from pipeline.settings import CountSettings
from tests.classifier.test_precut import pre_cut


def pictures(number: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    made = []
    for side in rng.integers(70, 190, number):
        picture = pre_cut(int(side), colour=tuple(rng.integers((150, 90, 130), (220, 170, 210)).tolist()))
        x, y = rng.integers(side // 3, 2 * side // 3, 2)
        cv2.circle(picture, (int(x), int(y)), int(side) // 12, (90, 20, 110), cv2.FILLED)
        made.append(picture)
    return made


def test_each_picture_is_answered_as_if_it_were_alone():
    given = pictures(9)
    together = classify_pictures(given, CountSettings())
    alone = [classify_pictures([picture], CountSettings())[0] for picture in given]
    assert together.tolist() == alone
    assert ((together >= 0) & (together <= 1)).all()


def test_more_pictures_than_a_batch_come_back_in_their_order():
    given = pictures(3)
    few = classify_pictures(given, CountSettings())
    many = classify_pictures((given[i % 3] for i in range(140)), CountSettings())
    assert many.tolist() == [few[i % 3] for i in range(140)]


def test_no_picture_gives_no_answer():
    assert classify_pictures([], CountSettings()).shape == (0,)


def test_a_file_that_cannot_be_read_is_told_beforehand_and_does_not_stop_the_rest(tmp_path):
    good = tmp_path / "cell one.png"
    cv2.imwrite(str(good), pictures(1)[0][..., ::-1])
    broken = tmp_path / "broken.png"
    broken.write_bytes(good.read_bytes()[:60])
    words = tmp_path / "words.png"
    words.write_text("no picture")
    whole, errors = readable([broken, good, words, tmp_path / "gone.png"])
    assert whole == [good]
    assert [name in error for name, error in zip(("broken", "words", "gone"), errors, strict=True)] == [
        True
    ] * 3
    assert all("\n" not in error for error in errors)
    found = classify_files(whole, CountSettings())
    assert tuple(found.columns) == CROP_COLUMNS
    assert found["crop"].tolist() == [str(good)]
    assert found["p_infected"][0] == classify_pictures([pictures(1)[0]], CountSettings())[0]
    with pytest.raises(NotAnImageError):
        classify_files([words], CountSettings())


@pytest.mark.parametrize("number", [1, 4])
def test_a_cell_is_infected_from_the_threshold_on(number, tmp_path):
    paths = []
    for index, picture in enumerate(pictures(number)):
        paths.append(tmp_path / f"{index}.png")
        cv2.imwrite(str(paths[-1]), picture[..., ::-1])
    found = classify_files(paths, CountSettings())
    assert (found["infected"] == (found["p_infected"] >= load_threshold(CountSettings()))).all()
