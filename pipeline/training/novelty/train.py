"""Trains the novelty score: counts smears and other pictures, fits, measures, writes."""

import json
import multiprocessing
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import tomli_w
from numpy.typing import NDArray

from models.manifest import read_manifest, shipped
from pipeline.count import measure_features
from pipeline.errors import LabelledDataError, ScaleError, SlideError
from pipeline.evaluation.labelled import read_field_set
from pipeline.files import write_whole
from pipeline.quality.channels import colour_rows
from pipeline.quality.novelty import FieldFeatures, MeasuredKind, NoveltyManifest
from pipeline.settings import CountSettings
from pipeline.training.data.fields import read_rgb
from pipeline.training.novelty.fit import (
    Known,
    fit_known,
    measured_kind,
    without_each_kind,
    without_each_source,
)
from pipeline.training.novelty.kinds import ALTERATIONS, KINDS, UNSEEN_KINDS, drawn_smear
from pipeline.training.order import Report

__all__ = ["SOURCES", "NoveltyOrder", "colours_file", "train_novelty"]

SOURCES = (
    *("iml", "nih_fields", "chula", "draaslan", "bccd"),
    *("bbbc041", "trip_thin", "uganda", "txl_pbc"),
)
"""Sets of real smears, from nine laboratories and microscopes."""
RENDERED, RENDERED_MEASURING = 25, 15
"""Rendered fields that are fitted, and others that only measure."""
PICTURES_A_KIND, ALTERED_A_SOURCE = 2, 1
COLOURS_A_SOURCE = 26
"""Fields of a source whose colours are kept, to tell exchanged channels by."""
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")

