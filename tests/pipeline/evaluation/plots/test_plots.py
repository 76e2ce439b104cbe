"""Plots: what their lines and marks stand at, and that the same numbers give the same bytes."""

import sys

import cv2
import numpy as np
import pytest

from pipeline.errors import OutputError
from pipeline.evaluation.accuracy import SlideCounts
from pipeline.evaluation.decisions import Decisions
from pipeline.evaluation.metrics import calibration_error
from pipeline.evaluation.plots.curves import plot_free_response, plot_precision_recall, plot_roc, shown_groups
from pipeline.evaluation.plots.decision import infected_confusion, plot_confusion, plot_reliability
from pipeline.evaluation.plots.parasitaemia import plot_parasitaemia
from pipeline.evaluation.plots.style import Subject, drawn, require_matplotlib
from pipeline.evaluation.thresholds import reliability

SUBJECT = Subject(source="set", cells="2 fields of 2 slides", group="slide", networks="net", threshold=0.5)


@pytest.fixture(autouse=True)
def _needs_matplotlib() -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib; install smearcount[train]")


def decisions(groups: int = 2, each: int = 400) -> Decisions:
    """Slides of 100 infected cells each, and four of them that were not detected in the first."""
    rng = np.random.default_rng(5)
    infected = np.tile(np.arange(each) < each // 4, groups)
    chance = np.clip(rng.normal(np.where(infected, 0.7, 0.2), 0.2), 0, 1)
    p_infected = np.asarray(np.round(chance, 3), np.float64)
    return Decisions(
        group=np.repeat([f"s{n}" for n in range(groups)], each),
        infected=infected,
        p_infected=p_infected,
        called=p_infected >= 0.5,
        unseen_group=np.array(["s0"] * 4),
        unseen_infected=np.array([True, True, True, False]),
    )


def test_the_operating_point_lies_on_the_curve_of_all_cells() -> None:
    own = decisions()
    figure = plot_free_response(own, SUBJECT)
    axes = figure.axes[0]
    found = int((own.infected & own.called).sum()) / 203
    wrong = 10_000 * int((~own.infected & own.called).sum()) / 600
    (mark,) = axes.containers
    assert mark[0].get_xydata()[0].tolist() == pytest.approx([wrong, found])
    x, y = next(line for line in axes.lines if str(line.get_label()).startswith("all")).get_data()
    place = int(np.flatnonzero(np.asarray(x) <= wrong)[-1])
    assert np.asarray(y)[place] == pytest.approx(found)
    assert axes.get_xscale() == "log"
    assert axes.get_title(loc="left").startswith(f"operating point: {round(found * 203)} of 203 found")


def test_without_a_false_positive_the_operating_point_stands_at_the_left_edge() -> None:
    own = decisions(groups=1)
    own = Decisions(
        group=own.group,
        infected=own.infected,
        p_infected=own.p_infected,
        called=own.called & own.infected,
        unseen_group=own.unseen_group,
        unseen_infected=own.unseen_infected,
    )
    axes = plot_free_response(own, SUBJECT).axes[0]
    (mark,) = axes.containers
    assert mark[0].get_xydata()[0][0] == axes.get_xlim()[0]


def test_each_slide_has_its_curve_where_they_are_few_and_the_worst_where_they_are_many() -> None:
    assert shown_groups(decisions(groups=1)) == ()
    assert shown_groups(decisions(groups=3)) == ("s0", "s1", "s2")
    many = decisions(groups=9)
    spoiled = np.where((many.group == "s4") & many.infected, 0.1, many.p_infected)
    many = Decisions(
        group=many.group,
        infected=many.infected,
        p_infected=spoiled,
        called=spoiled >= 0.5,
        unseen_group=many.unseen_group,
        unseen_infected=many.unseen_infected,
    )
    shown = shown_groups(many)
    assert len(shown) == 3 and shown[0] == "s4"
    labels = [str(line.get_label()) for line in plot_roc(many, SUBJECT).axes[0].lines]
    assert [label.partition(":")[0] for label in labels if "AUC" in label] == ["all", *shown]


def test_the_operating_point_is_inside_both_panels_of_the_roc_plot() -> None:
    own = decisions()
    for axes in plot_roc(own, SUBJECT).axes[:2]:
        (mark,) = axes.containers
        x, y = mark[0].get_xydata()[0]
        assert x == pytest.approx((~own.infected & own.called).sum() / 600)
        assert y == pytest.approx((own.infected & own.called).sum() / 200)
        assert axes.get_xlim()[0] <= x <= axes.get_xlim()[1]


def test_the_reliability_plot_shows_every_bin_and_its_error() -> None:
    own = decisions()
    bins = reliability(own.infected, own.p_infected)
    from matplotlib.patches import Rectangle

    axes, below = plot_reliability(own, SUBJECT).axes
    assert f"{calibration_error(own.infected, own.p_infected):.4f}" in axes.get_title(loc="left")
    assert [text.get_text() for text in below.texts] == [f"{count:,}" for count in bins.cells]
    assert sum(bar.get_bbox().height for bar in below.patches if isinstance(bar, Rectangle)) == len(
        own.infected
    )


def test_the_confusion_of_infected_cells_counts_those_not_detected() -> None:
    own = decisions()
    counts, rows, columns = infected_confusion(own)
    assert (rows, columns) == (("infected", "uninfected"), ("infected", "uninfected", "not detected"))
    assert counts.sum() == len(own.infected) + 4
    assert counts[:, 2].tolist() == [3, 1]
    figure = plot_confusion(counts, rows, columns, "title", "note")
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words[2] == f"3\n{3 / 203:.1%}" and len(words) == 6


def test_a_confusion_matrix_of_four_stages_has_a_square_for_each_pair() -> None:
    stages = ("ring", "trophozoite", "schizont", "gametocyte")
    counts = np.diag([40, 9, 0, 7])
    figure = plot_confusion(np.hstack([counts, counts[:, :1]]), stages, (*stages, "unknown"), "t", "n")
    words = [text.get_text() for text in figure.axes[0].texts]
    assert len(words) == 20 and words[0] == "40\n50.0%" and words[10] == "0\n0.0%"
    assert len(drawn(lambda: figure)) > 1000


def test_the_difference_of_each_slide_stands_in_the_bland_altman_plot() -> None:
    slides = [
        SlideCounts(slide="s1", annotated_infected=10, annotated=100, called=14, counted=100),
        SlideCounts(slide="s2", annotated_infected=0, annotated=100, called=1, counted=50),
        SlideCounts(slide="empty", annotated_infected=0, annotated=0, called=0, counted=0),
    ]
    figure = plot_parasitaemia(slides, SUBJECT)
    _, bland = figure.axes[:2]
    marked = [line for line in bland.lines if line.get_marker() not in ("None", "")]
    points = [np.asarray(line.get_xydata())[0].tolist() for line in marked]
    assert points == [pytest.approx([12.0, 4.0]), pytest.approx([1.0, 2.0])]
    assert "mean difference +3.00" in bland.get_title(loc="left")
    assert "2 slides" in figure.get_suptitle()


def test_the_same_numbers_give_the_same_bytes_of_a_whole_png() -> None:
    first, second = (drawn(lambda: plot_precision_recall(decisions(), SUBJECT)) for _ in range(2))
    assert first == second
    picture = cv2.imdecode(np.frombuffer(first, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (760, 800, 3)


def test_a_plot_leaves_the_settings_of_matplotlib_as_they_were() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    drawn(lambda: plot_roc(decisions(), SUBJECT))
    assert dict(matplotlib.rcParams) == before


def test_a_missing_matplotlib_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OutputError, match=r"matplotlib is missing; install smearcount\[train\]") as told:
        require_matplotlib()
    assert "\n" not in str(told.value)
