"""Measures inside one process: the steps of a cold count, a warm count against decoding, crops a second.

Run as `python -m benchmarks.inside FIELD PHOTO FOLDER`: it starts cold, counts, and prints JSON.
"""

import importlib
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

__all__ = ["crops_per_s", "steps_of_a_count", "times_as_long_as_decoding"]

STEPS = {
    "networks": (("pipeline.count", "load_detector"), ("pipeline.count", "load_classifier")),
    "light": (("pipeline.planning.slide", "field_light"),),
    "scale": (("pipeline.planning.slide", "find_scale"),),
    "tiles: reading": (("pipeline.counting.tile", "read_window"),),
    "tiles: finding and masking cells": (("pipeline.counting.tile", "segment"),),
    "tiles: classifier": (("pipeline.counting.tile", "predict"),),
    "summary": (("pipeline.count", "_facts"),),
    "run record": (("pipeline.count", "run_record"),),
    "writing, overlay included": (("pipeline.batch", "write_result"),),
}
"""Functions whose time is taken, none within another, by the module that calls them."""
CROPS = 2048
RUNS = 5


def steps_of_a_count(picture: Path, out: Path) -> dict[str, float]:
    """Seconds of the processor for each step of a first count in this process, its start and imports too."""
    spent = {"Python": time.process_time()}
    spent["imports: command line"] = _cpu_s(lambda: importlib.import_module("pipeline.cli.app"))
    spent["imports: counting"] = _cpu_s(lambda: importlib.import_module("pipeline.batch"))
    taken = dict.fromkeys(STEPS, 0.0)
    for step, functions in STEPS.items():
        for module_name, name in functions:
            module = importlib.import_module(module_name)
            setattr(module, name, _timed(getattr(module, name), taken, step))
    whole_s = _cpu_s(lambda: _count(picture, out))
    return spent | taken | {"rest": whole_s - sum(taken.values())}


def times_as_long_as_decoding(picture: Path, out: Path) -> dict[str, float]:
    """CPU seconds for counting a photo in a warm process and for decoding it alone, and their ratio."""
    import cv2
    import numpy as np

    def decode() -> None:
        cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_COLOR)

    count_s, decode_s = [], []
    for _ in range(RUNS):
        count_s.append(_cpu_s(lambda: _count(picture, out)))
        decode_s.append(_cpu_s(decode))
    count, decoding = statistics.median(count_s), statistics.median(decode_s)
    return {"count_s": count, "decode_s": decoding, "ratio": count / decoding}


def crops_per_s(*, keras: bool) -> float:
    """Crops a second through the shipped classifier: LiteRT as a count runs it, or Keras `predict`."""
    import numpy as np

    from classifier.predict import PLAIN, predict
    from models.manifest import read_manifest, shipped, verified_file
    from models.runtime import load_network

    path = shipped("classifier")
    manifest = read_manifest(path, "classifier")
    crops = _cells()
    run: Callable[[], Any]
    if keras:
        import keras as framework

        model = framework.models.load_model(verified_file(path, manifest, "keras"), compile=False)
        pixels = crops.astype(np.float32)

        def run() -> Any:
            return model.predict(pixels, verbose=0)
    else:
        network = load_network(path, manifest)

        def run() -> Any:
            return predict(crops, network, PLAIN)

    run()
    return CROPS / statistics.median(_wall_s(run) for _ in range(RUNS))


def _cells() -> Any:
    """Rendered red cells at crop scale, one in fifty infected, uint8 (CROPS, CROP_PX, CROP_PX, 4).

    Real ones would do as well; noise would not, since how often a crop is looked at depends on what it shows.
    """
    import numpy as np

    from classifier.crops import CROP_PX
    from classifier.outline import outlined
    from pipeline.synthetic.field import RenderSettings, render_field
    from segmentation.resample import CROP_UM_PER_PX
    from segmentation.scale import RED_CELL_UM

    settings = RenderSettings(width=1600, height=1600, um_per_px=CROP_UM_PER_PX, parasitaemia=0.02)
    field = render_field(settings, np.random.default_rng(0))
    low = field.cells[["x", "y"]].to_numpy().round().astype(int) - CROP_PX // 2
    low = low[np.all((low >= 0) & (low + CROP_PX <= settings.width), axis=1)]
    crops = np.stack([field.image[y : y + CROP_PX, x : x + CROP_PX] for x, y in low])
    away = np.hypot(*(np.mgrid[:CROP_PX, :CROP_PX] + 0.5 - CROP_PX / 2))
    middle = (away < RED_CELL_UM / CROP_UM_PER_PX / 2).astype(np.uint8)
    marked = outlined(crops, np.broadcast_to(middle, crops.shape[:3]))
    return np.resize(marked, (CROPS, CROP_PX, CROP_PX, 4))


def _count(picture: Path, out: Path) -> None:
    from pipeline.batch import count_slides
    from pipeline.settings import CountSettings

    outcomes = list(count_slides([picture], out, CountSettings(), overwrite=True))
    if outcomes[0].error is not None:
        raise RuntimeError(outcomes[0].error)


def _timed(function: Callable[..., Any], taken: dict[str, float], step: str) -> Callable[..., Any]:
    @wraps(function)
    def timed(*arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return function(*arguments, **named)
        finally:
            taken[step] += time.process_time() - start

    return timed


def _cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _wall_s(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _main(field: Path, photo: Path, folder: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found: dict[str, Any] = {
        "steps_s": steps_of_a_count(field, folder),
        "warm": times_as_long_as_decoding(field, folder),
        "warm_photo": times_as_long_as_decoding(photo, folder),
        "crops_per_s": {"litert": crops_per_s(keras=False), "keras": None},
    }
    if importlib.util.find_spec("tensorflow") is not None:
        found["crops_per_s"]["keras"] = crops_per_s(keras=True)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _main(*(Path(place) for place in sys.argv[1:4]))