_Picture = NDArray[np.uint8]
_Features = list[FieldFeatures | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoveltyOrder:
    """What to train from.

    Attributes
    ----------
    data, out : folder of the labelled sets, and folder of novelty.toml, colours.toml and features.json.
    others : folder of further pictures that are no thin film, a folder a kind; None for those drawn alone.
    seed : of every random choice. fields : most fields of a source, None for all.
    detector : manifest of the detector, None for the shipped one.
    """

    data: Path
    out: Path
    others: Path | None = None
    seed: int = 1
    fields: int | None = None
    detector: Path | None = None


def train_novelty(order: NoveltyOrder, report: Report) -> Path:
    """Write `novelty.toml` and, beside it, `colours.toml` and all features; gives the path of the first.

    Raises
    ------
    LabelledDataError
        Where no labelled set is found.
    """
    with tempfile.TemporaryDirectory() as folder:
        pictures = _pictures(order, Path(folder), report)
        features = _measured(pictures, CountSettings(detector=order.detector), report)
    smears = {kind: _seen(each) for (group, kind), each in features.items() if group == "smear"}
    odd = {kind: each for (group, kind), each in features.items() if group == "odd"}
    drawn, shown = _seen(features["rendered", "fitted"]), {kind: _seen(each) for kind, each in odd.items()}
    known = fit_known(smears, drawn, shown)
    report("fitted")
    measured = [
        *without_each_source(smears, drawn, shown),
        *without_each_kind(smears, drawn, odd, known),
        measured_kind("smear", "rendered, other draws", features["rendered", "measuring"], known),
        *(
            measured_kind(group, kind, each, known)
            for (group, kind), each in features.items()
            if group in {"altered", "unseen"}
        ),
    ]
    order.out.mkdir(parents=True, exist_ok=True)
    path = order.out / "novelty.toml"
    write_whole(path, tomli_w.dumps(_manifest(order, known, measured).model_dump()).encode())
    write_whole(order.out / "colours.toml", colours_file(smears).encode())
    rows = {
        f"{group} {kind}": [None if one is None else asdict(one) for one in each]
        for (group, kind), each in features.items()
    }
    write_whole(order.out / "features.json", json.dumps(rows).encode())
    return path


def colours_file(smears: Mapping[str, Sequence[FieldFeatures]]) -> str:
    """Text of `colours.toml`: a line a field."""
    lines = ["[sources]"]
    for source, features in smears.items():
        colours = [one.colours for one in features if one.colours is not None]
        rows = (", ".join(f"{value:g}" for value in row) for row in colour_rows(colours, COLOURS_A_SOURCE))
        lines += [f"{source} = [", *(f"    [{row}]," for row in rows), "]"]
    return "\n".join([*lines, ""])


_Pictures = dict[tuple[str, str], list[Path]]
"""Pictures by group and kind."""


def _pictures(order: NoveltyOrder, folder: Path, report: Report) -> _Pictures:
    """All pictures that are looked at; those that are drawn or altered are written to a folder."""
    found: _Pictures = {}
    for source in SOURCES:
        if (order.data / source).is_dir():
            found["smear", source] = _field_paths(order, source)
    if not found:
        raise LabelledDataError(f"no labelled set in {order.data}; expected one of {', '.join(SOURCES)}")
    real = [path for paths in found.values() for path in paths[:ALTERED_A_SOURCE]]
    for group, kinds in (("odd", KINDS), ("unseen", UNSEEN_KINDS)):
        for kind, draw in kinds.items():
            drawn = (draw(_rng(order.seed, number, kind)) for number in range(PICTURES_A_KIND))
            found[group, kind] = _written(drawn, folder / f"{group} {kind}")
    for place in sorted(order.others.iterdir()) if order.others is not None else ():
        paths = sorted(path for path in place.glob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
        found["odd", f"file: {place.name}"] = paths
    for name, seed, number in (
        ("fitted", order.seed, RENDERED),
        ("measuring", order.seed + 1, RENDERED_MEASURING),
    ):
        films = (drawn_smear(_rng(seed, place, "rendered")) for place in range(number))
        found["rendered", name] = _written(films, folder / name)
    for name, alter in ALTERATIONS.items():
        altered = (alter(_middle(read_rgb(path))) for path in real)
        found["altered", name] = _written(altered, folder / name)
    report(f"{sum(map(len, found.values()))} pictures of {len(found)} kinds")
    return found


def _rng(seed: int, number: int, kind: str) -> np.random.Generator:
    """A generator that no other kind, number or seed shares."""
    return np.random.default_rng([seed, number, *kind.encode()])


def _written(pictures: Iterable[_Picture], folder: Path) -> list[Path]:
    folder.mkdir()
    paths = []
    for number, picture in enumerate(pictures):
        paths.append(folder / f"{number}.png")
        write_whole(paths[-1], cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    return paths


def _field_paths(order: NoveltyOrder, source: str) -> list[Path]:
    fields = read_field_set(order.data / source)
    names = sorted(fields.fields["field"])
    shuffled = np.random.default_rng([order.seed, *source.encode()]).permutation(len(names))
    return [fields.image_path(names[place]) for place in shuffled[: order.fields]]


def _measured(
    pictures: _Pictures, settings: CountSettings, report: Report
) -> dict[tuple[str, str], _Features]:
    """Features of each picture, by all processors: each is a count of its own."""
    features: dict[tuple[str, str], _Features] = {}
    started = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=started) as processes:
        for (group, kind), paths in pictures.items():
            features[group, kind] = list(processes.map(partial(_features_of, settings=settings), paths))
            cells = len(_seen(features[group, kind]))
            report(f"{group} {kind}: {cells} of {len(paths)} show red cells")
    return features


def _features_of(path: Path, settings: CountSettings) -> FieldFeatures | None:
    """Features of a picture of one field; None where no red cell was found, which a count refuses as well."""
    cv2.setNumThreads(1)
    try:
        features = measure_features(path, settings)
    except (ScaleError, SlideError):
        return None
    return features[0] if features else None


def _middle(picture: _Picture, side: int = 1400) -> _Picture:
    """The middle of a large field: altering it takes as long as its pixels are many."""
    height, width = picture.shape[:2]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return picture[top : top + side, left : left + side]


def _seen(features: Sequence[FieldFeatures | None]) -> list[FieldFeatures]:
    return [each for each in features if each is not None]


def _manifest(order: NoveltyOrder, known: Known, measured: Sequence[MeasuredKind]) -> NoveltyManifest:
    detector = read_manifest(order.detector or shipped("detector"), "detector")
    return NoveltyManifest(
        detector=detector.name,
        detector_sha256=detector.sha256,
        seed=order.seed,
        smear_limit=known.smear_limit,
        stain_limit=known.stain_limit,
        intercept=known.intercept,
        terms=known.terms,
        stains=known.stains,
        measured=tuple(measured),
    )
