"""Text of a model card: what a network is for, what it was trained on, how well it did, its limits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

__all__ = ["WEIGHTS_LICENCE", "classifier_card", "detector_card", "results_section"]

MOST_ROWS: Final = 12
"""Slides or patients of one source that the card lists; of more, only all together."""
SOURCES = """- `iml`: IML_Malaria (Arshad et al. 2022), no licence stated: research use.
- `nih_crops`, `nih_fields`: US NLM Malaria Datasets (Rajaraman et al. 2018) and NIH-NLM-ThinBloodSmearsPf
  (Kassim et al. 2021); public, cite the papers.
- `chula`: Chula RBC-12-Dataset (Naruenatthanaset et al. 2021), MIT.
- `draaslan`: draaslan/blood-cell-detection-dataset, MIT.
- `bccd`: Shenggan/BCCD_Dataset, MIT.
- `bbbc041`: Broad BBBC041v1 (Ljosa et al. 2012, Hung et al. 2017), CC BY-NC-SA 3.0: research use.
- `trip_thin`: Benhabiles-projects/MalariaNet, MIT repository, first source unknown.
- `uganda`: Sickle cell disease dataset (Tushabe et al.), no licence stated: research use.
- `txl_pbc`: lugan113/TXL-PBC_Dataset, MIT.
"""
WEIGHTS_LICENCE: Final = "research use only: some training sets are CC BY-NC-SA 3.0 or state no licence"
"""Of trained weights, told apart from the code's licence, Apache-2.0."""
USE = """## Intended use

Research: to count red cells and infected red cells in Giemsa-stained thin films, in focus, photographed
through the eyepiece or scanned, by someone who looks at the pictures of a count. It does not diagnose, and no
treatment may rest on it.
"""
LIMITS = """## Limits

- On a microscope, a stain or a camera it has not seen it may do worse than the figures here. Hold some of its
  calls against a person's first.
- Species are not distinguished. Other parasites of the blood were not in its training.
- A low parasitaemia cannot be distinguished from none: every count states its own limit of detection.
- Stain dirt or a platelet on a cell, and a parasite that only touches it, are its typical false positives; a
  small, pale ring at the rim of a cell is what it typically misses.
- Figures are by the labels as they are. Some are wrong, and `iml` leaves cells of dense parts unlabelled.
"""


def detector_card(entries: Mapping[str, Any], results: str = "") -> str:
    """Card of the detector whose manifest has these entries; `results` as `results_section` gives them."""
    return f"""# {entries["name"]}

Finds red cells, white cells and platelets in a thin film at {entries["um_per_px"]} µm per px. Fully
convolutional, heatmaps of centres and boxes, 109,407 parameters, int8.

Trained on {_listed(entries["trained_on"])} and rendered smears;
left out of the training: {_listed(entries["left_out"])}.
Its accuracy on left-out slides and patients stands in docs/accuracy.md, with the commands that measure it.

{_joined(results, USE, LIMITS)}
## Training data

{SOURCES}"""


def classifier_card(entries: Mapping[str, Any], results: str = "") -> str:
    """Card of the classifier whose manifest has these entries; `results` as `results_section` gives them."""
    rows = "".join(
        f"| {row['source']} | {row['infected_found']} of {row['infected']} | "
        f"{row['false_positives']} of {row['uninfected']} |\n"
        for row in entries["measured"]
    )
    measured = f"""## Measured on slides and patients left out of the training

| source | infected cells found | false positives |
| --- | --- | --- |
{rows}
At the threshold {entries["threshold"]:.4f}, of the cells that were detected, cut at the labelled scale. Where
nothing is left out of this network's own training, these are the figures of the same training with them left
out (models/left_out/).
"""
    return f"""# {entries["name"]}

Tells for the crop of one red cell at {entries["um_per_px"]} µm per px how likely it is infected. Residual
network, 106,773 parameters, int8, calibrated (Platt). Crops are cut in the style `{entries["crop"]}`.

Trained on {_listed(entries["trained_on"])}; left out of the training: {_listed(entries["left_out"])}.

{_joined(measured, _stages(entries.get("stages")), results, USE, LIMITS)}
## Training data

{SOURCES}"""


def results_section(
    results: Iterable[Sequence[Mapping[str, str]]], plots: Mapping[str, Sequence[str]]
) -> str:
    """Results by source and by slide or patient as a table, and links to the plots.

    Parameters
    ----------
    results : of each source, the rows that `pipeline.evaluation.results_table.read_results` gives.
    plots : by source, the paths of its plots from where the card stands; none where there are none.
    """
    tables = [list(rows) for rows in results]
    networks = sorted({row["networks"] for rows in tables for row in rows})
    lines = [
        "## Results by source and patient",
        "",
        f"As `smearcount evaluate` measures {' and '.join(networks)}.",
        "",
        "| source | slide or patient | infected cells found | false positives | in 10,000 (95%) | AUC |"
        " parasitaemia, estimated (annotated) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for rows in tables:
        shown = rows if len(rows) <= MOST_ROWS + 1 else rows[:1]
        lines += [_result_line(row, len(rows) - 1) for row in shown]
    for source, paths in plots.items():
        if paths:
            links = ", ".join(f"[{_words(path)}]({path})" for path in paths)
            lines += ["", f"Plots of `{source}`: {links}."]
    return "\n".join(lines) + "\n"


def _result_line(row: Mapping[str, str], groups: int) -> str:
    name = f"all {groups}" if row["group"] == "all" else row["group"]
    wrong = f"{row['false_positives']} of {row['uninfected']}"
    share = f"{row['false_positives_per_10000']} ({row['low']} to {row['high']})" if row["low"] else "-"
    percent = (
        f"{row['estimated_percent']}% ({row['annotated_percent']}%)"
        if row["estimated_percent"] and row["annotated_percent"]
        else "-"
    )
    found = f"{row['infected_found']} of {row['infected']}"
    return f"| {row['source']} | {name} | {found} | {wrong} | {share} | {row['auc'] or '-'} | {percent} |"


def _stages(stages: Mapping[str, Any] | None) -> str:
    """Table of the stages as the manifest states them."""
    if not stages:
        return "Life stages are not told.\n"
    names = [str(name) for name in stages["names"]]
    header = " | ".join(["true stage", *names, "unknown"])
    rows = "".join(
        f"| {name} | {' | '.join(str(count) for count in counts)} |\n"
        for name, counts in zip(names, stages["confusion"], strict=True)
    )
    return f"""## Life stages of infected cells left out of the training

| {header} |
|{" --- |" * (len(names) + 2)}
{rows}
A stage less probable than {stages["least"]:.2f} is called unknown.
"""


def _joined(*sections: str) -> str:
    return "\n".join(section for section in sections if section)


def _words(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0].replace("_", " ")


def _listed(names: Any) -> str:
    if not names:
        return "nothing"
    shown = [name for name in names if not str(name).startswith("chula-")]
    hidden = len(names) - len(shown)
    return ", ".join([f"`{name}`" for name in shown] + ([f"{hidden} slides of `chula`"] if hidden else []))
