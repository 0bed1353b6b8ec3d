"""What reads files of networks in integers with windows, and builds of them, with valid files to break."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from armlet.build.integer.read_any import read_any_build
from armlet.build.tensors.manifest import read_tensor_manifest
from armlet.errors import InputError
from armlet.formats.params import params_files
from armlet.formats.read import read_any_network
from armlet.integer.formats import INT8, INT32
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Reduction, Reshape
from armlet.verify.tensors.text import strange_tensor_text
from generators.reader import Reader
from generators.tensor_builds import tensors_made


def _conv(weight: list[list[int]], scaling: Multiplier | Shift, *window: object, border: int) -> IntegerConv:
    """Into int8 around -3."""
    count = len(weight)
    bias, ends = np.arange(5, 5 + count, dtype=np.int32), (np.full(count, -128), np.full(count, 127))
    body = IntegerDense(np.array(weight, np.int16), bias, scaling, Activation.LINEAR, INT8, *ends, zero=-3)
    return IntegerConv(body, *window, border=border)  # type: ignore[arg-type]


def _planes() -> IntegerNetwork:
    """A layer of every kind, and few arrays."""
    by = Multiplier(np.array([1 << 30, 3 << 29]), np.array([-6, -7]))
    first = _conv([[3, 0, -2, 1], [0, 7, 0, 0]], by, (2, 2), (1, 1), (0, 0, 1, 1), border=-128)
    depthwise = _conv([[5], [-6]], Shift(np.array([3, 2])), (1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 2, border=-3)
    scaling, back = (
        Multiplier(np.array([1 << 30] * 2), np.array([0, -1])),
        Multiplier(np.array([1 << 30]), np.array([-18])),
    )
    addition = IntegerAdd((3, 3), 20, scaling, back, INT8, -128, 127, 1)
    pool, ends = IntegerPool(Reduction.AVERAGE, (2, 1)), (np.full(1, INT32.low), np.full(1, INT32.high))
    dense = IntegerDense(np.array([[9, 0, -4, 2]], np.int16), np.array([7]), None, Activation.LINEAR, INT32, *ends)
    layers = first, depthwise, addition, pool, IntegerPool(Reduction.MAX, (1, 1), high=90), Reshape(), dense
    wiring = (0,), (1,), (1, 2), (3,), (4,), (5,), (6,)
    facts = (INT8, np.ones(4), np.full(4, -128), np.ones(1), np.zeros(1, int), {"by": "x"})
    return IntegerNetwork(layers, InputDomain.undeclared(4), (1, 2, 2), *facts, wiring=wiring)


def _single() -> IntegerNetwork:
    """As few files as a build has: each is read for every input."""
    layer = _conv([[3, 0, -2, 1]], Shift(np.array([3])), (2, 2), (1, 1), (0, 0, 1, 1), border=0)
    facts = (INT8, np.ones(4), np.zeros(4, int), np.ones(4), np.zeros(4, int))
    return IntegerNetwork((layer,), InputDomain.uniform(4, -100, 100), (1, 2, 2), *facts)


def _params(network: IntegerNetwork) -> dict[str, bytes]:
    files = params_files(network)
    return {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}


def _hear(note: str) -> None:
    """What a reader tells; the command line spells control characters out."""


def _read_params(path: Path) -> object:
    return read_any_network(path.parent, tell=_hear)


def _read_build(path: Path) -> object:
    return read_any_build(path.parent)


_PLANES, _ONE = _params(_planes()), _single()
_MADE, _LARGER = tensors_made(_ONE), tensors_made(_planes())
_N: Mapping[str, bytes] = _MADE.bundle.files
_M: Mapping[str, bytes] = _LARGER.bundle.files


def _read_text(path: Path) -> None:
    """As `armlet verify` reads the text, refused where it is not what armlet writes."""
    memory, text = _LARGER.bundle.manifest.memory, path.read_bytes().decode("ascii", errors="replace")
    target, sizes = _LARGER.selection.program.target, (memory.constants, memory.block)
    if problem := strange_tensor_text(text, "net", target, *sizes, _LARGER.network):
        raise InputError(path, problem)


def _array(name: str) -> Reader:
    """One array of the first layer, with all other files beside it."""
    beside = dict(_PLANES)
    content = beside.pop(f"{name}_0.npy")
    return Reader(f"win_{name.lower()}", f"{name}_0.npy", _read_params, (content,), beside=beside)


TENSOR_READERS = (
    Reader("win_toml", "network.toml", _read_params, (_PLANES["network.toml"],), beside=_PLANES),
    *(_array(name) for name in ("W", "multiplier")),
    Reader("ten_manifest", "net.json", read_tensor_manifest, (_N["net.json"], _M["net.json"])),
    Reader("ten_build", "net.json", _read_build, (_N["net.json"],), beside=_N),
    Reader("ten_whole", "net.json", _read_build, (_M["net.json"],), beside=_M),
    Reader("ten_input", "net_input_driver.json", _read_build, (_N["net_input_driver.json"],), beside=_N),
    Reader("ten_output", "net_output_driver.json", _read_build, (_N["net_output_driver.json"],), beside=_N),
    Reader("ten_text", "net.S", _read_text, (_M["net.S"],)),
)
