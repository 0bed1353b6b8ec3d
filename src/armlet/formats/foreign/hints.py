"""What to do with a file that no reader is for, by its suffix or its first bytes. Nothing of it is opened."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from armlet.errors import InputError

_TORCH = (
    "is a PyTorch file, a pickle, which may run code on loading and is not read",
    "torch.onnx.export(model, ...) for .onnx, or safetensors.torch.save_file(model.state_dict(), ...) for .safetensors",
)
_PICKLE = (
    "is a pickle, which may run code on loading and is not read",
    "of scikit-learn: write it with skl2onnx.to_onnx, or its coefs_ and intercepts_ with numpy.savez",
)
_HDF5 = (
    "is an HDF5 file, which armlet does not read by itself",
    'of Keras: keras.saving.load_model("old.h5").save("model.keras")',
)
_TENSORFLOW = (
    "is a TensorFlow graph",
    "tf.lite.TFLiteConverter.from_saved_model(folder).convert() makes a .tflite of it",
)
_ARRAY = ("is one array", "put all arrays of the network into one file: numpy.savez(path, W1=..., b1=..., W2=...)")
_FOREIGN: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **dict.fromkeys((".pt", ".pth", ".pt2", ".torchscript"), _TORCH),
        **dict.fromkeys((".pkl", ".pickle", ".joblib", ".sav", ".skops"), _PICKLE),
        **dict.fromkeys((".h5", ".hdf5"), _HDF5),
        **dict.fromkeys((".pb", ".pbtxt", ".meta"), _TENSORFLOW),
        ".npy": _ARRAY,
        ".ort": ("is an onnxruntime file", "give the .onnx that it was made from"),
        ".json": ("holds no weights that armlet reads", "give the model as .keras, ONNX or TensorFlow Lite"),
    }
)
_LONGEST = 8  # bytes that are looked at


def told_by_suffix(path: Path) -> tuple[str, str] | None:
    """What a file of another tool is, and what to do with it."""
    return _FOREIGN.get(path.suffix.lower())


def told_of_folder(path: Path) -> tuple[str, str] | None:
    """The same of a folder."""
    return _TENSORFLOW if (path / "saved_model.pb").is_file() else None


def require_kind(path: Path, begin: bytes) -> None:
    """Raise `InputError` where the first bytes are those of another kind of file than the suffix says."""
    suffix, begin = path.suffix.lower(), begin[:_LONGEST]
    if begin[4:8] == b"TFL3" and suffix != ".tflite":
        raise InputError(path, "is a TensorFlow Lite file by its content", "call it NAME.tflite")
    if begin[:4] == b"PK\3\4" and suffix not in (".npz", ".keras"):
        raise InputError(path, "is a zip archive by its content", "call it NAME.npz or NAME.keras if it is one")
    if begin == b"\x89HDF\r\n\x1a\n":
        raise InputError(path, *_HDF5)
    if begin[:1] == b"\x80" and begin[1:2] in (b"\2", b"\3", b"\4", b"\5") and suffix in (".npz", ".keras"):
        raise InputError(path, *_PICKLE)
    if begin[:6] == b"\x93NUMPY":
        raise InputError(path, *_ARRAY)
