"""One small network with windows of every kind, as natural images have it, and what runs of it cost next to nothing."""

import numpy as np

from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reduction, Reshape
from armlet.network.network import Network
from armlet.pruning.options import SparsifyOptions
from generators.layered import LINEAR, RELU, zeros

QUICK = SparsifyOptions(sparsity=0.5, epochs=2, steps=6, batch=16, draws=96, judged=48, validation=48, rest=1)


def classifier(scale: float = 1.0) -> Network:
    """Convolutions with an addition around the second, of six classes; `scale` moves a factor between two layers."""
    random = np.random.default_rng(0)

    def some(*size: int, times: float = 1.0) -> F32:
        return (times * random.standard_normal(size) * np.sqrt(2 / np.prod(size[1:]))).astype(np.float32)

    layers = (
        Conv(some(4, 3, 3, 3, times=scale), zeros(4), RELU, padding=(1, 1, 1, 1)),
        Depthwise(some(4, 3, 3, times=1 / scale), zeros(4), LINEAR, padding=(1, 1, 1, 1)),
        Conv(some(4, 4, 1, 1), zeros(4), LINEAR),
        Pool(Reduction.MAX, (2, 2), (2, 2)),
        Conv(some(4, 4, 1, 1), zeros(4), RELU),
        Add(RELU),
        Reshape(),
        Dense(some(6, 64), zeros(6), LINEAR),
    )
    wiring = ((0,), (1,), (2,), (3,), (4,), (5, 4), (6,), (7,))
    return Network(layers, InputDomain.uniform(192, 0, 255, 120, 60), (3, 8, 8), wiring=wiring)
