"""What each optional part of armlet is made of, and what to install where it is missing. Imports none of it."""

from collections.abc import Mapping
from importlib.util import find_spec

from armlet.errors import ToolchainError

EXTRAS: Mapping[str, Mapping[str, str]] = {  # package by the name that is imported, as pyproject.toml has them
    "data": {"sklearn": "scikit-learn"},
    "formats": {
        "onnx": "onnx",
        "tflite": "tflite",
        "flatbuffers": "flatbuffers",
        "safetensors": "safetensors",
        "h5py": "h5py",
    },
    "sparsify": {"jax": "jax", "optax": "optax", "scipy": "scipy", "threadpoolctl": "threadpoolctl"},
    "verify": {"unicorn": "unicorn", "capstone": "capstone", "elftools": "pyelftools"},
}


def missing(extra: str) -> str:
    """What of an extra is not installed, by package name; empty where all is."""
    return ", ".join(package for module, package in EXTRAS[extra].items() if find_spec(module) is None)


def require(what: str, *extras: str) -> None:
    """Raise `ToolchainError` that says what to install for `what`, where something is missing."""
    lacking = {extra: missing(extra) for extra in extras if missing(extra)}
    if lacking:
        packages = ", ".join(lacking.values())
        raise ToolchainError(f"{what} needs {packages}; pip install 'armlet[{','.join(lacking)}]'")


def extra_of(module: str) -> str | None:
    """The extra that brings a module, if one does."""
    return next((extra for extra, modules in EXTRAS.items() if module.partition(".")[0] in modules), None)
