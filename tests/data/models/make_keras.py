"""Make the small models of Keras beside this file, and what Keras computes with them: keras_expected.npz.

    KERAS_BACKEND=jax python make_keras.py [NAME ...]

With names only these are made again. They were made by Keras 3.15.1. Weights and statistics are drawn, since what is
tested is reading, not training.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import jax
import keras
import numpy as np
from keras import layers as ks

HERE = Path(__file__).parent


def mlp() -> keras.Model:
    """Normalisation that was adapted to data, batch normalisation, dropout, softmax."""
    adapted = ks.Normalization()
    adapted.adapt(np.random.default_rng(5).normal([1, -2, 3, 0.5, 9, 4], [1, 2, 0.5, 1, 3, 1], (50, 6)))
    body = [ks.Dense(16), ks.BatchNormalization(), ks.ReLU(), ks.Dropout(0.2), ks.Dense(8, "tanh")]
    return keras.Sequential([keras.Input((6,)), adapted, *body, ks.Dense(3, "softmax")])


def planes() -> keras.Model:
    """Images of two channels: windows of every kind, a sum, and a dense layer behind flattened planes."""
    taken = keras.Input((9, 7, 2))
    x = ks.ZeroPadding2D(((1, 0), (2, 1)))(ks.Rescaling(1 / 127.5, -1.0)(taken))
    x = ks.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
    y = ks.BatchNormalization()(ks.DepthwiseConv2D(3, padding="same")(x))
    x = ks.ReLU(6.0)(ks.Add()([x, y]))
    x = ks.MaxPooling2D(2, padding="same")(x)
    x = ks.Conv2D(4, (2, 1), groups=2, use_bias=False)(ks.BatchNormalization()(x))
    x = ks.Flatten()(ks.LeakyReLU(negative_slope=0.1)(x))
    return keras.Model(taken, ks.Dense(3)(x))


def signal() -> keras.Model:
    """A signal of three channels in time."""
    x = taken = keras.Input((12, 3))
    x = ks.Conv1D(6, 3, dilation_rate=2, padding="causal", activation="relu6")(x)
    x = ks.AveragePooling1D(3, strides=2, padding="same")(ks.BatchNormalization()(x))
    x = ks.GlobalAveragePooling1D()(ks.ZeroPadding1D(1)(x))
    return keras.Model(taken, ks.Dense(2, "sigmoid")(x))


def residual() -> keras.Model:
    """Bytes of an image, channels last: all that a small residual network of images is made of."""
    taken = keras.Input((10, 8, 3))
    x = ks.Conv2D(6, 3, padding="same", use_bias=False)(ks.Rescaling(1 / 255)(taken))
    x = ks.ReLU()(ks.BatchNormalization()(x))
    y = ks.ReLU(6.0)(ks.BatchNormalization()(ks.DepthwiseConv2D(3, padding="same", use_bias=False)(x)))
    y = ks.BatchNormalization()(ks.Conv2D(6, 1, use_bias=False)(y))
    x = ks.MaxPooling2D(2)(ks.ReLU()(ks.Add()([x, y])))
    x = ks.ReLU()(ks.BatchNormalization()(ks.Conv2D(8, 3, strides=2, padding="same")(x)))
    x = ks.Dropout(0.2)(ks.GlobalAveragePooling2D()(x))
    return keras.Model(taken, ks.Dense(5, "softmax")(x))


def lenet() -> keras.Model:
    """LeNet-5 as its authors have it, of smaller images and fewer channels."""
    body = [ks.Conv2D(3, 5, padding="same", activation="tanh"), ks.AveragePooling2D(2)]
    body += [ks.Conv2D(6, 5, activation="tanh"), ks.AveragePooling2D(2), ks.Flatten(), ks.Dense(12, "tanh")]
    return keras.Sequential([keras.Input((16, 16, 1)), *body, ks.Dense(10, "softmax")])


def foreign() -> keras.Model:
    """Two layers that only code can run, one that armlet does not have, and an activation that it does not have."""
    x = taken = keras.Input((4,))
    x = ks.Lambda(lambda z: z * 2, output_shape=(4,))(x)
    x = ks.LayerNormalization()(ks.Dense(4, "gelu")(x))
    return keras.Model(taken, ks.Dense(2)(x))


def draw(model: keras.Model, random: np.random.Generator) -> None:
    """Other weights than the initial ones, whose biases are zero and statistics none."""
    for weight in model.weights:
        if "normalization/" in weight.path and "batch" not in weight.path:
            continue
        drawn = random.normal(0, 0.4, weight.shape)
        weight.assign(np.abs(drawn) + 0.1 if "variance" in weight.path else drawn)


def in_double(make: Callable[[], keras.Model], model: keras.Model, rows: np.ndarray) -> np.ndarray:
    """What the same model gives in float64."""
    jax.config.update("jax_enable_x64", True)
    keras.config.set_floatx("float64")
    keras.utils.clear_session()
    twin = make()
    twin.set_weights(model.get_weights())
    y = np.asarray(twin(rows.astype(np.float64), training=False))
    keras.config.set_floatx("float32")
    jax.config.update("jax_enable_x64", False)
    assert y.dtype == np.float64
    return y


def main() -> None:
    """Write the files."""
    path = HERE / "keras_expected.npz"
    asked, expected = sys.argv[1:], dict(np.load(path)) if path.exists() else {}
    for i, make in enumerate((mlp, planes, signal, foreign, residual, lenet)):
        if asked and make.__name__ not in asked:
            continue
        keras.utils.clear_session()
        model, random = make(), np.random.default_rng(i)
        draw(model, random)
        model.save(HERE / f"{make.__name__}.keras")
        scale = 255 if make in (planes, residual) else 3
        rows = random.uniform(0, scale, (8, *model.input_shape[1:])).astype(np.float32)
        if make in (residual, lenet):  # what is the mean of a plane must differ from row to row
            rows *= random.uniform(0, 1, (8, 1, 1, rows.shape[-1])).astype(np.float32)
        y = in_double(make, model, rows) if make in (residual, lenet) else np.asarray(model(rows, training=False))
        expected |= {f"{make.__name__}_x": rows, f"{make.__name__}_y": y}
    np.savez(path, **expected)


if __name__ == "__main__":
    main()
