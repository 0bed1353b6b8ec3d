"""armlet: sparse neural networks, without data, to ARM assembly in which the weights are the program.

Each stage of the road is one function:

    read_topology, read_source, make_dataset     a data set at the side that the topology asks for
    train_network                                a ReLU perceptron
    read_network, write_params                   networks in and out of files
    read_any_network                             the same, for networks in integers too
    sparsify                                     fewer weights, the same function, no data
    compile_network                              assembly, header, drivers, manifest
    compile_integer_network                      the same, of a chain of dense layers in integers
    compile_tensor_network                       the same, of a network in integers that has windows
    compile_float_network                        the same, of a network in real numbers that has windows
    verify_build, run_build                      the linked bytes, in the emulator

Names are fetched when they are first used, so that importing armlet wakes neither JAX nor Numba. `Layer` is the name
that `Dense` had while there was no other kind of layer; it is kept for the scripts that say it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from armlet.version import __version__

if TYPE_CHECKING:
    from armlet.config import AnnealOptions, CompileOptions, IntegerCompileOptions
    from armlet.data.dataset import DataSet, make_dataset
    from armlet.data.source import SourceOptions, read_source
    from armlet.errors import (
        ArmletError,
        ArmletWarning,
        CapacityError,
        InputError,
        InvariantError,
        TargetError,
        ToolchainError,
    )
    from armlet.formats.declaration import Declaration
    from armlet.formats.params import read_params, write_params
    from armlet.formats.read import read_any_network, read_network
    from armlet.integer.network import IntegerNetwork
    from armlet.isa.targets import INTEGER_TARGETS, TARGETS
    from armlet.network.activation import Activation
    from armlet.network.domain import InputDomain, Origin
    from armlet.network.layers import Dense
    from armlet.network.layers import Dense as Layer
    from armlet.network.network import Network, multilayer_perceptron
    from armlet.network.outputs import OutputKind
    from armlet.network.topology import Topology, read_topology
    from armlet.pipeline import (
        Compilation,
        IntegerCompilation,
        TensorCompilation,
        compile_integer_network,
        compile_network,
        compile_tensor_network,
        write_build,
    )
    from armlet.pruning.options import SparsifyOptions
    from armlet.pruning.sparsify import Sparsified, sparsify
    from armlet.train.options import TrainOptions
    from armlet.train.trainer import train_network
    from armlet.verify.run import run_build
    from armlet.verify.verdict import Verdict
    from armlet.verify.verify import verify_build
    from armlet.windows.compile import FloatCompilation, compile_float_network

_HOMES = {
    "config": ("AnnealOptions", "CompileOptions", "IntegerCompileOptions"),
    "data.dataset": ("DataSet", "make_dataset"),
    "data.source": ("SourceOptions", "read_source"),
    "errors": (
        "ArmletError",
        "ArmletWarning",
        "CapacityError",
        "InputError",
        "InvariantError",
        "TargetError",
        "ToolchainError",
    ),
    "pruning.options": ("SparsifyOptions",),
    "pruning.sparsify": ("Sparsified", "sparsify"),
    "network.activation": ("Activation",),
    "network.domain": ("InputDomain", "Origin"),
    "network.layers": ("Dense",),
    "network.network": ("Network", "multilayer_perceptron"),
    "network.outputs": ("OutputKind",),
    "formats.declaration": ("Declaration",),
    "formats.params": ("read_params", "write_params"),
    "formats.read": ("read_any_network", "read_network"),
    "integer.network": ("IntegerNetwork",),
    "network.topology": ("Topology", "read_topology"),
    "pipeline": (
        "Compilation",
        "IntegerCompilation",
        "TensorCompilation",
        "compile_integer_network",
        "compile_network",
        "compile_tensor_network",
        "write_build",
    ),
    "windows.compile": ("FloatCompilation", "compile_float_network"),
    "isa.targets": ("INTEGER_TARGETS", "TARGETS"),
    "train.options": ("TrainOptions",),
    "train.trainer": ("train_network",),
    "verify.run": ("run_build",),
    "verify.verdict": ("Verdict",),
    "verify.verify": ("verify_build",),
}
_HOME = {name: f"armlet.{home}" for home, names in _HOMES.items() for name in names}
_FORMER = {"Layer": "Dense"}  # names that were, to those that are

__all__ = [
    "INTEGER_TARGETS",
    "TARGETS",
    "Activation",
    "AnnealOptions",
    "ArmletError",
    "ArmletWarning",
    "CapacityError",
    "Compilation",
    "CompileOptions",
    "DataSet",
    "Declaration",
    "Dense",
    "FloatCompilation",
    "InputDomain",
    "InputError",
    "IntegerCompilation",
    "IntegerCompileOptions",
    "IntegerNetwork",
    "InvariantError",
    "Layer",
    "Network",
    "Origin",
    "OutputKind",
    "SourceOptions",
    "Sparsified",
    "SparsifyOptions",
    "TargetError",
    "TensorCompilation",
    "ToolchainError",
    "Topology",
    "TrainOptions",
    "Verdict",
    "__version__",
    "compile_float_network",
    "compile_integer_network",
    "compile_network",
    "compile_tensor_network",
    "make_dataset",
    "multilayer_perceptron",
    "read_any_network",
    "read_network",
    "read_params",
    "read_source",
    "read_topology",
    "run_build",
    "sparsify",
    "train_network",
    "verify_build",
    "write_build",
    "write_params",
]


def __getattr__(name: str) -> Any:
    name = _FORMER.get(name, name)
    if name not in _HOME:
        raise AttributeError(f"module 'armlet' has no attribute {name!r}")
    try:
        return getattr(import_module(_HOME[name]), name)
    except ModuleNotFoundError as missing:
        from armlet.extras import extra_of

        if extra := extra_of(missing.name or ""):
            problem = f"armlet.{name} needs {missing.name}; pip install 'armlet[{extra}]'"
            raise ModuleNotFoundError(problem, name=missing.name) from missing
        raise


def __dir__() -> list[str]:
    return __all__
