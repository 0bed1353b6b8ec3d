"""Readers of models by the packages of the extra `formats`, each with small valid files, where they are installed."""

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from armlet.formats.read import read_model
from generators.reader import Reader

_MODELS = Path(__file__).parent.parent / "data" / "models"
_MEMBERS = ("config.json", "model.weights.h5")
_F32 = np.linspace(0, 1, 12, dtype=np.float32)


def _safetensors() -> tuple[bytes, ...]:
    """Files by PyTorch's and Keras's names."""
    try:
        from safetensors.numpy import save
    except ImportError:
        return ()
    statistics = {f"1.{name}": _F32[1:4] for name in ("running_mean", "running_var", "weight", "bias")}
    layers = {"0.weight": _F32.reshape(3, 4), "0.bias": _F32[:3], "3.weight": _F32[:6].reshape(2, 3).astype("f2")}
    toml = {"network.toml": "[[layer]]\n[[layer]]\n[input]\nlow = 0\nhigh = 1\n"}
    kernels = {"a/kernel": _F32.reshape(4, 3), "b/kernel": _F32.reshape(3, 4).astype("f8")}
    return save(layers | statistics, toml), save(kernels), save({"fc.weight": _F32[:4].reshape(2, 2)})


def _keras() -> tuple[Reader, ...]:
    """Files of Keras, whole, and broken inside: the config and the weights of a sound archive."""
    if find_spec("h5py") is None:
        return ()
    whole = [(_MODELS / f"{name}.keras").read_bytes() for name in ("signal", "planes")]
    archives = [ZipFile(BytesIO(content)) for content in whole]
    configs, weights = ([archive.read(name) for archive in archives] for name in _MEMBERS)

    def with_config(config: bytes) -> bytes:
        return _packed(config, weights[config.find(b"Conv2D") >= 0])

    return (
        Reader("keras", "m.keras", read_model, (whole[0],)),
        Reader("keras_config", "m.keras", read_model, tuple(configs), with_config),
        Reader("keras_weights", "m.keras", read_model, (weights[0],), lambda content: _packed(configs[0], content)),
    )


def _packed(config: bytes, weights: bytes) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, content in zip(_MEMBERS, (config, weights)):
            archive.writestr(name, content)
    return buffer.getvalue()


_READERS = (Reader("safetensors", "m.safetensors", read_model, _safetensors()), *_keras())
MODEL_READERS = tuple(reader for reader in _READERS if reader.valid)
