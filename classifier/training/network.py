"""The classifier network, and the earlier work's network as the baseline to beat."""

from typing import TYPE_CHECKING, Any

from classifier.predict import STAGES

if TYPE_CHECKING:
    import keras

__all__ = ["BASELINE_PX", "build_baseline", "build_classifier", "split_outputs"]


BASELINE_PX = 64
"""Side of a crop, stretched to it, in the baseline."""


def build_classifier(side_px: int) -> "keras.Model":
    """Untrained classifier.

    Input: float32 (N, side_px, side_px, 4), normalised RGB at crop scale and the mark of the cell, all 0 to
    255. Output: float32 (N, 5),
    the logit of an infected cell, then one of each of `STAGES`, which mean something on an infected cell.

    Residual blocks (He et al. 2016) on few channels: a ring is 2 to 3 µm, 11 to 16 px of a crop, so two
    halvings come early and the depth where it costs little. The last features are pooled by mean and by
    maximum, since one small parasite decides for the whole cell.
    """
    import keras

    layers = keras.layers
    picture = keras.Input((side_px, side_px, 4), name="crop")
    features = layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    features = _conv(features, 16, stride=2)
    features = _block(features, 32, stride=2)
    features = _block(features, 40, stride=1)
    features = _block(features, 64, stride=2)
    pooled = layers.Concatenate()(
        [layers.GlobalAveragePooling2D()(features), layers.GlobalMaxPooling2D()(features)]
    )
    pooled = layers.Dropout(0.3)(pooled)
    infected = layers.Dense(1, name="infected")(pooled)
    stage = layers.Dense(len(STAGES), name="stage")(pooled)
    return keras.Model(picture, layers.Concatenate()([infected, stage]), name="classifier")


def split_outputs(model: "keras.Model") -> "keras.Model":
    """The same network with three outputs, each quantised with its own step: infected, stage, and the pooled
    features that both are worked out from, which a last layer of another site is fitted to.
    """
    import keras

    infected, stage = model.get_layer("infected"), model.get_layer("stage")
    return keras.Model(model.input, [infected.output, stage.output, infected.input])


def build_baseline() -> "keras.Model":
    """The earlier work's kind of network: three convolutions and two dense layers, on stretched crops."""
    import keras

    layers = keras.layers
    picture = keras.Input((BASELINE_PX, BASELINE_PX, 3), name="crop")
    features = layers.Rescaling(1 / 255.0)(picture)
    for filters in (16, 32, 64):
        features = layers.Conv2D(filters, 3, activation="relu")(features)
        features = layers.MaxPooling2D(2)(features)
    features = layers.Flatten()(features)
    features = layers.Dropout(0.2)(layers.Dense(64, activation="relu")(features))
    return keras.Model(picture, layers.Dense(1, name="logit")(features), name="baseline")


def _conv(inputs: Any, filters: int, *, stride: int = 1, size: int = 3, active: bool = True) -> Any:
    import keras

    layers = keras.layers
    features = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(inputs)
    features = layers.BatchNormalization(momentum=0.98)(features)
    return layers.ReLU()(features) if active else features


def _block(inputs: Any, filters: int, *, stride: int) -> Any:
    import keras

    layers = keras.layers
    features = _conv(_conv(inputs, filters, stride=stride), filters, active=False)
    short = _conv(inputs, filters, stride=stride, size=1, active=False)
    return layers.ReLU()(layers.Add()([features, short]))
