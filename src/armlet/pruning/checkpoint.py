"""Save an unfinished run after each epoch, so that an interruption costs one epoch, and load it again.

Randomness follows from the seed and the number of the epoch, and each fine-tuning starts a new optimiser, so a saved
state is all that the next epoch needs. A checkpoint is one file, replaced in one step; snapshots lie beside it, each
written once. Every setting that decides the result's bytes is saved too, and a run with other settings is refused.
"""

import math
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
from armlet.formats.params import OWNS as PARAMS
from armlet.formats.params import write_params
from armlet.formats.read import read_any_network
from armlet.network.network import Network
from armlet.pruning.geometry.functional import Masks, Point, weighted
from armlet.pruning.quantise.snap import Snapped
from armlet.pruning.schedule import Schedule
from armlet.pruning.settings import Settings
from armlet.pruning.state import Finished, PruningState, Snapping, Snapshot
from armlet.pruning.trace import PruningEpoch
from armlet.storage import parse_json, refuse_foreign, write_file

_Arrays: TypeAlias = Mapping[str, NDArray[Any]]

FORMAT = 1
NAME = "checkpoint.npz"
_FINISHED = "finished_*"  # PARAMS folders
OWNS = (
    NAME,
    "kept_*.npz",
    ".*.npz.*.part",
    *(f"{_FINISHED}/{name}" for name in PARAMS),
)  # files that the folder of an unfinished run may hold
_ANEW = "run without --resume to begin anew"


class _Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    epoch: int
    distance: float
    kept: bool


class _About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    settings: dict[str, str | int | float]
    distance: float
    schedule: Schedule = msgspec.field(name="plan")
    epochs: tuple[PruningEpoch, ...]
    snapshots: tuple[int, ...] = msgspec.field(name="kept")  # numbers of their epochs
    earlier: tuple[int, ...] = ()  # of the snapshots, those that are at no stop of the path
    snapping: tuple[int, int] | None = None  # the number of its epoch, and the rounds done
    finished: tuple[_Done, ...] = ()


@dataclass(frozen=True, slots=True)
class Partial:
    """The folder of an unfinished run, and whether to resume the run in it."""

    folder: Path
    resume: bool = False

    @property
    def exists(self) -> bool:
        """Whether the folder holds an unfinished run."""
        return (self.folder / NAME).is_file()

    def load(self, dense: Network, settings: Settings) -> PruningState | None:
        """Load the state of the unfinished run; None if there is none or `resume` is false.

        Raises `InputError` for a folder with foreign files, a broken checkpoint, or one of a run with other settings.
        """
        refuse_foreign(self.folder, OWNS)
        if not self.resume or not (path := self.folder / NAME).exists():
            return None
        arrays = read_npz(path)
        about = _about(path, arrays)
        _require_same(path, about.settings, {**settings, "jax": jax.__version__})
        snapshots = tuple(self._snapshot(epoch, dense, epoch not in about.earlier) for epoch in about.snapshots)
        point, masks = _point(path, dense, arrays), _masks(path, dense, arrays)
        snapping = None if about.snapping is None else Snapping(*about.snapping, _snapped(path, dense, arrays))
        finished = tuple(self._finished(number, done) for number, done in enumerate(about.finished))
        return PruningState(point, masks, about.distance, about.schedule, about.epochs, snapshots, snapping, finished)

    def save(self, state: PruningState, settings: Settings) -> None:
        """Write `state`, from which the run can resume."""
        for snapshot in state.snapshots:
            if snapshot.epoch == len(state.epochs):
                write_file(self._file(snapshot.epoch), write_npz(_arrays(snapshot.point)))
        if state.finished and state.snapping is None and state.epochs[-1].snapped is not None:
            number = len(state.finished) - 1
            write_params(state.finished[number].network, self._folder(number))
        about = _About(
            format=FORMAT,
            settings={**settings, "jax": jax.__version__},
            distance=state.distance,
            schedule=state.schedule,
            epochs=state.epochs,
            snapshots=tuple(snapshot.epoch for snapshot in state.snapshots),
            earlier=tuple(snapshot.epoch for snapshot in state.snapshots if not snapshot.is_stop),
            snapping=None if state.snapping is None else (state.snapping.epoch, state.snapping.rounds),
            finished=tuple(_Done(done.epoch, done.distance, done.kept) for done in state.finished),
        )
        text = {"about": np.frombuffer(msgspec.json.encode(about), np.uint8)}
        masks = {f"mask{i}": np.packbits(np.asarray(mask) > 0) for i, mask in enumerate(state.masks)}
        now = {} if state.snapping is None else _snapped_arrays(state.snapping.at)
        write_file(self.folder / NAME, write_npz({**text, **masks, **_arrays(state.point), **now}))

    def remove(self) -> None:
        """Delete the folder, once the result is written."""
        if self.folder.exists():
            refuse_foreign(self.folder, OWNS)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, epoch: int) -> Path:
        return self.folder / f"kept_{epoch}.npz"

    def _folder(self, number: int) -> Path:
        return self.folder / _FINISHED.replace("*", str(number))

    def _snapshot(self, epoch: int, dense: Network, is_stop: bool) -> Snapshot:
        file = self._file(epoch)
        return Snapshot(epoch, _point(file, dense, read_npz(file)), is_stop)

    def _finished(self, number: int, done: _Done) -> Finished:
        network = read_any_network(self._folder(number), tell=lambda _: None)
        return Finished(done.epoch, network, done.distance, done.kept)


