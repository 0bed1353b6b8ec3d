"""Every reader of armlet, with valid files to break: what tests/fuzz.py tries. A new format joins by one entry.

Those of networks in integers stand in integer_readers.py, of those with windows in tensor_readers.py.
"""

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from armlet.arithmetic.float32 import FLOAT32
from armlet.build.manifest import read_manifest
from armlet.build.order_file import read_order
from armlet.build.read import read_build, read_driver
from armlet.cli.options import resolve_options
from armlet.cli.sparsifying.result import finished_trace
from armlet.config import AnnealOptions, CompileOptions
from armlet.data.archive import read_archive
from armlet.data.idx import read_idx, read_idx_folder
from armlet.data.sheet import read_sheet
from armlet.data.source import SourceOptions
from armlet.data.table import read_inputs, read_samples, read_targets
from armlet.formats.arrays import read_npy, write_npy
from armlet.formats.named.npz import read_npz_network
from armlet.formats.onnx.write import onnx_bytes
from armlet.formats.params import params_files, read_params
from armlet.formats.read import read_any_network, read_model
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Add, Conv, Dense, Pool, Reduction, Reshape
from armlet.network.network import Network
from armlet.network.topology import read_topology
from armlet.pipeline import compile_network
from armlet.pruning.checkpoint import Partial
from armlet.pruning.geometry.functional import masks_of, point_of
from armlet.pruning.inputs.moments import read_moments
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.schedule import schedule
from armlet.pruning.state import PruningState, Snapshot
from armlet.pruning.trace import PruningEpoch, PruningTrace
from armlet.train.options import TrainOptions
from armlet.verify.options import RunOptions, VerifyOptions
from generators.integer_readers import INTEGER_READERS
from generators.model_readers import MODEL_READERS
from generators.onnx_models import BESIDE, onnx_files
from generators.reader import Reader
from generators.tensor_readers import TENSOR_READERS
from generators.tflite_files import activated_chain, float_planes, float_rows, random_integer_chain
from generators.tflite_planes import random_integer_planes


