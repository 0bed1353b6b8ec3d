"""Tensors of an ONNX file to arrays: sizes are bounded first, and data beside the file must lie in its folder."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from armlet.errors import InputError
from armlet.network.shapes import LARGEST_WEIGHT
from armlet.storage import open_input, read_up_to

_LONGEST_PATH = 400
_KINDS = onnx.TensorProto
_WIDENED: dict[int, type[np.generic]] = {  # kinds that numpy has no type for, to one that holds all their values
    _KINDS.BFLOAT16: np.float32,
    _KINDS.INT4: np.int8,
    _KINDS.UINT4: np.uint8,
}
_PLAIN = {_KINDS.FLOAT, _KINDS.DOUBLE, _KINDS.FLOAT16, _KINDS.BOOL}
_PLAIN |= {_KINDS.INT8, _KINDS.INT16, _KINDS.INT32, _KINDS.INT64}
_PLAIN |= {_KINDS.UINT8, _KINDS.UINT16, _KINDS.UINT32, _KINDS.UINT64}


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """An array that the file knows, and how it is stored there."""

    values: NDArray[Any]  # numbers, or no values at all where the file has text
    stored: str  # float32, or such as "int8, a scale for each channel"


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the file lies: tensors may be kept beside it."""

    file: Path

    def read(self, place: str, location: str, offset: int, size: int) -> bytes:
        """`size` bytes of a file in the same folder or below. Raises `InputError`."""
        folder = self.file.parent.resolve()
        name = Path(location[:_LONGEST_PATH])
        if not location or name.is_absolute() or ".." in name.parts or "\0" in location:
            raise InputError(place, f"keeps its numbers in {location[:80]!r}", "keep them in the file's own folder")
        if not (folder / name).resolve().is_relative_to(folder):
            raise InputError(place, f"keeps its numbers in {location[:80]!r}, a link that leaves the file's folder")
        with open_input(folder / name) as file:
            file.seek(offset)
            data = bytes(read_up_to(file, size))
        if len(data) != size:
            raise InputError(place, f"needs {size} bytes of {location[:80]}, which ends early")
        return data


def text(said: str | bytes) -> str:
    """A name in the file. Raises `ValueError` for one that is not UTF-8, which the parser hands on as bytes."""
    if isinstance(said, bytes):
        raise ValueError("not UTF-8")
    return said


def constant_of(tensor: onnx.TensorProto, storage: Storage) -> Constant:
    """The numbers of a tensor. Raises `InputError` that names it, `ValueError` and its like where it is broken."""
    place = f"{storage.file}: {text(tensor.name)[:80] or 'a constant'}"
    shape = tuple(int(extent) for extent in tensor.dims)
    if len(shape) > 8 or min(shape, default=0) < 0 or math.prod(shape) > LARGEST_WEIGHT:
        raise InputError(
            place, f"has shape {shape[:9]}, more than armlet reads", f"keep it under {LARGEST_WEIGHT} values"
        )
    if tensor.data_type == _KINDS.STRING:
        return Constant(np.zeros(0, "V1"), "text")
    if tensor.data_type not in _PLAIN and tensor.data_type not in _WIDENED:
        raise InputError(place, f"has numbers of kind {tensor.data_type}, which armlet does not read", "use float32")
    if tensor.data_location == _KINDS.EXTERNAL:
        tensor = _with_data(place, tensor, shape, storage)
    values = numpy_helper.to_array(tensor)
    if values.shape != shape:
        raise InputError(place, f"says shape {shape} and holds {values.size} values", "export the model again")
    stored = _KINDS.DataType.Name(tensor.data_type).lower()
    stored = {"float": "float32", "double": "float64"}.get(stored, stored)
    return Constant(values.astype(wider) if (wider := _WIDENED.get(tensor.data_type)) else values, stored)


def _with_data(place: str, tensor: onnx.TensorProto, shape: tuple[int, ...], storage: Storage) -> onnx.TensorProto:
    """The same tensor with the bytes that lie beside the file."""
    if tensor.data_type not in _PLAIN:
        raise InputError(place, "is kept beside the file in a kind of numbers that armlet does not read there")
    said = {text(entry.key): text(entry.value) for entry in tensor.external_data}
    size = math.prod(shape) * np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
    offset, length = int(said.get("offset", "0")), int(said.get("length", size))
    if length != size or not 0 <= offset < 1 << 40:
        raise InputError(place, f"has {size} bytes, and {length} at {offset} are named", "export the model again")
    raw = storage.read(place, said.get("location", ""), offset, size)
    return onnx.TensorProto(name=tensor.name, dims=shape, data_type=tensor.data_type, raw_data=raw)
