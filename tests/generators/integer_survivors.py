"""The networks of random survivors in integers, from an alphabet of weights: what integer figures and tests speak of.

Each neuron's weights are snapped to the alphabet at the scale that fits them best, its sum is scaled back by a shift,
and the scale that is left over is folded into the weights of the next layer before they are snapped. No neuron's sum
leaves the field of the alphabet, whatever the inputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from armlet.integer.formats import I64, INT32, UINT8
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.network.activation import Activation
from armlet.network.layers import Dense
from generators.survivors import survivors

F64 = NDArray[np.float64]

REFERENCE: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "mlp196": (196, 32, 16, 10),
        "mlpnet784": (784, 40, 20, 10),
        "lenet300": (784, 300, 100, 10),
        "adae640": (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640),
        "seed196": (196, 10, 10, 10),
        "wide196": (196, 64, 32, 10),
    }
)
SCALES = 2.0 ** np.linspace(-0.5, 6, 118)  # of a neuron that are tried, in units of that of its largest weight
CALIBRATING = 256  # inputs that the shifts are chosen on
LIT = 0.2  # of the inputs of a picture


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Magnitudes of weights, the greatest value that is stored, and the bits that hold a final sum."""

    magnitudes: tuple[int, ...]
    top: int
    field: int

    @property
    def is_whole(self) -> bool:
        """Whether it is all of int8: the largest weight is then 127."""
        return self.magnitudes == tuple(range(1, 128))


ALPHABETS: Mapping[str, Alphabet] = MappingProxyType(
    {
        "pow2": Alphabet((1, 2, 4, 8, 16), 255, 24),
        "m1": Alphabet((1, 2, 3, 4, 6, 8, 12, 24), 127, 16),
        "int8": Alphabet(tuple(range(1, 128)), 255, 32),
    }
)


def integer_survivors(widths: tuple[int, ...], sparsity: float, alphabet: str, seed: int = 1) -> IntegerNetwork:
    """`survivors` of these widths, its weights from `ALPHABETS[alphabet]`, its values unsigned bytes."""
    network, letters = survivors(widths, sparsity, seed), ALPHABETS[alphabet]
    random = np.random.default_rng(7)
    raw = random.random((CALIBRATING, widths[0]))
    if widths[0] in (196, 784):
        raw *= random.random(raw.shape) < LIT
    values, scale = np.rint(raw * letters.top).astype(np.int64), np.full(widths[0], 1 / letters.top)
    first, layers = scale, list[IntegerDense]()
    for i, dense in enumerate(network.dense):
        weight, scale = _snapped(dense, scale, letters)
        bias = np.rint(dense.bias / scale).astype(np.int64)
        layer = _layer(weight, bias, values, letters, is_last=i == len(network.dense) - 1)
        layers.append(layer)
        if isinstance(layer.requantisation, Shift):
            shift = layer.requantisation.shift
            values = np.clip((values @ weight.T + layer.bias) >> shift, 0, letters.top)
            scale = scale * 2.0**shift
    zeros = np.zeros(widths[0], np.int32), np.zeros(widths[-1], np.int32)
    return IntegerNetwork(tuple(layers), network.domain, network.shape, UINT8, first, zeros[0], scale, zeros[1])


def _snapped(dense: Dense, scale: F64, letters: Alphabet) -> tuple[I64, F64]:
    """The weights on integers in letters of the alphabet, and what one of a neuron's sum stands for."""
    weights = dense.weight.astype(np.float64) * scale
    made = [_row(row, float(bias), letters) for row, bias in zip(weights, dense.bias)]
    return np.array([row for row, _ in made]), np.array([unit for _, unit in made])


