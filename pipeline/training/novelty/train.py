"""Trains the novelty score: counts smears and other pictures, fits, measures, writes."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
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
from pipeline.quality.novelty import FieldFeatures, MeasuredKind, NoveltyManifest
from pipeline.settings import CountSettings
from pipeline.training.data.fields import read_rgb
from pipeline.training.novelty.fit import Known, fit_known, measured_kind, without_each_source
from pipeline.training.novelty.kinds import ALTERATIONS, SEEN_KINDS, UNSEEN_KINDS, drawn_smear
from pipeline.training.order import Report

__all__ = ["SOURCES", "NoveltyOrder", "train_novelty"]

SOURCES = ("iml", "nih_fields", "chula", "draaslan", "bccd")
"""Sets of real smears, each from another laboratory and microscope."""
RENDERED, RENDERED_MEASURING = 80, 40
"""Rendered fields that widen the ranges, and others that only measure."""
PICTURES_A_KIND, ALTERED_A_SOURCE = 4, 6

_Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoveltyOrder:
    """What to train from.

    Attributes
    ----------
    data, out : folder of the labelled sets, and folder of novelty.toml and features.json.
    seed : of every random choice. fields : most fields of a source, None for all.
    detector : manifest of the detector, None for the shipped one.
    """

    data: Path
    out: Path
    seed: int = 1
    fields: int | None = None
    detector: Path | None = None


def train_novelty(order: NoveltyOrder, report: Report) -> Path:
    """Write `novelty.toml` and, beside it, the features of every picture; gives the path of the first.

    Raises
    ------
    LabelledDataError
        Where no labelled set is found.
    """
    settings = CountSettings(detector=order.detector)
    smears = _smears(order, settings, report)
    drawn = _made("rendered", drawn_smear, RENDERED, order.seed, settings)
    report(f"rendered: {len(drawn)} fields")
    known = fit_known(smears, _seen(drawn))
    others = _measuring(order, settings, report)
    measured = [
        *without_each_source(smears, _seen(drawn)),
        *(measured_kind(group, kind, features, known) for (group, kind), features in others.items()),
    ]
    order.out.mkdir(parents=True, exist_ok=True)
    path = order.out / "novelty.toml"
    write_whole(path, tomli_w.dumps(_manifest(order, known, measured).model_dump()).encode())
    features = {**{f"smear {name}": each for name, each in smears.items()}, "rendered": drawn}
    features |= {f"{group} {kind}": each for (group, kind), each in others.items()}
    rows = {
        name: [None if each is None else asdict(each) for each in group] for name, group in features.items()
    }
    write_whole(order.out / "features.json", json.dumps(rows).encode())
    return path


def _smears(
    order: NoveltyOrder, settings: CountSettings, report: Report
) -> dict[str, Sequence[FieldFeatures]]:
    """Features of the fields of each labelled set; a field without cells is a failure and is reported."""
    found: dict[str, Sequence[FieldFeatures]] = {}
    for source in SOURCES:
        if not (order.data / source).is_dir():
            continue
        paths = _field_paths(order, source)
        features = [_features_of(path, settings) for path in paths]
        found[source] = _seen(features)
        report(f"{source}: {len(found[source])} of {len(features)} fields show red cells")
    if not found:
        raise LabelledDataError(f"no labelled set in {order.data}; expected one of {', '.join(SOURCES)}")
    return found


def _field_paths(order: NoveltyOrder, source: str) -> list[Path]:
    fields = read_field_set(order.data / source)
    names = sorted(fields.fields["field"])
    shuffled = np.random.default_rng([order.seed, *source.encode()]).permutation(len(names))
    return [fields.image_path(names[place]) for place in shuffled[: order.fields]]


def _measuring(
    order: NoveltyOrder, settings: CountSettings, report: Report
) -> dict[tuple[str, str], list[FieldFeatures | None]]:
    """Features of pictures that the score is not fitted to, by group and kind."""
    features: dict[tuple[str, str], list[FieldFeatures | None]] = {}
    drawn = _made("rendered", drawn_smear, RENDERED_MEASURING, order.seed + 1, settings)
    features["smear", "rendered, other draws"] = drawn
    for group, kinds in (("odd", SEEN_KINDS), ("odd, new", UNSEEN_KINDS)):
        for kind, draw in kinds.items():
            features[group, kind] = _made(kind, draw, PICTURES_A_KIND, order.seed, settings)
        report(f"{group}: {len(kinds)} kinds")
    for name, alter in ALTERATIONS.items():
        features["altered", name] = [
            _features_of_picture(alter(_middle(read_rgb(path))), settings)
            for source in SOURCES
            if (order.data / source).is_dir()
            for path in _field_paths(order, source)[:ALTERED_A_SOURCE]
        ]
    report(f"altered: {len(ALTERATIONS)} ways")
    return features


def _made(
    kind: str,
    draw: Callable[[np.random.Generator], _Picture],
    pictures: int,
    seed: int,
    settings: CountSettings,
) -> list[FieldFeatures | None]:
    """Features of pictures drawn with generators that no other kind, number or seed shares."""
    return [
        _features_of_picture(draw(np.random.default_rng([seed, number, *kind.encode()])), settings)
        for number in range(pictures)
    ]


def _features_of_picture(picture: _Picture, settings: CountSettings) -> FieldFeatures | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        write_whole(path, cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
        return _features_of(path, settings)


def _features_of(path: Path, settings: CountSettings) -> FieldFeatures | None:
    """Features of a picture of one field; None where no red cell was found, which a count refuses as well."""
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
        ranges=known.ranges,
        stains=known.stains,
        measured=tuple(measured),
    )
