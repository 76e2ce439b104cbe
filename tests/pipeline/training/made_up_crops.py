"""Labelled crops of cells that never were: dark dots are parasites."""

import numpy as np

from classifier.crops import CROP_PX
from classifier.outline import outlined
from classifier.specks import SPECK_PX
from pipeline.training.data.crops import LabelledCrops, Surroundings
from pipeline.training.data.sources import Sources
from tests.segmentation.disc_pictures import disc_share

DISC = disc_share(CROP_PX, CROP_PX, [(28, 28, 18)])[..., None]


def made_up(groups: list[str], labels: tuple[str, ...], each: int, seed: int) -> LabelledCrops:
    """`each` cells of each label in each group; an infected one has a dark dot."""
    rng = np.random.default_rng(seed)
    rows = [(group, label) for group in groups for label in labels for _ in range(each)]
    crops = []
    for _, label in rows:
        light = 230 - DISC * rng.uniform(20, 40)
        if label != "uninfected":
            dot = disc_share(CROP_PX, CROP_PX, [(*rng.uniform(20, 36, 2), 4)])
            light = light * (1 - 0.7 * dot[..., None])
        crops.append(np.rint(light + rng.uniform(-2, 2, (CROP_PX, CROP_PX, 3))))
    masks = np.broadcast_to((DISC[..., 0] > 0.5).astype(np.uint8), (len(rows), CROP_PX, CROP_PX))
    return LabelledCrops(
        crops=outlined(np.stack(crops).astype(np.uint8), masks),
        labels=np.asarray([label for _, label in rows]),
        group=np.asarray([group for group, _ in rows]),
        names=np.asarray([f"{group}-{number}" for number, (group, _) in enumerate(rows)]),
        places=np.full((len(rows), 2), 5.0),
    )


def made_up_sources(each: int = 4) -> Sources:
    """All sources that are cross-validated, five groups each, and two that are always trained on."""
    both = ("uninfected", "ring")
    patients = [f"P{number}" for number in range(5)]
    around = np.full((4, CROP_PX, CROP_PX, 3), 200, np.uint8)
    crops = {
        "nih_crops": made_up([*patients, "P9"], ("uninfected", "parasitized"), each, 0),
        "iml": made_up([f"iml-{number}" for number in range(5)], both, each, 1),
        "nih_fields": made_up(patients, ("uninfected", "parasitized"), each, 2),
        "chula": made_up([f"chula-{number}" for number in range(5)], ("uninfected",), each, 3),
        "bccd": made_up(["bccd"], ("uninfected",), each, 4),
        "rendered": made_up(["slide-0"], ("uninfected", "gametocyte"), each, 5),
    }
    return Sources(
        crops=crops,
        suspect_labels={name: np.zeros(len(own.labels), bool) for name, own in crops.items()},
        around=Surroundings(
            crops=around,
            source=np.asarray(["iml", "iml", "nih_fields", "chula"]),
            group=np.asarray(["iml-0", "iml-1", "P1", "chula-0"]),
            specks=np.full((6, SPECK_PX, SPECK_PX, 3), 200, np.uint8),
            speck_groups=np.asarray(["iml-0"] * 3 + ["P1"] * 3),
        ),
        in_fields=frozenset(patients),
    )
