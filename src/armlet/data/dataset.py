"""A data set of one side as arrays, and the folder that holds it: train.npz, test.npz, and three files for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from armlet.data.images import Source
from armlet.data.resample import resample
from armlet.data.table import I64, read_samples
from armlet.errors import InputError
from armlet.formats.arrays import LARGEST, write_npz
from armlet.formats.toml import toml_lines
from armlet.network.frozen import F32, frozen
from armlet.network.topology import Topology
from armlet.storage import read_toml, write_folder

SMALL = 100  # rows of the CSVs
OWNS = ("train.npz", "test.npz", "X_test_small.csv", "Y_test_small.csv", "dataset.toml")
_LONGEST = 1 << 16  # bytes of dataset.toml


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """Rows to train with and rows to test with, which nothing but the test may see."""

    train_inputs: F32  # (samples, inputs)
    train_labels: I64  # (samples,)
    test_inputs: F32
    test_labels: I64
    made: Mapping[str, Any] = field(default_factory=dict)  # from what, and by which conversions

    def __post_init__(self) -> None:
        for name in ("train", "test"):
            inputs, labels = getattr(self, f"{name}_inputs"), getattr(self, f"{name}_labels")
            if inputs.ndim != 2 or labels.shape != inputs.shape[:1] or 0 in inputs.shape:
                raise InputError(f"{name} set", f"has inputs of shape {inputs.shape}, labels of {labels.shape}")
            for array in (inputs, labels):
                array.setflags(write=False)

    @property
    def inputs(self) -> int:
        return self.train_inputs.shape[1]


def make_dataset(source: Source, topology: Topology) -> DataSet:
    """The images of `source` at the side that `topology` asks for. Raises `InputError` where they grow too large."""
    values = topology.side**2 * max(len(source.train.labels), len(source.test.labels))
    if values * 4 > LARGEST:
        problem = f"at side {topology.side} takes {values * 4} bytes"
        raise InputError(source.name, problem, f"choose a smaller side; armlet keeps up to {LARGEST} bytes")
    train, test = (resample(part.pixels, topology.side, source.white) for part in (source.train, source.test))
    height, width = source.train.pixels.shape[1:]
    made = {
        "source": Path(source.name).name,
        "height": height,
        "width": width,
        "side": topology.side,
        "divisor": source.white,
    }
    labels = (frozen(part.labels, np.int64) for part in (source.train, source.test))
    return DataSet(train, next(labels), test, next(labels), made)


def conversions(data: DataSet) -> list[str]:
    """What was done to the images that a person may not expect, in a line each."""
    made = data.made
    if not made:
        return []
    told = [f"pixels are divided by {made['divisor']:g}"] if made["divisor"] not in (1.0, 255.0) else []
    if made["height"] != made["width"]:
        size = f"{made['height']}x{made['width']}"
        told.append(f"images of {size} are squeezed to {made['side']}x{made['side']}: their aspect changes")
    return told


def read_dataset(folder: Path, topology: Topology) -> DataSet:
    """The data set in `folder`, which must be of the topology's side and classes. Raises `InputError`."""
    if not folder.is_dir():
        raise InputError(folder, "is not a data set folder", f"make it: armlet dataset TOPOLOGY.csv --out {folder}")
    inputs = topology.side**2
    train, test = (read_samples(folder / f"{part}.npz", inputs, topology.classes) for part in ("train", "test"))
    return DataSet(*train, *test, read_toml(about, _LONGEST) if (about := folder / "dataset.toml").exists() else {})


def write_dataset(data: DataSet, classes: int, folder: Path) -> None:
    """Write the five files, all or none. Raises `InputError`."""
    files: dict[str, bytes | str] = {
        "train.npz": write_npz({"X": data.train_inputs, "y": data.train_labels}),
        "test.npz": write_npz({"X": data.test_inputs, "y": data.test_labels}),
        "X_test_small.csv": show_rows(data.test_inputs[:SMALL]),
        "Y_test_small.csv": show_rows(np.eye(classes, dtype=np.float32)[data.test_labels[:SMALL]]),
    }
    files["dataset.toml"] = "\n".join(["# what the images were made from, and how", *toml_lines(data.made), ""])
    write_folder(folder, files, OWNS)


def show_rows(rows: F32) -> str:
    """CSV text of `rows`, each value by the shortest decimal that is the same float32."""
    return "".join(",".join(np.format_float_positional(v, trim="-") for v in row) + "\n" for row in rows)
