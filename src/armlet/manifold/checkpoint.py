"""An unfinished run in a folder of its own, so that an interruption costs one epoch: where the walk stands.

Randomness follows from the seed and the number of the epoch, and each adjustment begins its optimiser anew, so what
stands here is all that the next epoch needs. A checkpoint is one file, replaced in one step; networks that are kept on
the way stand beside it, each written once. Everything that decides the result's bytes is written down with it, and a
run that was asked for anything else does not go on from it.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.arrays import read_npz, write_npz
from armlet.manifold.functional import Masks, Point
from armlet.manifold.schedule import Schedule
from armlet.manifold.trace import Epoch
from armlet.network.network import Network
from armlet.storage import parse_json, refuse_foreign, write_file

Settings: TypeAlias = Mapping[str, str | int | float]
_Arrays: TypeAlias = Mapping[str, NDArray[Any]]

FORMAT = 1
NAME = "checkpoint.npz"
OWNS = (NAME, "kept_*.npz", ".*.npz.*.part")  # what the folder of an unfinished run may hold
_ANEW = "run without --resume to begin anew"


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A network that stays on the way, and the epoch after which it stood there."""

    epoch: int
    point: Point


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Where a walk is after its last epoch, and how it came there."""

    point: Point
    masks: Masks
    distance: float
    plan: Schedule
    epochs: tuple[Epoch, ...] = ()
    kept: tuple[Kept, ...] = ()


class _About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    settings: dict[str, str | int | float]
    distance: float
    plan: Schedule
    epochs: tuple[Epoch, ...]
    kept: tuple[int, ...]  # epochs


@dataclass(frozen=True, slots=True)
class Partial:
    """The folder of an unfinished run, and whether to go on from what lies there."""

    folder: Path
    resume: bool = False

    @property
    def exists(self) -> bool:
        """Whether an unfinished run lies there."""
        return (self.folder / NAME).is_file()

    def load(self, home: Network, settings: Settings) -> Standing | None:
        """Where the run that left `folder` stands; None where it left nothing, or nobody asks for it.

        Raises `InputError` for a foreign folder, a broken checkpoint, or one of a run with other settings.
        """
        refuse_foreign(self.folder, OWNS)
        if not self.resume or not (path := self.folder / NAME).exists():
            return None
        arrays = read_npz(path)
        about = _about(path, arrays)
        _require_same(path, about.settings, {**settings, "jax": jax.__version__})
        kept = tuple(Kept(epoch, _point(file := self._file(epoch), home, read_npz(file))) for epoch in about.kept)
        masks = tuple(
            _array(path, arrays, f"mask{i}", np.uint8, (-(-layer.weight.size // 8),))
            for i, layer in enumerate(home.layers)
        )
        masks = tuple(_unpacked(mask, layer.weight.shape) for mask, layer in zip(masks, home.layers))
        return Standing(_point(path, home, arrays), masks, about.distance, about.plan, about.epochs, kept)

    def save(self, standing: Standing, settings: Settings) -> None:
        """Write `standing` down: a run that dies from now on can go on from it."""
        for kept in standing.kept:
            if kept.epoch == len(standing.epochs):
                write_file(self._file(kept.epoch), write_npz(_arrays(kept.point)))
        about = _About(
            format=FORMAT,
            settings={**settings, "jax": jax.__version__},
            distance=standing.distance,
            plan=standing.plan,
            epochs=standing.epochs,
            kept=tuple(kept.epoch for kept in standing.kept),
        )
        text = {"about": np.frombuffer(msgspec.json.encode(about), np.uint8)}
        masks = {f"mask{i}": np.packbits(np.asarray(mask) > 0) for i, mask in enumerate(standing.masks)}
        write_file(self.folder / NAME, write_npz({**text, **masks, **_arrays(standing.point)}))

    def remove(self) -> None:
        """Take the folder away: the run has ended, and its result is written."""
        if self.folder.exists():
            refuse_foreign(self.folder, OWNS)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, epoch: int) -> Path:
        return self.folder / f"kept_{epoch}.npz"


def _arrays(point: Point) -> _Arrays:
    layers = [(np.asarray(weight), np.asarray(bias)) for weight, bias in point]
    return {f"{name}{i}": array for i, layer in enumerate(layers) for name, array in zip("Wb", layer)}


def _point(path: Path, home: Network, arrays: _Arrays) -> Point:
    return tuple(
        (
            jnp.asarray(_array(path, arrays, f"W{i}", np.float32, layer.weight.shape)),
            jnp.asarray(_array(path, arrays, f"b{i}", np.float32, layer.bias.shape)),
        )
        for i, layer in enumerate(home.layers)
    )


def _array(path: Path, arrays: _Arrays, name: str, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    found = arrays.get(name)
    if found is None or found.dtype != dtype or found.shape != shape or not np.isfinite(found).all():
        raise InputError(path, f"holds no sound {name} for this network", _ANEW)
    return found


def _unpacked(packed: NDArray[np.uint8], shape: tuple[int, ...]) -> jax.Array:
    return jnp.asarray(np.unpackbits(packed)[: shape[0] * shape[1]].reshape(shape), jnp.float32)


def _about(path: Path, arrays: _Arrays) -> _About:
    text = arrays["about"].tobytes() if "about" in arrays else b""
    return parse_json(path, text, _About, "a checkpoint of this armlet", _ANEW)


def _require_same(path: Path, then: Settings, now: Settings) -> None:
    for key in sorted({*then, *now}):
        if then.get(key) != now.get(key):
            name = key.removeprefix("sparsify_").replace("_", "-")
            raise InputError(path, f"was begun with {name} {then.get(key)}, not {now.get(key)}", _ANEW)