def _zipped(*names: str) -> Callable[[bytes], bytes]:
    """Packs one array under each of these names, the broken one first, in a sound archive."""

    def pack(content: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for i, name in enumerate(names):
                archive.writestr(f"{name}.npy", content if i == 0 else _SOUND[name])
        return buffer.getvalue()

    return pack


_F32 = np.linspace(0, 1, 12, dtype=np.float32)
_SOUND = {"std": write_npy(_F32[:3]), "mean": write_npy(_F32[:3])}
_SOUND |= {"y": write_npy(np.array([0, 1, 2])), "b1": write_npy(np.zeros(3, np.float32))}
_SOUND["fc.weight"] = write_npy(_F32[:6].reshape(2, 3))
_SOUND["labels"] = write_npy(np.array([0, 1, 0, 1]))
_ARRAYS = (
    write_npy(_F32.reshape(3, 4)),
    write_npy(np.asfortranarray(_F32.reshape(3, 4))),
    write_npy(np.arange(12, dtype=np.uint8).reshape(3, 2, 2)),
    write_npy(_F32.astype(np.float64)),
    write_npy(np.eye(3, dtype=bool)),
)

_IMAGES = (write_npy(np.arange(16, dtype=np.uint8).reshape(4, 2, 2)), write_npy(_F32[:4].reshape(4, 1)))


def _network() -> Network:
    """As few files as a network with a hidden layer has: each is read for every input of `toml` and `build`."""
    rng = np.random.default_rng(7)
    first = Dense(rng.uniform(-1, 1, (2, 3)).astype(np.float32), np.zeros(2, np.float32), Activation.RELU)
    last = Dense(np.array([[0.5, -2], [1, 0]], np.float32), np.array([1, 2], np.float32), Activation.LINEAR)
    return Network((first, last), InputDomain.uniform(3, [0, -1, 0], [1, 1, 3], 0.5, 2), (3,), {"seed": 7, "by": "x"})


def _build() -> Mapping[str, bytes]:
    return compile_network(_network(), "net", CompileOptions(anneal=AnnealOptions(moves=10))).bundle.files


def _planes() -> Network:
    """A layer of almost every kind, and few arrays."""
    kernel, bias = np.ones((2, 1, 2, 2), np.float32), np.zeros(2, np.float32)
    conv = Conv(kernel, bias, Activation.LEAKY_RELU, 0.5, (1, 1), (0, 0, 1, 1), (1, 1), 1)
    pool, end = Pool(Reduction.MAX, (2, 2), (1, 1)), Dense(np.ones((2, 2), np.float32), bias, Activation.LINEAR)
    layers, wiring = (conv, Add(Activation.RELU), pool, Reshape((2,)), end), ((0,), (1, 1), (2,), (3,), (4,))
    return Network(layers, InputDomain.uniform(4), (1, 2, 2), wiring=wiring)


def _params(network: Network) -> dict[str, bytes]:
    files = params_files(network)
    return {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}


def _hear(note: str) -> None:
    """What a reader tells; the command line spells control characters out."""


_SETTINGS = {"sparsify_seed": 7, "sparsify_rate": 0.5, "sparsify_inputs": "uniform"}
_EPOCHS = (
    PruningEpoch(1, 2, 0.25, 7, 0.1, 0.2, True, True, 0.5),
    PruningEpoch(2, 2, 0.25, 7, 0.3, 0.2, False, False, 1.0, 1e-3, 0.5),
)
_TRACE = PruningTrace(1, _SETTINGS, _EPOCHS).to_json().encode()


def _partial() -> Mapping[str, bytes]:
    """What a run leaves that ended after its first epoch, with a network kept there."""
    home = _network()
    plan = schedule(home.weights, home.connections, 0.5, len(home.dense), 4, (0.25,), 1)
    point, kept = point_of(home), (Snapshot(1, point_of(home)),)
    with TemporaryDirectory() as folder:
        Partial(Path(folder)).save(PruningState(point, masks_of(home), 0.5, plan, _EPOCHS[:1], kept), _SETTINGS)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def _read_params(path: Path) -> object:
    return read_params(path.parent, tell=_hear)


def _load(path: Path) -> object:
    return Partial(path.parent, resume=True).load(_network(), _SETTINGS)


_TOML = b"""[dataset]
name = "digits"
seed = 1
[train]
epochs = 3
decay = 0.5
rate = 1e-3
[sparsify]
max_distance = 0.05
path = [0.5, 0.75]
selector = "diagonal"
metric = "fisher"
[compile]
target = "cortex-m4f"
registers = 12
simplify = true
flash = 65536
[compile.anneal]
moves = 20
hot = 0.3
[verify]
random = 4
[run]
entry = "core"
"""


_SECTIONS = (("compile", CompileOptions), ("dataset", SourceOptions), ("train", TrainOptions))
_SECTIONS = (*_SECTIONS, ("sparsify", SparsifyOptions), ("verify", VerifyOptions), ("run", RunOptions))


def _settle(path: Path) -> None:
    """One section of armlet.toml, another for files of another length."""
    section, kind = _SECTIONS[path.stat().st_size % len(_SECTIONS)]
    resolve_options(kind, section, path)


_IDX3 = bytes((0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2)) + bytes(range(12))
_IDX1 = bytes((0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2))
_IDX_BESIDE = {"train-labels-idx1-ubyte": _IDX1, "t10k-labels-idx1-ubyte": _IDX1, "t10k-images-idx3-ubyte": _IDX3}
_NUMBERS = (b"0.5,1,0,0.25\n-1,1e-3,2,0\n", b"\xef\xbb\xbf0,1,2,3\r\n", b"1;2\n")
_SHEET = (
    b"label,a,b,c,d\n0,1,2,3,4\n1,2,3,4,5\n2,3,4,5,6\n0,1,2,3,4\n1,2,3,4,5\n2,3,4,5,6\n",
    b"1,2,0\n3,4,1\n5,6,2\n",
)
_WORDS = (write_npy(_F32[1:4]), write_npy(np.array(2.0)), write_npy(np.arange(3)))
_MOMENTS = (write_npy(_F32[:3]), write_npy(np.arange(3)))
_COVARIANCES = (write_npy(np.eye(3)), write_npy(np.ones((3, 3), np.float32)))
_UNFINISHED = _partial()
_LABELS = (b"0\n2\n1\n", b"1,0,0\n0,1,0\n0,0,1\n")
_N = _build()
_COUNT = _network().inputs
_P = _params(_network())
_K = _params(_planes())
_ARRAYS_ONLY = {name: content for name, content in _P.items() if name != "network.toml"}
_ACTIVATED = activated_chain(np.random.default_rng(1), ["TANH", "RELU6"], -9, 12.0)
_TFLITE = (
    float_planes(),
    float_rows(),
    _ACTIVATED,
    *(random_integer_chain(np.random.default_rng(seed)) for seed in (1, 5)),
    *(random_integer_planes(np.random.default_rng(seed)) for seed in (3, 7)),
)
_READERS = (
    Reader("topology", "t.csv", read_topology, (b"14, 10, 10, 10\n", b"2,3\n")),
    Reader("inputs", "x.csv", lambda path: read_inputs(path, 4), _NUMBERS),
    Reader("labels", "y.csv", lambda path: read_targets(path, 3, True, _hear), _LABELS),
    Reader("npy", "a.npy", read_npy, _ARRAYS),
    Reader("samples", "s.npz", lambda path: read_samples(path, 4, 3), _ARRAYS, _zipped("X", "y")),
    Reader("npz", "n.npz", lambda path: read_npz_network(path, tell=_hear), _ARRAYS, _zipped("W1", "b1")),
    Reader("words", "n.npz", lambda path: read_npz_network(path, tell=_hear), _WORDS, _zipped("std", "fc.weight")),
    Reader("toml", "network.toml", _read_params, (_P["network.toml"],), beside=_P),
    Reader("layers", "network.toml", _read_params, (_K["network.toml"],), beside=_K),
    Reader("weights", "W_0.npy", _read_params, (_P["W_0.npy"],), beside=_ARRAYS_ONLY),
    Reader("moments", "m.npz", lambda path: read_moments(path, 3), _MOMENTS, _zipped("mean", "std")),
    Reader("covariance", "m.npz", lambda path: read_moments(path, 3), _COVARIANCES, _zipped("covariance", "mean")),
    Reader("checkpoint", "checkpoint.npz", _load, (_UNFINISHED["checkpoint.npz"],), beside=_UNFINISHED),
    Reader("trace", "trace.json", lambda path: finished_trace(path.parent, _SETTINGS), (_TRACE,)),
    Reader("config", "armlet.toml", _settle, (_TOML,)),
    Reader("manifest", "net.json", read_manifest, (_N["net.json"],)),
    Reader(
        "driver", "d.json", lambda path: read_driver(path, "input", _COUNT, FLOAT32), (_N["net_input_driver.json"],)
    ),
    Reader("order", "o.npz", lambda path: read_order(path, FLOAT32), (_N["net_order.npz"],)),
    Reader("build", "net.json", lambda path: read_build(path.parent), (_N["net.json"],), beside=_N),
    Reader("idx", "i", lambda path: read_idx(path, 3), (_IDX3,), lambda content: gzip.compress(content, 1, mtime=0)),
    Reader(
        "mnist",
        "train-images-idx3-ubyte",
        lambda path: read_idx_folder(path.parent, 3),
        (_IDX3,),
        beside=_IDX_BESIDE,
    ),
    Reader("images", "a.npz", lambda path: read_archive(path, 2, 0), _IMAGES, _zipped("images", "labels")),
    Reader("onnx", "m.onnx", read_model, (*onnx_files(), onnx_bytes(_planes())), beside={BESIDE: bytes(64)}),
    Reader("tflite", "n.tflite", lambda path: read_any_network(path, tell=_hear), _TFLITE),
    Reader("sheet", "s.csv", lambda path: read_sheet(path, 3, 0), _SHEET),
)
READERS: Mapping[str, Reader] = {
    reader.name: reader for reader in (*_READERS, *INTEGER_READERS, *TENSOR_READERS, *MODEL_READERS)
}
