"""Make the small models of Keras beside this file, and what Keras computes with them: keras_expected.npz.

    KERAS_BACKEND=jax python make_keras.py

They were made by Keras 3.15.1. Weights and statistics are drawn, since what is tested is reading, not training.
"""

from pathlib import Path

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


def main() -> None:
    """Write the files."""
    expected: dict[str, np.ndarray] = {}
    for i, make in enumerate((mlp, planes, signal, foreign)):
        keras.utils.clear_session()
        model, random = make(), np.random.default_rng(i)
        draw(model, random)
        model.save(HERE / f"{make.__name__}.keras")
        scale = 255 if make is planes else 3
        rows = random.uniform(0, scale, (8, *model.input_shape[1:])).astype(np.float32)
        expected |= {f"{make.__name__}_x": rows, f"{make.__name__}_y": np.asarray(model(rows, training=False))}
    np.savez(HERE / "keras_expected.npz", **expected)


if __name__ == "__main__":
    main()
