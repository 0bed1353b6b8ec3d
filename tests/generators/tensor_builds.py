"""Builds of networks with windows."""

from pathlib import Path

from armlet.config import IntegerCompileOptions
from armlet.integer.network import IntegerNetwork
from armlet.pipeline import TensorCompilation, compile_tensor_network, write_build


def compiled_tensors(network: IntegerNetwork, folder: Path, name: str = "net", **options: object) -> Path:
    """The build folder."""
    write_build(tensors_made(network, name, **options), folder / name)
    return folder / name


def tensors_made(network: IntegerNetwork, name: str = "net", **options: object) -> TensorCompilation:
    """The compilation alone."""
    return compile_tensor_network(network, name, IntegerCompileOptions(**options))  # type: ignore[arg-type]
