"""The detector network: fully convolutional, centre heatmaps and boxes (CenterNet, Zhou et al. 2019)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

from segmentation.detector import CLASSES

__all__ = ["build_detector", "split_heads"]


def build_detector() -> "keras.Model":
    """Untrained detector.

    Input: float32 (N, H, W, 3), normalised RGB 0 to 255, H and W multiples of 8, 0.375 µm per px.
    Output: float32 (N, H / 2, W / 2, 7): three heatmap logits (`CLASSES`), then the distances from the
    output px's centre to the left, top, right and bottom side of the box, before softplus, in `BOX_UNIT_PX`.
    """
    import keras

    layers = keras.layers
    picture = keras.Input((None, None, 3), name="picture")
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    half = _conv(_conv(scaled, 16, stride=2), 24)
    quarter = _conv(_conv(half, 32, stride=2), 32)
    eighth = _conv(_conv(_conv(quarter, 48, stride=2), 48), 48)
    up = layers.UpSampling2D(2)(_conv(eighth, 32, size=1))
    quarter = _conv(layers.Add()([quarter, up]), 32)
    up = layers.UpSampling2D(2)(_conv(quarter, 24, size=1))
    half = _conv(layers.Add()([half, up]), 32)
    heat = layers.Conv2D(len(CLASSES), 1, name="heat", bias_initializer=keras.initializers.Constant(-4.0))(
        _conv(half, 24)
    )
    box = layers.Conv2D(4, 1, name="box", bias_initializer=keras.initializers.Constant(0.5))(_conv(half, 24))
    return keras.Model(picture, layers.Concatenate(name="heads")([heat, box]), name="detector")


def split_heads(model: "keras.Model") -> "keras.Model":
    """The same network with two outputs, heat and box, so that each is quantised with its own step."""
    import keras

    return keras.Model(model.input, [model.get_layer("heat").output, model.get_layer("box").output])


def _conv(inputs: Any, filters: int, *, size: int = 3, stride: int = 1) -> Any:
    import keras

    layers = keras.layers
    features = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(inputs)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(features))