def _row(weight: F64, bias: float, letters: Alphabet) -> tuple[I64, float]:
    """One neuron: the scale of least squared error whose worst sum fits the field, and even weights halved."""
    used, row = weight != 0, np.zeros(len(weight), np.int64)
    if not used.any():
        return row, max(abs(bias), 2.0**-20) / letters.top
    magnitude, sign = np.abs(weight[used]), np.sign(weight[used]).astype(np.int64)
    known = np.array(letters.magnitudes)
    between = (known[1:] + known[:-1]) / 2
    units = magnitude.max() / known[-1] * (np.ones(1) if letters.is_whole else SCALES)
    snapped = known[np.searchsorted(between, magnitude / units[:, None])]
    units = (snapped @ magnitude) / (snapped**2).sum(1)
    error = ((magnitude - units[:, None] * snapped) ** 2).sum(1)
    limit = 2 ** (letters.field - 1) - 1 - np.rint(np.abs(bias) / units) - (1 << 8)
    most = np.maximum(snapped @ (sign > 0), snapped @ (sign < 0)) * letters.top
    best = int(np.argmin(np.where(most <= limit, error, np.inf)))
    assert most[best] <= limit[best], "no scale keeps the sum in its field"
    row[used], unit = sign * snapped[best], float(units[best])
    even = int(np.gcd.reduce(snapped[best]))
    even &= -even
    return (row, unit) if letters.is_whole else (row // even, unit * even)


def _layer(weight: I64, bias: I64, values: I64, letters: Alphabet, is_last: bool) -> IntegerDense:
    neurons = len(bias)
    if is_last:
        ends = np.full(neurons, INT32.low, np.int32), np.full(neurons, INT32.high, np.int32)
        return IntegerDense(weight.astype(np.int16), bias.astype(np.int32), None, Activation.LINEAR, INT32, *ends)
    most = np.maximum((values @ weight.T + bias).max(0), 1)
    shift = np.maximum(0, np.ceil(np.log2(most / letters.top))).astype(np.int64)
    bias = bias + np.where(shift > 0, 1 << np.maximum(shift - 1, 0), 0)  # half of the last place: to the nearest
    ends = np.zeros(neurons, np.int32), np.full(neurons, letters.top, np.int32)
    return IntegerDense(weight.astype(np.int16), bias.astype(np.int32), Shift(shift), Activation.RELU, UINT8, *ends)


def drawn_survivors(
    widths: tuple[int, ...], sparsity: float, sizes: NDArray[np.int64], seed: int = 1, paired: float = 0.0
) -> IntegerNetwork:
    """`survivors` whose weights are drawn from `sizes`, each as likely as the other, of either sign.

    `paired` of them stand beside one that takes the neighbouring input, (2i, 2i + 1).
    """
    network, letters, random = survivors(widths, sparsity, seed), ALPHABETS["int8"], np.random.default_rng(seed)
    values = np.rint(random.random((CALIBRATING, widths[0])) * letters.top).astype(np.int64)
    layers = list[IntegerDense]()
    for i, dense in enumerate(network.dense):
        alive = _paired(dense.weight != 0, paired, random)
        weight = np.where(alive, random.choice(sizes, alive.shape) * random.choice((-1, 1), alive.shape), 0)
        layer = _layer(weight, random.integers(1, 256, len(weight)), values, letters, i == len(network.dense) - 1)
        layers.append(layer)
        if isinstance(layer.requantisation, Shift):
            values = np.clip((values @ weight.T + layer.bias) >> layer.requantisation.shift, 0, letters.top)
    ends = np.ones(widths[0]), np.zeros(widths[0], np.int32), np.ones(widths[-1]), np.zeros(widths[-1], np.int32)
    return IntegerNetwork(tuple(layers), network.domain, network.shape, UINT8, *ends)


def _paired(alive: NDArray[np.bool_], share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """As many places of each neuron, `share` of them in blocks of two neighbouring inputs."""
    made = np.zeros_like(alive)
    for row, places in zip(made, alive, strict=True):
        count = int(places.sum())
        blocks = round(share * count / 2)
        order = random.permutation(len(row) // 2)
        for half in (0, 1):
            row[2 * order[:blocks] + half] = True
        single = order[blocks : blocks + count - 2 * blocks]
        row[2 * single + random.integers(0, 2, len(single))] = True
    return made
