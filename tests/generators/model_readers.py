"""Readers of models by the packages of the extra `formats`, each with small valid files, where they are installed."""

import numpy as np

from armlet.formats.read import read_model
from generators.reader import Reader

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


_READERS = (Reader("safetensors", "m.safetensors", read_model, _safetensors()),)
MODEL_READERS = tuple(reader for reader in _READERS if reader.valid)
