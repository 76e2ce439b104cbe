"""What hides parasites has a code each, and where rings cannot be seen none is never distinguishable."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.count import count_slide
from pipeline.counting.intervals.slide_errors import SlideErrors
from pipeline.counting.verdict import verdict_of
from pipeline.evaluation.labelled import INFECTED_LABELS
from pipeline.quality.channels import FieldColours
from pipeline.quality.checks import check
from pipeline.quality.limits import VisibilityLimits
from pipeline.quality.measured import SlideMeasures
from pipeline.quality.novelty import TERM_NAMES, FieldFeatures
from pipeline.records import SlideSummary
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderedField, RenderSettings, render_field
from tests.pipeline.quality.test_checks import GOOD, with_fields

LIMITS = VisibilityLimits()
ERRORS = SlideErrors.fixed(1.0, 0.002)
CELL_PX = 68
DRAWN = RenderSettings(width=1200, height=900, um_per_px=7.5 / CELL_PX, parasitaemia=0.15)


@pytest.fixture(scope="module")
def rendered() -> RenderedField:
    return render_field(DRAWN, np.random.default_rng(11))


def counted(picture: np.ndarray, folder: Path, **settings: Any) -> SlideSummary:
    path = folder / "drawn.png"
    cv2.imwrite(str(path), picture[..., ::-1])
    return count_slide(path, CountSettings(**settings)).summary


def codes(summary: SlideSummary, severity: str | None = None) -> set[str]:
    return {notice.code for notice in summary.notices if severity in (None, notice.severity)}


@pytest.mark.parametrize(
    ("slide", "code", "value", "limit"),
    [
        (replace(GOOD, um_per_px=0.4), "px_too_coarse", 0.4, LIMITS.px_warn),
        (with_fields(median_diameter_um=5.0), "cell_size", 5.0, LIMITS.cell_low_warn),
        (with_fields(median_diameter_um=9.5), "cell_size", 9.5, LIMITS.cell_high_warn),
        (with_fields(clipped_fraction=0.0007), "saturated_colours", 0.0007, LIMITS.clipped_warn),
        (with_fields(enlarged=4.0), "enlarged_picture", pytest.approx(0.44), LIMITS.enlarged_warn),
        (with_fields(light_noise=0.1), "noisy_picture", 0.1, LIMITS.light_noise_warn),
        (with_fields(colour_noise=0.08), "noisy_picture", 0.08, LIMITS.colour_noise_warn),
        (with_fields(blocks=3.0), "compressed_picture", 3.0, LIMITS.blocks_warn),
    ],
)
def test_what_hides_a_tenth_of_the_parasites_is_warned_of(
    slide: SlideMeasures, code: str, value: float, limit: float
) -> None:
    (notice,) = check(slide)
    assert (notice.code, notice.severity, notice.value, notice.limit) == (code, "warn", value, limit)


@pytest.mark.parametrize(
    ("slide", "code"),
    [
        (with_fields(sharpness=1.02), "out_of_focus"),
        (replace(GOOD, um_per_px=0.6), "px_too_coarse"),
        (with_fields(median_diameter_um=3.4), "cell_size"),
        (with_fields(median_diameter_um=12.0), "cell_size"),
        (replace(GOOD, scale_source="given", um_per_px=0.05, cells_um_per_px=0.11), "cell_size"),
        (replace(GOOD, scale_source="given", um_per_px=0.22, cells_um_per_px=0.11), "cell_size"),
        (with_fields(colour_difference=0.5), "grey_picture"),
        (with_fields(hue_spread=1.6), "grey_picture"),
        (with_fields(clipped_fraction=0.01), "saturated_colours"),
        (with_fields(enlarged=6.0), "enlarged_picture"),
        (with_fields(light_noise=0.2), "noisy_picture"),
        (with_fields(light_noise=0.1, colour_noise=0.2), "noisy_picture"),
        (with_fields(blocks=4.0), "compressed_picture"),
        (with_fields(colours_a_level=1.2), "few_colours"),
    ],
)
def test_what_hides_half_of_the_parasites_is_refused(slide: SlideMeasures, code: str) -> None:
    notices = check(slide)
    assert code in {notice.code for notice in notices if notice.severity == "refuse"}
    assert verdict_of((0, 900), ERRORS, notices) == "not countable"


def test_fine_pixels_that_were_enlarged_are_not_questioned() -> None:
    assert check(with_fields(enlarged=2.0)) == ()


def test_a_given_size_that_the_cells_confirm_is_not_questioned() -> None:
    assert check(replace(GOOD, scale_source="given", um_per_px=0.11, cells_um_per_px=0.1)) == ()


def test_where_rings_cannot_be_seen_none_is_never_distinguishable() -> None:
    notices = check(with_fields(sharpness=1.19))
    assert [notice.code for notice in notices] == ["out_of_focus", "rings_not_visible"]
    assert verdict_of((0, 900), ERRORS, notices) == "not countable"
    assert verdict_of((90, 900), ERRORS, notices) == "parasites seen"


@pytest.mark.parametrize(("order", "named"), [((1, 2, 0), "GBR"), ((0, 2, 1), "RBG")])
def test_a_field_whose_green_stands_elsewhere_is_refused(
    order: tuple[int, ...], named: str, rendered: RenderedField, tmp_path: Path
) -> None:
    summary = counted(rendered.image[..., list(order)], tmp_path)
    (notice,) = [notice for notice in summary.notices if notice.code == "channels_swapped"]
    assert named in notice.text
    assert notice.severity == "refuse"


@pytest.mark.parametrize("sigma_px", [5, 7, 9])
def test_a_blurred_field_is_never_one_without_parasites(
    sigma_px: int, rendered: RenderedField, tmp_path: Path
) -> None:
    summary = counted(cv2.GaussianBlur(rendered.image, (0, 0), sigma_px), tmp_path)
    assert {"out_of_focus", "rings_not_visible"} <= codes(summary)
    # Large parasites may be seen through a blur that hides rings: they are said to be there.
    assert summary.verdict in {"not countable", "uncertain", "parasites seen"}
    there = int(rendered.cells["label"].isin(INFECTED_LABELS).sum())
    assert summary.verdict != "parasites seen" or 2 <= summary.infected <= there


@pytest.mark.parametrize("sigma_px", [5, 7, 9])
@pytest.mark.parametrize("seed", [12, 13])
def test_parasites_are_never_seen_on_a_blurred_field_without_any(
    sigma_px: int, seed: int, tmp_path: Path
) -> None:
    healthy = render_field(replace(DRAWN, parasitaemia=0.0), np.random.default_rng(seed)).image
    summary = counted(cv2.GaussianBlur(healthy, (0, 0), sigma_px), tmp_path)
    assert summary.counted >= 50
    assert summary.verdict in {"not countable", "uncertain"}


@pytest.mark.parametrize("share", [0.08, 0.1, 0.17])
def test_a_field_of_too_coarse_pixels_is_refused(
    share: float, rendered: RenderedField, tmp_path: Path
) -> None:
    small = cv2.resize(rendered.image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    summary = counted(small, tmp_path)
    assert "px_too_coarse" in codes(summary, "refuse")
    assert summary.verdict == "not countable"


@pytest.mark.parametrize("wrong", [0.45, 2.0])
def test_a_wrong_given_scale_is_refused(wrong: float, rendered: RenderedField, tmp_path: Path) -> None:
    summary = counted(rendered.image, tmp_path, um_per_px=DRAWN.um_per_px * wrong)
    assert "cell_size" in codes(summary, "refuse")
    (notice,) = [notice for notice in summary.notices if notice.code == "cell_size"]
    assert "given" in notice.text


def test_a_grey_field_is_refused(rendered: RenderedField, tmp_path: Path) -> None:
    grey = cv2.cvtColor(cv2.cvtColor(rendered.image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    summary = counted(grey, tmp_path)
    assert "grey_picture" in codes(summary, "refuse")


def sepia(picture: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None] / 255
    return np.asarray(255 * grey ** np.asarray((0.8, 1.0, 1.3)), np.uint8)


def two_inks(picture: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None] / 255
    return np.asarray((1 - grey) * (80, 20, 90) + grey * (240, 225, 235), np.uint8)


def of_eight_colours(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).quantize(8, dither=Image.Dither.NONE).convert("RGB"))


@pytest.mark.parametrize("made", [sepia, two_inks, of_eight_colours])
def test_a_field_with_one_hue_for_each_brightness_is_refused(
    made: Callable[[np.ndarray], np.ndarray], rendered: RenderedField, tmp_path: Path
) -> None:
    assert {"grey_picture", "not_a_smear"} & codes(counted(made(rendered.image), tmp_path), "refuse")


def in_blocks(picture: np.ndarray) -> np.ndarray:
    small = cv2.resize(picture, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    return np.asarray(Image.fromarray(small).resize(picture.shape[1::-1], Image.Resampling.NEAREST))


def noisy(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture + np.random.default_rng(1).normal(0, 30, picture.shape), 0, 255).astype(np.uint8)


def of_sixty_four_colours(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).quantize(64).convert("RGB"))


def compressed(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 4])[1], 1))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (in_blocks, "enlarged_picture"),
        (noisy, "noisy_picture"),
        (of_sixty_four_colours, "few_colours"),
        (compressed, "compressed_picture"),
    ],
)
def test_what_a_camera_or_a_file_spoiled_is_refused_with_a_reason_of_its_own(
    made: Callable[[np.ndarray], np.ndarray], code: str, rendered: RenderedField, tmp_path: Path
) -> None:
    summary = counted(made(rendered.image), tmp_path)
    assert code in codes(summary, "refuse")
    assert summary.verdict == "not countable"


def test_a_field_of_exaggerated_colours_is_refused(rendered: RenderedField, tmp_path: Path) -> None:
    hsv = cv2.cvtColor(rendered.image, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] = np.minimum(hsv[..., 1] * 5, 255)
    summary = counted(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), tmp_path)
    assert {"saturated_colours", "not_a_smear"} & codes(summary, "refuse")


@pytest.mark.parametrize(
    ("difference", "deepest", "severity"),
    [(20.0, (0.9, 1.2, 0.5), None), (6.0, (0.4, 0.5, 0.3), "warn"), (5.0, (0.3, 0.4, 0.3), "refuse")],
)
def test_faded_colours_are_told_by_the_cells_and_the_deepest_stain(
    difference: float, deepest: tuple[float, float, float], severity: str | None
) -> None:
    values: dict[str, Any] = dict.fromkeys(TERM_NAMES, 0.5)
    cells = (deepest[0] / 3, deepest[1] / 3, deepest[2] / 3)
    colours = FieldColours(cells=cells, deepest=deepest, ground=(200.0, 215.0, 210.0))
    features = FieldFeatures(**values, stain=cells, colours=colours)
    found = [
        notice.severity
        for notice in check(with_fields(colour_difference=difference, features=features))
        if notice.code == "faded_colours"
    ]
    assert found == ([] if severity is None else [severity])


@pytest.mark.parametrize("kept", [0.3, 0.2])
def test_a_faded_field_is_refused(kept: float, rendered: RenderedField, tmp_path: Path) -> None:
    white = np.percentile(rendered.image, 98, axis=(0, 1))
    faded = white + (rendered.image.astype(np.float32) - white) * kept
    summary = counted(np.clip(faded, 0, 255).astype(np.uint8), tmp_path)
    assert {"faded_colours", "grey_picture", "not_a_smear"} & codes(summary)
    assert summary.verdict == "not countable" or "faded_colours" in codes(summary)


def test_a_good_field_says_nothing_of_what_hides_parasites(rendered: RenderedField, tmp_path: Path) -> None:
    for settings in ({}, {"um_per_px": DRAWN.um_per_px}):
        assert codes(counted(rendered.image, tmp_path, **settings)) <= {"few_cells", "scale_estimated"}
