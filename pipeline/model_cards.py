"""Text of a model card: what a network is for, what it was trained on, how well it did, its limits."""

from collections.abc import Mapping
from typing import Any

__all__ = ["classifier_card", "detector_card"]

SOURCES = """- `iml`: IML_Malaria (Arshad et al. 2022), no licence stated: research use.
- `nih_crops`, `nih_fields`: US NLM Malaria Datasets (Rajaraman et al. 2018) and NIH-NLM-ThinBloodSmearsPf
  (Kassim et al. 2021); public, cite the papers.
- `chula`: Chula RBC-12-Dataset (Naruenatthanaset et al. 2021), MIT.
- `draaslan`: draaslan/blood-cell-detection-dataset, MIT.
- `bccd`: Shenggan/BCCD_Dataset, MIT.
"""
USE = """## Use and limits

A research tool: it does not diagnose. For Giemsa-stained thin films in focus. It tells no species and no
stage. On a microscope it has not seen it may do worse than the figures here; hold some of its calls against a
person's first.
"""


def detector_card(entries: Mapping[str, Any]) -> str:
    """Card of the detector whose manifest has these entries."""
    return f"""# {entries["name"]}

Finds red cells, white cells and platelets in a thin film at {entries["um_per_px"]} µm per px. Fully
convolutional, heatmaps of centres and boxes, 109,407 parameters, int8.

Trained on {_listed(entries["trained_on"])} and rendered smears;
left out of the training: {_listed(entries["left_out"])}.
Its accuracy on left-out slides and patients stands in docs/accuracy.md, with the commands that measure it.

{USE}
## Training data

{SOURCES}"""


def classifier_card(entries: Mapping[str, Any]) -> str:
    """Card of the classifier whose manifest has these entries."""
    rows = "".join(
        f"| {row['source']} | {row['infected_found']} of {row['infected']} | "
        f"{row['false_positives']} of {row['uninfected']} |\n"
        for row in entries["measured"]
    )
    return f"""# {entries["name"]}

Tells for the crop of one red cell at {entries["um_per_px"]} µm per px how likely it is infected. Residual
network, 106,257 parameters, int8, calibrated (Platt). Crops are cut in the style `{entries["crop"]}`.

Trained on {_listed(entries["trained_on"])}; left out of the training: {_listed(entries["left_out"])}.

## Measured on slides and patients left out of the training, threshold {entries["threshold"]}

| source | infected cells found | false positives |
| --- | --- | --- |
{rows}
Where nothing is left out of this network's own training, these are the figures of the same training with them
left out (models/left_out/).

{USE}
## Training data

{SOURCES}"""


def _listed(names: Any) -> str:
    if not names:
        return "nothing"
    shown = [name for name in names if not str(name).startswith("chula-")]
    hidden = len(names) - len(shown)
    return ", ".join([f"`{name}`" for name in shown] + ([f"{hidden} slides of `chula`"] if hidden else []))
