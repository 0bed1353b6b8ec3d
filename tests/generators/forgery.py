"""Forged builds: an honest one, changed, and sealed again so that only a real check can tell."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from armlet.formats.arrays import read_npz, write_npz
from armlet.isa.core import Core
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.toolchain.toolchain import Toolchain


def shown(value: object) -> bytes:
    """JSON as armlet writes it, so that the bytes give nothing away."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


@dataclass
class Forgery:
    """The files of a build, to be changed."""

    files: dict[str, bytes]
    scratch: Path

    def text(self, change: Callable[[str], str], name: str = "net.S") -> None:
        """Change a text file; a change that finds nothing to change is a fault of the forgery."""
        before = self.files[name].decode()
        self.files[name] = change(before).encode("latin-1")
        assert self.files[name] != before.encode(), "nothing was forged"

    def swap(self, old: str, new: str, name: str = "net.S", count: int = 1) -> None:
        assert old in self.files[name].decode(), f"no {old!r}"
        self.text(lambda text: text.replace(old, new, count), name)

    def json(self, change: Callable[[Any], object], name: str = "net.json") -> None:
        """Change parsed JSON in place, written back as armlet writes it."""
        value = json.loads(self.files[name])
        change(value)
        whole = shown(value)
        assert whole != self.files[name], "nothing was forged"
        self.files[name] = whole

    def order(self, **changes: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
        """Change arrays of the declared order."""
        (self.scratch / "o.npz").write_bytes(self.files["net_order.npz"])
        arrays = dict(read_npz(self.scratch / "o.npz"))
        for name, change in changes.items():
            arrays[name] = change(arrays[name].copy()).astype(arrays[name].dtype)
        self.files["net_order.npz"] = write_npz(arrays)

    def seal(self) -> None:
        """Make the hashes of all listed files agree."""
        manifest = json.loads(self.files["net.json"])
        if shown(manifest) != self.files["net.json"]:
            return  # it is the manifest's own text that was forged
        listed = manifest.get("files")
        if isinstance(listed, dict) and listed:
            for name in listed:
                if name in self.files:
                    listed[name] = hashlib.sha256(self.files[name]).hexdigest()
            self.files["net.json"] = shown(manifest)

    def write(self, folder: Path) -> Path:
        build = folder / "net"
        build.mkdir()
        for name, content in self.files.items():
            (build / name).write_bytes(content)
        return build


@dataclass
class Remembering:
    """A toolchain that does nothing twice: what it makes depends on what it is given alone."""

    tools: Toolchain
    known: dict[object, bytes] = field(default_factory=dict)

    def describe(self) -> str:
        self.known["describe"] = self.known.get("describe") or self.tools.describe().encode()
        return self.known["describe"].decode()

    def assemble(self, source: str, core: Core) -> bytes:
        if source not in self.known:
            self.known[source] = self.tools.assemble(source, core)
        return self.known[source]

    def compile_c(self, source: str, core: Core, seconds: float = 120) -> bytes:
        return self.tools.compile_c(source, core, seconds)

    def link(self, objects: Sequence[bytes], core: Core, entry: str, script: str = "") -> bytes:
        key = (*objects, entry, script)
        if key not in self.known:
            self.known[key] = self.tools.link(objects, core, entry, script)
        return self.known[key]


def rich_network(bias: float = 0.2, weight: float = 0.7, slope: float = 0.3, low: float = -1.0) -> Network:
    """5-7-4-3 with all that a build may declare: a dead neuron of large summands, a constant, twins, scales, an input
    that nobody reads, decided and leaking activations."""
    first = np.array(
        [
            [0.5, -1.25, 0.0, 0.3, 0.0],
            [1.0, -2.5, 0.0, 0.6, 0.0],  # twice the one before
            [3e4, 2e4, 0.0, -1e4, 0.0],  # dead: its sum stays below zero
            [0.0, 0.0, 0.0, 0.0, 0.0],  # a constant
            [0.1, 0.2, 0.0, -0.3, 0.0],  # never below zero
            [0.9, weight, 0.0, 0.4, 0.0],
            [0.25, 0.5, 0.0, -0.125, 0.0],
        ]
    )
    second = np.array(
        [
            [0.7, 0.2, 0.4, 1.5, -0.3, 0.8, 0.5],
            [-0.6, 0.9, -0.2, 0.7, 0.35, -0.45, 2.0],
            [0.31, -0.77, 0.11, -0.9, 0.23, 0.67, -0.25],
            [0.0, 0.0, 0.3, 0.4, 0.6, -0.9, 0.5],
        ]
    )
    third = np.array([[0.8, -0.4, 0.6, 0.35], [0.2, 0.9, -0.7, 0.15], [-0.55, 0.3, 0.45, -0.85]])
    biases = [[0.05, 0.1, -2e5, 0.9, 2.0, -0.2, 0.0], [0.1, -0.2, 0.3, 0.05], [0.4, -0.1, bias]]
    kinds = (Activation.RELU, Activation.LEAKY_RELU, Activation.LINEAR)
    layers = tuple(
        Dense(w.astype(np.float32), np.array(b, np.float32), kind)
        for w, b, kind in zip((first, second, third), biases, kinds)
    )
    layers = (layers[0], replace(layers[1], slope=slope), layers[2])
    return Network(layers, InputDomain.uniform(5, low, 1.0), (5,))
