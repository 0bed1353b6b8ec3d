"""Builds of networks with windows, and what a verdict says of them beside the proof."""

from pathlib import Path

from armlet.config import IntegerCompileOptions
from armlet.integer.network import IntegerNetwork
from armlet.pipeline import TensorCompilation, compile_tensor_network, write_build
from armlet.verify.verdict import Verdict


def compiled_tensors(network: IntegerNetwork, folder: Path, name: str = "net", **options: object) -> Path:
    """The build folder."""
    write_build(tensors_made(network, name, **options), folder / name)
    return folder / name


def tensors_made(network: IntegerNetwork, name: str = "net", **options: object) -> TensorCompilation:
    """The compilation alone."""
    return compile_tensor_network(network, name, IntegerCompileOptions(**options))  # type: ignore[arg-type]


def broken_beside_proof(verdict: Verdict) -> list[str]:
    """The claims that do not hold, but those that need a proof, of which there is none yet."""
    waiting = ("there is no proof", "not every input is proved")
    return [f"{c.claim}: {c.detail}" for c in verdict.checks if not c.holds and not c.detail.startswith(waiting)]