def _arrays(point: Point, prefix: str = "") -> _Arrays:
    layers = [(np.asarray(weight), np.asarray(bias)) for weight, bias in point]
    return {f"{prefix}{name}{i}": array for i, layer in enumerate(layers) for name, array in zip("Wb", layer)}


def _snapped_arrays(at: Snapped) -> _Arrays:
    marks = {f"snapped_mask{i}": np.packbits(np.asarray(mask) > 0) for i, mask in enumerate(at.snapped)}
    steps = {f"step{i}": step for i, step in enumerate(at.steps)}
    return {**_arrays(at.point, "snapped_"), **marks, **steps}


def _snapped(path: Path, dense: Network, arrays: _Arrays) -> Snapped:
    steps = [_array(path, arrays, f"step{i}", np.float64, layer.bias.shape) for i, layer in enumerate(weighted(dense))]
    point = _point(path, dense, arrays, "snapped_")
    return Snapped(point, _masks(path, dense, arrays, "snapped_"), tuple(steps))


def _point(path: Path, dense: Network, arrays: _Arrays, prefix: str = "") -> Point:
    return tuple(
        (
            jnp.asarray(_array(path, arrays, f"{prefix}W{i}", np.float32, layer.weight.shape)),
            jnp.asarray(_array(path, arrays, f"{prefix}b{i}", np.float32, layer.bias.shape)),
        )
        for i, layer in enumerate(weighted(dense))
    )


def _masks(path: Path, dense: Network, arrays: _Arrays, prefix: str = "") -> Masks:
    return tuple(
        _unpacked(_array(path, arrays, f"{prefix}mask{i}", np.uint8, (-(-layer.weight.size // 8),)), layer.weight.shape)
        for i, layer in enumerate(weighted(dense))
    )


def _array(path: Path, arrays: _Arrays, name: str, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    found = arrays.get(name)
    if found is None or found.dtype != dtype or found.shape != shape or not np.isfinite(found).all():
        raise InputError(path, f"holds no sound {name} for this network", _ANEW)
    return found


def _unpacked(packed: NDArray[np.uint8], shape: tuple[int, ...]) -> jax.Array:
    return jnp.asarray(np.unpackbits(packed)[: math.prod(shape)].reshape(shape), jnp.float32)


def _about(path: Path, arrays: _Arrays) -> _About:
    text = arrays["about"].tobytes() if "about" in arrays else b""
    return parse_json(path, text, _About, "a checkpoint of this armlet", _ANEW)


def _require_same(path: Path, then: Settings, now: Settings) -> None:
    for key in sorted({*then, *now}):
        if then.get(key) != now.get(key):
            name = key.removeprefix("sparsify_").replace("_", "-")
            raise InputError(path, f"was begun with {name} {then.get(key)}, not {now.get(key)}", _ANEW)
