"""What reads files of networks in integers, with valid files to break."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from armlet.build.integer.manifest import read_integer_manifest
from armlet.build.integer.read import read_integer_driver
from armlet.build.integer.read_any import read_any_build
from armlet.config import AnnealOptions, IntegerCompileOptions
from armlet.errors import InputError
from armlet.formats.arrays import write_npy
from armlet.formats.params import params_files
from armlet.formats.read import read_any_network
from armlet.integer.argmax import Argmax
from armlet.integer.formats import INT8, INT16, INT32, UINT8
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.pipeline import IntegerCompilation, compile_integer_network
from armlet.pruning.checkpoint import Partial
from armlet.pruning.geometry.functional import masks_of, point_of
from armlet.pruning.quantise.snap import Snapped
from armlet.pruning.schedule import schedule
from armlet.pruning.state import Finished, PruningState, Snapping, Snapshot
from armlet.pruning.trace import PruningEpoch
from armlet.verify.integer.text import strange_integer_text
from generators.reader import Reader


def _layer(weight: list[list[int]], bias: list[int], **rest: object) -> IntegerDense:
    """A ReLU on unsigned bytes, where nothing else is said."""
    neurons = len(bias)
    facts = {"requantisation": Shift(np.full(neurons, 2)), "activation": Activation.RELU, "stored": UINT8}
    facts |= {"low": np.zeros(neurons, np.int32), "high": np.full(neurons, 255, np.int32)} | rest
    return IntegerDense(np.array(weight, np.int16), np.array(bias, np.int32), **facts)


def _of(*layers: IntegerDense) -> IntegerNetwork:
    count, outputs = layers[0].inputs, layers[-1].neurons
    scales = (
        np.full(count, 1 / 255),
        np.arange(count, dtype=np.int32),
        np.full(outputs, 0.5),
        np.zeros(outputs, np.int32),
    )
    return IntegerNetwork(layers, InputDomain.uniform(count, 0, 1), (count,), UINT8, *scales, {"seed": 7, "by": "x"})


def _ends(low: int, high: int, neurons: int) -> dict[str, object]:
    return {"low": np.full(neurons, low, np.int32), "high": np.full(neurons, high, np.int32)}


def _sums(weight: list[list[int]], bias: list[int]) -> IntegerDense:
    ends = _ends(INT32.low, INT32.high, len(bias))
    return _layer(weight, bias, requantisation=None, activation=Activation.LINEAR, stored=INT32, **ends)


def _shifted() -> IntegerDense:
    return _layer([[300, -2]], [5], activation=Activation.LEAKY_RELU, slope=328, stored=INT16, **_ends(-500, 500, 1))


def _curved() -> IntegerDense:
    by = Multiplier(np.array([1 << 30]), np.array([-9]))
    facts = {"requantisation": by, "activation": Activation.TANH, "stored": INT8, "table": np.arange(-128, 128)}
    return _layer([[3]], [1], **facts, **_ends(-128, 127, 1))


def _params(network: IntegerNetwork) -> Mapping[str, bytes]:
    files = params_files(network)
    return {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}


def _build(network: IntegerNetwork, target: str, optimize: str) -> IntegerCompilation:
    return compile_integer_network(
        network, "net", IntegerCompileOptions(target, optimize, anneal=AnnealOptions(moves=0))
    )


def _looped() -> IntegerNetwork:
    """So many weights that a loop over a table is smaller."""
    signs = np.where(np.arange(60).reshape(6, 10) % 7 < 3, -1, 1)
    return _of(_sums((signs * (1 + np.arange(60).reshape(6, 10))).tolist(), [1, 2, 3, 4, 5, 6]))


def _read_params(path: Path) -> object:
    return read_any_network(path.parent, tell=_hear)


def _hear(note: str) -> None:
    """What a reader tells; the command line spells control characters out."""


def _read_build(path: Path) -> object:
    return read_any_build(path.parent)


def _read_text(path: Path) -> None:
    """As `armlet verify` reads the text, refused where it is not what armlet writes."""
    memory, text = _MADE.bundle.manifest.memory, path.read_bytes().decode("ascii", errors="replace")
    network, target = _MADE.network, _MADE.selection.program.target
    if problem := strange_integer_text(text, "net", target, memory.constants, memory.block, network):
        raise InputError(path, problem)


_SETTINGS = {"sparsify_seed": 7, "sparsify_weights": "pow2", "sparsify_activations": "int8"}


def _home() -> Network:
    first = Dense(np.ones((2, 3), np.float32), np.zeros(2, np.float32), Activation.RELU)
    last = Dense(np.array([[0.5, -2]], np.float32), np.array([1], np.float32), Activation.LINEAR)
    return Network((first, last), InputDomain.uniform(3), (3,))


def _partial() -> Mapping[str, bytes]:
    """What a run leaves that ended while the weights of its second network were snapped; the first is done."""
    home = _home()
    plan = schedule(home.weights, home.connections, 0.5, len(home.dense), 4, (0.25,), 1)
    point, masks = point_of(home), masks_of(home)
    epochs = (PruningEpoch(1, 2, 0.25, 7, 0.1, 0.2, True, True, 0.5, snapped=0.5),)
    at = Snapped(point, masks, tuple(np.ones(len(layer.bias)) for layer in home.dense))
    state = PruningState(
        point, masks, 0.5, plan, epochs, (Snapshot(1, point),), Snapping(1, 2, at), (Finished(1, _TWO, 0.1, True),)
    )
    with TemporaryDirectory() as folder:
        Partial(Path(folder)).save(state, _SETTINGS)
        found = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return found | {f"finished_0/{name}": content for name, content in _params(_TWO).items()}


def _load(path: Path) -> object:
    return Partial(path.parent, resume=True).load(_home(), _SETTINGS)


_KINDS = _of(_shifted(), _curved(), _sums([[5], [-9]], [3, 4]))
_P = _params(_KINDS)
_LARGEST = _params(replace(_KINDS, argmax=Argmax(np.array([3, 2]), np.array([0, 5]), 12)))
_ONE = _of(_sums([[5, 0, 1], [-9, 2, 0]], [3, 4]))  # few files, each of which is read for every input
_TWO = _of(_layer([[1, 2, -4], [0, 8, 1]], [1, -2]), _sums([[1, -2]], [7]))
_N = _build(_ONE, "cortex-m4", "speed").bundle.files
_M = _build(_TWO, "cortex-m0plus", "speed").bundle.files
_MADE = _build(_looped(), "cortex-m4", "size")
_UNFINISHED = _partial()
_WIDE = (write_npy(np.array([[300, -2]], np.int64)), write_npy(np.array([[1.0, 2.0]])))


def _array(name: str, layer: IntegerDense, *more: bytes) -> Reader:
    """One array of a network of one layer, with the others beside it."""
    beside = dict(_params(_of(layer)))
    content = beside.pop(f"{name}_0.npy")
    return Reader(f"int_{name.lower()}", f"{name}_0.npy", _read_params, (content, *more), beside=beside)


INTEGER_READERS = (
    Reader("int_toml", "network.toml", _read_params, (_P["network.toml"], _LARGEST["network.toml"]), beside=_P),
    _array("W", _shifted(), *_WIDE),
    _array("shift", _shifted()),
    *(_array(name, _curved()) for name in ("multiplier", "exponent", "table")),
    Reader("int_manifest", "net.json", read_integer_manifest, (_N["net.json"], _M["net.json"])),
    Reader(
        "int_driver",
        "d.json",
        lambda path: read_integer_driver(path, "input", 3),
        (_N["net_input_driver.json"], _M["net_input_driver.json"]),
    ),
    Reader(
        "int_fields",
        "net_input_driver.json",
        lambda path: read_any_build(path.parent),
        (_N["net_input_driver.json"],),
        beside=_N,
    ),
    Reader("int_build", "net.json", lambda path: read_any_build(path.parent), (_N["net.json"],), beside=_N),
    Reader("int_text", "net.S", _read_text, (_MADE.bundle.files["net.S"],)),
    Reader("snapped", "checkpoint.npz", _load, (_UNFINISHED["checkpoint.npz"],), beside=_UNFINISHED),
)
