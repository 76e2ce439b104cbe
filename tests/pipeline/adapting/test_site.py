"""A few labelled cells of counted slides mend a count, and labels that do not help are refused."""

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from classifier.last_layer import LabelledCells
from classifier.predict import Platt
from models.runtime import load_network
from models.site import read_site
from pipeline import networks
from pipeline.adapting.cells import SiteCells
from pipeline.adapting.site import adapt, cross_validated, site_layer
from pipeline.batch import count_and_write
from pipeline.errors import InputError, OutputExistsError
from pipeline.jobs.identity import key_of_run, models_of
from pipeline.output.folder import write_result
from pipeline.settings import CountSettings, ReportSettings
from pipeline.synthetic.field import RenderSettings, render_field
from tests.pipeline.counting.made_up_counts import make_cells, make_result

NAMES = ("one", "two", "three", "four", "five")
PLAIN = CountSettings(um_per_px=0.2, report=ReportSettings(is_written=False))


class Dulled:
    """The classifier with a decision that says little, and what it really thinks among its features."""

    def __init__(self, network):
        self._network = network

    def run(self, batch):
        infected, stage = self._network.run(batch)[:2]
        return np.minimum(infected, 0.5), stage, np.concatenate([infected, stage], axis=1)


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """Five small photos with infected cells, `one.png` to `five.png`."""
    folder = tmp_path_factory.mktemp("slides")
    settings = RenderSettings(width=440, height=400, um_per_px=0.2, density=0.35, parasitaemia=0.4)
    for seed, name in enumerate(NAMES):
        picture = render_field(settings, np.random.default_rng(seed)).image
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    return folder


@pytest.fixture(scope="module")
def truth(slides, tmp_path_factory) -> dict[str, pd.DataFrame]:
    """What the classifier finds when nobody dulls it: it stands for the person."""
    out = tmp_path_factory.mktemp("truth")
    return {name: count_and_write(slides / f"{name}.png", out, PLAIN)[0].cells for name in NAMES}


@pytest.fixture
def dull(monkeypatch):
    monkeypatch.setattr(
        networks,
        "load_network",
        lambda path, manifest: (
            Dulled(load_network(path, manifest))
            if manifest.task == "classifier"
            else load_network(path, manifest)
        ),
    )


