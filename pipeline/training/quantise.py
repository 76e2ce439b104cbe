"""Keras networks to int8 LiteRT files, with activations ranged on representative pictures."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.files import write_whole

if TYPE_CHECKING:
    import keras

__all__ = ["quantise"]


def quantise(model: "keras.Model", pictures: NDArray[np.uint8], file: Path) -> None:
    """Write the int8 LiteRT file of a network.

    Parameters
    ----------
    model : takes float32 pictures (N, H, W, 3), 0 to 255.
    pictures : uint8 (n, H, W, 3), like those it will see; the ranges of its activations are taken from them.

    Raises
    ------
    ModelError
        Where TensorFlow, whose converter does this, is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ModelError("TensorFlow is missing; install smearcount[train] to write LiteRT files") from error
    # Black and white corners make the input's step exactly 1, so that quantising a picture rounds nothing.
    ranged = pictures.copy()
    ranged[:, 0, 0], ranged[:, 0, 1] = 0, 255

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for picture in ranged:
            yield [picture[None].astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    write_whole(file, converter.convert())
