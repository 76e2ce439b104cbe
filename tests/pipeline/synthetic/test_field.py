"""Rendered smears are what their truth says they are."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, OutputError, OutputExistsError
from pipeline.synthetic.field import (
    Optics,
    Palette,
    RenderSettings,
    crescent_settings,
    draw_window,
    render_field,
    render_set,
    truth,
    varied_settings,
)
from pipeline.synthetic.layout import Body, Layout, lay_out

INFECTED = ["ring", "trophozoite", "schizont", "gametocyte"]
SMALL = RenderSettings(width=480, height=360)
# No light, blur or noise between the film and the picture: what differs from empty glass was drawn.
PLAIN = replace(
    SMALL,
    palette=Palette(light=(240.0, 240.0, 240.0), plasma=(0.0, 0.0, 0.0)),
    optics=Optics(defocus_um=0.0, vignette=0.0, gradient=0.0, refraction=0.0, shift_um=0.0, noise=0.0),
    pallor=0.0,
    variation=0.0,
    dirt=0.0,
)


def layout_of(*bodies: Body, settings: RenderSettings = PLAIN) -> Layout:
    return Layout(settings=settings, bodies=bodies, view=None, seed=1)


def body(kind, label: str, x: float, y: float, radius_um: float = 3.75, seed: int = 5) -> Body:
    return Body(kind=kind, label=label, x=x, y=y, radius_um=radius_um, seed=seed)


def picture(layout: Layout) -> np.ndarray:
    return draw_window(layout, 0, 0, layout.settings.width, layout.settings.height)


def labels_of(settings: RenderSettings, seed: int = 0) -> pd.Series:
    return truth(lay_out(settings, np.random.default_rng(seed)))["label"]


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    settings = replace(SMALL, fields=2, seed=7)
    one, other = render_set(settings, tmp_path / "one"), render_set(settings, tmp_path / "other")
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(names) == 4
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def test_another_seed_gives_another_picture() -> None:
    first, second = (render_field(SMALL, np.random.default_rng(seed)) for seed in (1, 2))
    assert first.jpeg != second.jpeg


@pytest.mark.parametrize("parasitaemia", [0.0, 0.01, 0.05, 0.333, 1.0])
@pytest.mark.parametrize("round_view", [False, True])
def test_parasitaemia_is_exact(parasitaemia: float, round_view: bool) -> None:
    settings = RenderSettings(parasitaemia=parasitaemia, round_view=round_view)
    labels = labels_of(settings)
    infected = int(labels.isin(INFECTED).sum())
    red_cells = infected + int((labels == "uninfected").sum())
    assert red_cells > 60
    assert infected == round(parasitaemia * red_cells)


@pytest.mark.parametrize("stage", INFECTED)
@pytest.mark.parametrize("species", ["falciparum", "vivax"])
def test_every_stage_changes_its_cell(stage, species) -> None:
    settings = replace(PLAIN, species=species)
    for seed in range(12):
        cell = body("red_cell", stage, 100.5, 100.5, seed=seed)
        healthy = picture(layout_of(replace(cell, label="uninfected"), settings=settings)).astype(int)
        changed = np.abs(picture(layout_of(cell, settings=settings)) - healthy).max(axis=2) > 25
        assert changed.sum() * settings.um_per_px**2 > 0.2


def test_stages_are_drawn_by_their_weights() -> None:
    settings = replace(SMALL, parasitaemia=1.0, stages=(0.0, 1.0, 0.0, 0.0))
    assert set(labels_of(settings)) - {"platelet", "white_blood_cell"} == {"trophozoite"}


def test_overlaps_darken_but_never_more_than_absorbances_add() -> None:
    left, right = (
        body("red_cell", "uninfected", 100.5, 100.5),
        body("red_cell", "uninfected", 130.5, 100.5, seed=6),
    )
    levels = {}
    for overlap in (0.3, 1.0):
        settings = replace(PLAIN, palette=replace(PLAIN.palette, overlap=overlap))
        alone = [
            picture(layout_of(cell, settings=settings))[90:111, 112:119] / 240.0 for cell in (left, right)
        ]
        both = picture(layout_of(left, right, settings=settings))[90:111, 112:119] / 240.0
        levels[overlap] = both.mean()
        assert both.mean() < 0.95 * min(alone[0].mean(), alone[1].mean())
        assert both.mean() > (alone[0] * alone[1]).mean() - 0.01
        if overlap == 1.0:
            np.testing.assert_allclose(both, alone[0] * alone[1], atol=0.006)
    assert levels[1.0] < levels[0.3]


@pytest.mark.parametrize(
    ("kind", "label", "radius_um"),
    [
        ("red_cell", "uninfected", 3.75),
        ("red_cell", "schizont", 3.75),
        ("red_cell", "gametocyte", 3.75),
        ("white_cell", "white_blood_cell", 6.5),
        ("platelet", "platelet", 1.4),
    ],
)
def test_box_encloses_what_was_drawn(kind: str, label: str, radius_um: float) -> None:
    settings = replace(PLAIN, variation=2.0)
    for seed in range(20):
        layout = layout_of(body(kind, label, 200.25, 170.75, radius_um, seed), settings=settings)
        rows, columns = np.nonzero(picture(layout).min(axis=2) < 232)
        row = truth(layout).iloc[0]
        slack = 2.0 if kind == "red_cell" else 3.0  # px; the others fade away at their edge
        drawn = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.abs(drawn - row[["xmin", "ymin", "xmax", "ymax"]].to_numpy(float)).max() <= slack


def test_pale_centre_is_paler() -> None:
    cell = body("red_cell", "uninfected", 100.5, 100.5)
    centre = {
        pallor: picture(layout_of(cell, settings=replace(PLAIN, pallor=pallor)))[95:106, 95:106].mean()
        for pallor in (0.0, 0.4, 0.9)
    }
    assert centre[0.0] + 5 < centre[0.4] < centre[0.9] - 5


def test_platelets_and_white_cells_have_their_own_rows_and_dirt_has_none() -> None:
    settings = replace(SMALL, width=960, height=720, white_cells=5.0, platelets=40.0, dirt=100.0)
    layout = lay_out(settings, np.random.default_rng(3))
    kinds = pd.Series([body.kind for body in layout.bodies])
    labels = truth(layout)["label"]
    assert (labels == "white_blood_cell").sum() == (kinds == "white_cell").sum() > 0
    assert (labels == "platelet").sum() == (kinds == "platelet").sum() > 0
    assert kinds.isin(["speck", "smudge", "scratch"]).sum() > 0
    assert len(labels) == kinds.isin(["red_cell", "white_cell", "platelet"]).sum()


def test_some_platelets_lie_on_red_cells_which_stay_uninfected() -> None:
    cells = truth(lay_out(replace(SMALL, platelets=60.0, parasitaemia=0.0), np.random.default_rng(0)))
    red = cells[cells.label == "uninfected"][["x", "y"]].to_numpy()
    platelets = cells[cells.label == "platelet"][["x", "y"]].to_numpy()
    nearest = np.hypot(*(platelets[:, None] - red[None]).transpose(2, 0, 1)).min(axis=1)
    assert (nearest * SMALL.um_per_px < 2.5).any()
    assert not cells.label.isin(INFECTED).any()


def test_round_view_is_black_outside_and_every_cell_reaches_into_it() -> None:
    settings = replace(SMALL, width=960, height=720, round_view=True)
    layout = lay_out(settings, np.random.default_rng(4))
    assert layout.view is not None
    rows, columns = np.mgrid[: settings.height, : settings.width] + 0.5
    distance = np.hypot(columns - layout.view.x, rows - layout.view.y)
    image = picture(layout)
    assert image[distance > layout.view.radius + 6].max() <= 8
    assert np.median(image[distance < layout.view.radius - 6]) > 100
    cells = truth(layout)
    nearest_x = np.clip(layout.view.x, cells.xmin, cells.xmax)
    nearest_y = np.clip(layout.view.y, cells.ymin, cells.ymax)
    assert (np.hypot(nearest_x - layout.view.x, nearest_y - layout.view.y) < layout.view.radius).all()
    assert (np.hypot(cells.x - layout.view.x, cells.y - layout.view.y) > layout.view.radius - 25).any()


def test_a_window_drawn_alone_equals_that_window_of_the_field() -> None:
    settings = replace(SMALL, width=700, height=520)
    layout = lay_out(settings, np.random.default_rng(9))
    whole = picture(layout).astype(int)
    for left, top, width, height in ((0, 0, 100, 80), (233, 187, 311, 142), (600, 400, 100, 120)):
        alone = draw_window(layout, left, top, width, height)
        # The blur adds its terms in another order at another place, which may tip a rounding.
        assert np.abs(whole[top : top + height, left : left + width] - alone).max() <= 1


def test_defocus_softens_edges() -> None:
    cell = body("red_cell", "uninfected", 100.5, 100.5)
    steepest = []
    for defocus_um in (0.1, 0.3, 0.6):
        settings = replace(PLAIN, optics=replace(PLAIN.optics, defocus_um=defocus_um))
        steepest.append(
            np.abs(np.diff(picture(layout_of(cell, settings=settings))[100, :, 1].astype(int))).max()
        )
    assert steepest[0] > steepest[1] > steepest[2] > 0


def test_more_cells_lie_on_a_denser_film() -> None:
    counts = [
        (labels_of(replace(SMALL, density=density)) == "uninfected").sum() for density in (0.1, 0.3, 0.6)
    ]
    assert counts[0] * 2 < counts[1] < counts[2]


def test_written_set_has_the_documented_form_and_its_counts(tmp_path: Path) -> None:
    out = render_set(replace(SMALL, fields=3, parasitaemia=0.2, seed=11), tmp_path / "deep" / "set")
    fields, cells = pd.read_csv(out / "fields.csv"), pd.read_csv(out / "cells.csv")
    assert list(fields) == ["field", "slide", "image", "complete", "n_rbc", "n_parasitized"]
    assert list(cells) == ["field", "label", "x", "y", "xmin", "ymin", "xmax", "ymax"]
    assert fields.slide.nunique() == 1 and (fields.complete == 1).all()
    for row in fields.itertuples():
        labels = cells.label[cells.field == row.field]
        assert row.n_parasitized == labels.isin(INFECTED).sum() == round(0.2 * row.n_rbc)
        assert row.n_rbc == labels.isin([*INFECTED, "uninfected"]).sum()
        assert np.asarray(cv2.imread(str(out / row.image))).shape == (360, 480, 3)
    assert (cells.xmax > 0).all() and (cells.xmin < 480).all()
    assert (cells.ymax > 0).all() and (cells.ymin < 360).all()


def test_an_existing_set_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "note.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="name another folder"):
        render_set(SMALL, tmp_path / "set")
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "note.txt"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        render_set(SMALL, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("parasitaemia", 1.5), ("width", 3), ("um_per_px", 7.5), ("fields", 0), ("stages", (0, 0, 0, 0))],
)
def test_absurd_settings_are_refused_in_one_line(name: str, value: object) -> None:
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(InputError, match=name) as caught:
        RenderSettings(**wrong)
    assert "\n" not in str(caught.value)


def test_varied_settings_keep_the_frame_and_differ_in_everything_else() -> None:
    rng = np.random.default_rng(0)
    drawn = [varied_settings(rng, SMALL) for _ in range(60)]
    assert {(one.width, one.um_per_px, one.parasitaemia, one.seed) for one in drawn} == {(480, 0.11, 0.05, 0)}
    greens = np.array([one.palette.red_cell[1] for one in drawn])
    reds = np.array([one.palette.red_cell[0] for one in drawn]) / greens
    assert greens.min() < 0.25 and greens.max() > 0.9
    assert reds.min() < 0.2 and reds.max() > 0.8
    assert np.ptp([one.density for one in drawn]) > 0.4
    assert {one.species for one in drawn} == {"falciparum", "vivax"}


def test_crescent_settings_are_varied_slides_of_falciparum_with_mostly_gametocytes() -> None:
    rng = np.random.default_rng(0)
    drawn = [crescent_settings(rng, SMALL) for _ in range(40)]
    assert {(one.width, one.um_per_px, one.seed) for one in drawn} == {(480, 0.11, 0)}
    assert {one.species for one in drawn} == {"falciparum"}
    assert all(one.stages[INFECTED.index("gametocyte")] > sum(one.stages) / 2 for one in drawn)
    assert min(min(one.stages) for one in drawn) > 0, "the other stages are there to compare with"
    assert all(0.1 <= one.parasitaemia <= 0.3 for one in drawn)
    assert np.ptp([one.density for one in drawn]) > 0.4
    assert np.ptp([one.palette.red_cell[1] for one in drawn]) > 0.5


def test_crescents_lie_on_the_film_and_are_longer_than_round_cells() -> None:
    settings = replace(
        crescent_settings(np.random.default_rng(1), replace(SMALL, width=1200, height=900)), density=0.5
    )
    cells = truth(lay_out(settings, np.random.default_rng(2)))
    whole = (cells.xmin > 0) & (cells.ymin > 0) & (cells.xmax < 1200) & (cells.ymax < 900)
    cells = cells[whole].assign(length=lambda own: np.maximum(own.xmax - own.xmin, own.ymax - own.ymin))
    infected = cells[cells.label.isin(INFECTED)]
    crescents, round_cells = cells[cells.label == "gametocyte"], cells[cells.label == "uninfected"]
    assert len(crescents) > 10
    assert len(crescents) > 0.5 * len(infected)
    assert crescents.length.median() > 1.15 * round_cells.length.median()
