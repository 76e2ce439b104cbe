"""The two networks of a count, loaded and verified, with what their manifests say."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifier.crops import EVENED
from classifier.last_layer import LabelledCells, LastLayer
from classifier.predict import Platt
from models.manifest import Manifest, Measured, read_manifest, shipped
from models.reference import read_reference
from models.runtime import Network, load_network
from models.site import SiteLayer, SiteNetwork, read_site
from pipeline.errors import ModelError
from pipeline.settings import CountSettings
from segmentation.detector import CLASSES
from segmentation.resample import CROP_UM_PER_PX, DETECTOR_UM_PER_PX

__all__ = ["Classifier", "Detector", "describe", "describe_all", "load_classifier", "load_detector"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """The detector and its manifest."""

    network: Network
    manifest: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """The classifier, its calibration for cells of fields and for pre-cut cells, and its manifest.

    Attributes
    ----------
    site : the last layer of a site that its answers are corrected by; None as shipped.
    reference : cells that a slide's own last layer is fitted beside, as this classifier and its site see
        them; None: no slide gets one.
    """

    network: Network
    calibration: Platt
    precut: Platt
    manifest: Manifest
    site: SiteLayer | None = None
    reference: LabelledCells | None = None

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Life stages that it predicts; none where its manifest names none."""
        return self.manifest.stages.names if self.manifest.stages else ()

    @property
    def least_stage(self) -> float:
        """Probability below which a stage is unknown."""
        return self.manifest.stages.least if self.manifest.stages else math.inf

    @property
    def measured(self) -> Measured:
        """What verdicts and limits of detection are worked out with: the source of most false positives.

        The user's microscope is a new source; a verdict must hold on the worst one known.
        """
        rows = [row for row in self.manifest.measured if row.infected] or list(self.manifest.measured)
        return max(rows, key=lambda row: row.false_positive_rate)


def load_detector(settings: CountSettings) -> Detector:
    """The detector of `settings`, the shipped one by default; ModelError where it cannot be trusted."""
    path = settings.detector or shipped("detector")
    manifest = read_manifest(path, "detector")
    _check_scale(path, manifest, DETECTOR_UM_PER_PX)
    if manifest.classes != CLASSES:
        raise ModelError(
            f"{path} distinguishes {', '.join(manifest.classes)}, expected {', '.join(CLASSES)}; retrain it"
        )
    return Detector(network=load_network(path, manifest), manifest=manifest)


def load_classifier(settings: CountSettings) -> Classifier:
    """The classifier of `settings`, the shipped one by default; ModelError where it cannot be trusted."""
    path = settings.classifier or shipped("classifier")
    manifest = read_manifest(path, "classifier")
    if manifest.calibration is None or manifest.crop is None or not manifest.measured:
        raise ModelError(
            f"{path} names no calibration, crop style or measurement; train the classifier again"
        )
    if manifest.crop != EVENED:
        raise ModelError(
            f"{path} describes a network for crops cut as {manifest.crop!r}, expected {EVENED!r}; "
            "train the classifier again"
        )
    _check_scale(path, manifest, CROP_UM_PER_PX)
    even = manifest.precut or manifest.calibration
    network: Network = load_network(path, manifest)
    site = None if settings.site is None else read_site(settings.site, manifest.sha256)
    if site is not None:
        network = SiteNetwork(network, site)
    # Where clean cells lie was measured as shipped: by it a site's own would seem shifted.
    told = manifest if site is None else manifest.model_copy(update={"middles": None})
    return Classifier(
        network=network,
        calibration=Platt(slope=manifest.calibration.slope, offset=manifest.calibration.offset),
        precut=Platt(slope=even.slope, offset=even.offset),
        manifest=told,
        site=site,
        reference=_reference(path, manifest, site),
    )


def _reference(path: Path, manifest: Manifest, site: SiteLayer | None) -> LabelledCells | None:
    if manifest.reference_file is None or manifest.reference_sha256 is None:
        return None
    cells = read_reference(path.parent / manifest.reference_file, manifest.reference_sha256)
    features = cells.features.astype(np.float64)
    logits = cells.logits.astype(np.float64)
    if site is not None:
        if len(site.weights) != features.shape[1]:
            return None
        logits += LastLayer(weights=np.asarray(site.weights), offset=site.offset).added(features)
    return LabelledCells(features=features, logits=logits, infected=cells.infected)


def _check_scale(path: Path, manifest: Manifest, um_per_px: float) -> None:
    if not math.isclose(manifest.um_per_px, um_per_px, rel_tol=1e-6):
        raise ModelError(
            f"{path} describes a network for {manifest.um_per_px} µm per px, "
            f"expected {um_per_px}; train it again"
        )


def describe(manifest: Manifest, path: Path | None) -> dict[str, object]:
    """What run.json says of a network."""
    return {
        "name": manifest.name,
        "file": manifest.file,
        "sha256": manifest.sha256,
        "threshold": manifest.threshold,
        "manifest": "shipped" if path is None else str(path),
    }


def describe_all(
    detector: Detector, classifier: Classifier, settings: CountSettings
) -> dict[str, dict[str, object]]:
    """What run.json says of the networks, and of the site's last layer where there is one."""
    described = {
        "detector": describe(detector.manifest, settings.detector),
        "classifier": describe(classifier.manifest, settings.classifier),
    }
    if settings.site is not None and classifier.site is not None:
        described["site"] = {
            "name": settings.site.name,
            "file": str(settings.site),
            "sha256": hashlib.sha256(settings.site.read_bytes()).hexdigest(),
            "cells": classifier.site.cells,
            "slides": list(classifier.site.slides),
            **classifier.site.figures.model_dump(),
        }
    return described
