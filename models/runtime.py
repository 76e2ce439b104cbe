"""Runs a network file: LiteRT by default, Keras on request, behind one small Protocol."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.manifest import Manifest, verified_file

__all__ = ["KerasNetwork", "LiteRtNetwork", "Network", "load_network"]

_GREETING = b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
_STDERR = threading.Lock()  # file descriptor 2 belongs to the whole process


class Network(Protocol):
    """A loaded network."""

    def run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Outputs, float32 with the batch first, for pictures uint8 (N, H, W, 3), RGB 0 to 255."""
        ...


class LiteRtNetwork:
    """A LiteRT file with an int8 or a float input; one thread, so that workers share the cores.

    Outputs come in the order of their names, which is the order they were exported in.
    """

    def __init__(self, file: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter: Any = Interpreter(model_path=str(file), num_threads=1)
        except ValueError as error:
            raise ModelError(
                f"{file} is no LiteRT network ({error}); train it anew or install again"
            ) from error
        self._input: dict[str, Any] = self._interpreter.get_input_details()[0]
        details = self._interpreter.get_output_details()
        self._outputs: list[dict[str, Any]] = sorted(details, key=lambda output: str(output["name"]))
        self._shape: tuple[int, ...] = ()

    def run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """See `Network.run`."""
        if batch.shape != self._shape:
            self._interpreter.resize_tensor_input(self._input["index"], batch.shape, strict=True)
            with _without_greeting():
                self._interpreter.allocate_tensors()
            self._shape = batch.shape
        self._interpreter.set_tensor(self._input["index"], _quantised(batch, self._input))
        self._interpreter.invoke()
        return tuple(_real(self._interpreter.get_tensor(output["index"]), output) for output in self._outputs)


class KerasNetwork:
    """The same network in Keras, for training machines and for the parity test."""

    def __init__(self, file: Path) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            import keras
        except ImportError as error:
            raise ModelError(
                "Keras is not installed; install smearcount[train] or use the LiteRT file"
            ) from error
        self._model: Any = keras.models.load_model(file, compile=False)

    def run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """See `Network.run`."""
        outputs = self._model.predict_on_batch(batch.astype(np.float32))
        listed = outputs if isinstance(outputs, list | tuple) else [outputs]
        return tuple(np.asarray(output, np.float32) for output in listed)


def load_network(path: Path, manifest: Manifest, *, keras: bool = False) -> Network:
    """Network of the manifest at `path`, its file's hash verified.

    Raises
    ------
    ModelError
        Where the file is missing, changed, or cannot be loaded.
    """
    if keras:
        return KerasNetwork(verified_file(path, manifest, "keras"))
    return LiteRtNetwork(verified_file(path, manifest, "litert"))


@contextmanager
def _without_greeting() -> Iterator[None]:
    """Keep LiteRT's greeting from file descriptor 2, which no setting of it does; all else is passed on."""
    with _STDERR, ExitStack() as stack:
        try:
            kept = os.dup(2)
            stack.callback(os.close, kept)
            said = stack.enter_context(tempfile.TemporaryFile())
        except OSError:  # a service may run without stderr, or with no folder that it may write into
            yield
            return
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            said.seek(0)
            os.write(2, said.read().replace(_GREETING, b""))


def _quantised(batch: NDArray[np.uint8], entry: dict[str, Any]) -> NDArray[Any]:
    if entry["dtype"] == np.int8:
        # The input's step is 1 and its zero point -128: a shift, no rounding.
        return (batch ^ 0x80).view(np.int8)
    return batch.astype(entry["dtype"])


def _real(values: NDArray[Any], output: dict[str, Any]) -> NDArray[np.float32]:
    if output["dtype"] != np.int8:
        return values.astype(np.float32)
    step, zero = output["quantization"]
    return (values.astype(np.float32) - np.float32(zero)) * np.float32(step)