def write_labels(path: Path, truth: dict[str, pd.DataFrame], counted: dict[str, pd.DataFrame]) -> Path:
    """Labels of the infected cells and of as many others, by where the cells lie."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        table.writerow(("slide", "cell", "label"))
        for name, cells in truth.items():
            known = counted[name][counted[name]["p_infected"].notna()]
            numbers = {(row.x, row.y): row.cell for row in known.itertuples()}
            red = cells[cells["p_infected"].notna()]
            infected = red[red["infected"].astype(bool)]
            infected = infected.head(8)
            clean = red[~red["infected"].astype(bool)].head(len(infected) + 2)
            for label, rows in (("infected", infected), ("uninfected", clean)):
                for row in rows.itertuples():
                    if (row.x, row.y) in numbers:
                        table.writerow((name, numbers[row.x, row.y], label))
    return path


def test_labelled_cells_of_counted_slides_mend_the_count(slides, truth, dull, tmp_path):
    out = tmp_path / "results"
    before = {name: count_and_write(slides / f"{name}.png", out, PLAIN)[0] for name in NAMES}
    wanted = {name: int(cells["infected"].sum()) for name, cells in truth.items()}
    assert all(number >= 3 for number in wanted.values())
    assert all(result.summary.infected == 0 for result in before.values())
    reviewed = write_labels(out / "r.csv", truth, {name: result.cells for name, result in before.items()})

    done = adapt([reviewed], tmp_path / "site.toml", PLAIN, None)

    figures = done.layer.figures
    assert done.layer.slides == tuple(sorted(NAMES))
    assert figures.loss_site < figures.loss_shipped
    assert done.lost <= 0.05 * done.layer.cells
    manifest = networks.load_classifier(PLAIN).manifest
    assert read_site(done.file, manifest.sha256) == done.layer
    taught = replace(PLAIN, site=done.file)
    again, _ = count_and_write(slides / "one.png", tmp_path / "taught", taught)
    infected = truth["one"].loc[truth["one"]["infected"].astype(bool), ["x", "y"]]
    chances = [
        infected.merge(cells, on=["x", "y"])["p_infected"].mean()
        for cells in (before["one"].cells, again.cells)
    ]
    assert chances[1] > 1.2 * chances[0]
    assert again.summary.site is not None
    assert again.summary.site["cells"] == done.layer.cells
    models = again.run["models"]
    assert isinstance(models, dict)
    assert models["site"] == again.summary.site
    assert f"corrected by site.toml, fitted to {done.layer.cells} labelled" in again.summary.notes[-1]
    assert not any("site.toml" in note for note in before["one"].summary.notes)
    # Another site file is another count.
    plain, site = key_of_run(before["one"].run), key_of_run(again.run)
    assert plain is not None
    assert site is not None
    assert plain.models == models_of(PLAIN)
    assert site.models == models_of(taught) != plain.models
    assert adapt([reviewed], tmp_path / "again.toml", PLAIN, None).file.read_bytes() == done.file.read_bytes()


def made_up(number: int, *, useful: bool) -> SiteCells:
    """Cells of eight slides, with a feature that decides or with none that does."""
    rng = np.random.default_rng(2)
    infected = np.arange(number) % 3 == 0
    features = rng.normal(0, 1, (number, 6))
    features[:, 0] += 4.0 * infected * useful
    logits = rng.normal(0, 1, number) + np.where(useful, 0.0, 6.0 * infected - 3.0)
    return SiteCells(
        cells=LabelledCells(features=features, logits=logits, infected=infected),
        slides=np.asarray([f"slide {one % 8}" for one in range(number)]),
        fields=np.asarray(["field"] * number),
        lost=0,
    )


def test_labels_that_help_are_taken_and_others_refused_in_one_line():
    platt = Platt(slope=1.0, offset=0.0)
    figures = cross_validated(made_up(400, useful=True), platt)
    assert figures.folds == 8
    assert figures.errors_site < figures.errors_shipped
    with pytest.raises(InputError, match="these labels do not help") as refused:
        cross_validated(made_up(60, useful=False), platt)
    assert "\n" not in str(refused.value)


def test_exchanged_labels_are_told_and_not_learnt():
    found, classifier = made_up(60, useful=False), networks.load_classifier(PLAIN)
    turned = replace(found, cells=replace(found.cells, infected=~found.cells.infected))
    with pytest.raises(InputError, match="are the two labels exchanged"):
        site_layer(turned, classifier)
    assert site_layer(found, classifier).infected == 20


def test_cells_of_too_few_slides_or_fields_cannot_be_cross_validated():
    platt, useful = Platt(slope=1.0, offset=0.0), made_up(400, useful=True)
    with pytest.raises(InputError, match="cells of 1 fields of one slide are labelled, expected 5 or more"):
        cross_validated(replace(useful, slides=np.asarray(["film"] * 400)), platt)
    four = np.asarray([f"slide {one % 4}" for one in range(400)])
    with pytest.raises(InputError, match="cells of 4 slides are labelled, expected 5 or more"):
        cross_validated(replace(useful, slides=four), platt)
    fields = replace(useful, slides=np.asarray(["film"] * 400), fields=useful.slides)
    assert cross_validated(fields, platt).errors_site < cross_validated(fields, platt).errors_shipped


def test_a_gain_on_two_slides_of_eight_is_refused():
    """Over cells alone it would be four standard errors; the other six slides lose."""
    found, rng = made_up(400, useful=True), np.random.default_rng(5)
    truth, others = found.cells.infected, 80
    features, logits = found.cells.features.copy(), found.cells.logits.copy()
    features[others:] = 3 * rng.normal(0, 1, (400 - others, 6))
    logits[others:] = 5.0 * truth[others:] - 2.5
    mixed = replace(
        found,
        slides=np.asarray([f"rich {one % 2}" if one < others else f"slide {one % 6}" for one in range(400)]),
        cells=LabelledCells(features=features, logits=logits, infected=truth),
    )
    with pytest.raises(InputError, match=r"32 of 400 labelled cells are decided wrongly, as shipped 37"):
        cross_validated(mixed, Platt(slope=1.0, offset=0.0))


def test_a_file_of_the_user_is_not_replaced(tmp_path):
    mine = tmp_path / "notes.toml"
    mine.write_text("mine = 1", encoding="utf-8")
    with pytest.raises(OutputExistsError, match="is no site file; choose another -o"):
        adapt([tmp_path / "reviewed.csv"], mine, PLAIN, None)
    assert mine.read_text(encoding="utf-8") == "mine = 1"


def test_a_cell_that_was_not_counted_is_named_with_its_row(tmp_path):
    write_result(make_result(make_cells("uninfected", "white_cell")), tmp_path)
    rows = "slide,cell,label\nfilm,1,clean\nfilm,2,infected\n"
    (tmp_path / "reviewed.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(InputError, match=r"row 3, column cell: 2 is no red cell"):
        adapt([tmp_path / "reviewed.csv"], tmp_path / "site.toml", PLAIN, None)
