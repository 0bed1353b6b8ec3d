"""A network to a file that other tools open: which format, the suffix says."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from armlet.errors import InputError
from armlet.extras import require
from armlet.integer.network import IntegerNetwork
from armlet.network.network import Network

# Takes the network, where it was read, and where to write it; may give a line for each thing that the file cannot say.
ModelWriter = Callable[[Network | IntegerNetwork, Path, Path], tuple[str, ...] | None]
WRITERS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {  # by suffix, in lower case: what it is, the module, and its writer
        ".onnx": ("ONNX", "armlet.formats.onnx.write", "write_onnx"),
        ".tflite": ("TensorFlow Lite", "armlet.formats.tflite.write", "write_tflite"),
        ".npz": ("NumPy arrays", "armlet.formats.writers.npz", "write_npz_network"),
    }
)


def write_model(network: Network | IntegerNetwork, source: Path, path: Path) -> tuple[str, ...]:
    """Write `network` to `path`, whole or not at all; `source` is the file that it came from.

    Gives a line for each thing that the file cannot say. Raises `InputError`.
    """
    if (suffix := path.suffix.lower()) not in WRITERS:
        raise InputError(path, "has no suffix that armlet writes", f"end it in {' or '.join(WRITERS)}")
    what, module, name = WRITERS[suffix]
    if suffix != ".npz":
        require(f"writing {what}", "formats")
    writer: ModelWriter = getattr(import_module(module), name)
    return writer(network, source, path) or ()
