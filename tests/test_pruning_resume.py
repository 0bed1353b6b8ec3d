"""A run that is interrupted goes on to what an unbroken one gives, to the bit; what is not its own it leaves alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.cli import app
from armlet.errors import InputError
from armlet.formats.arrays import read_npz, write_npz
from armlet.formats.params import write_params
from armlet.network.network import Network
from armlet.pruning.checkpoint import NAME, Partial
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.sparsify import Sparsified, sparsify
from generators.perceptrons import initialised

QUICK = SparsifyOptions(epochs=4, steps=20, batch=32, draws=256, judged=64, validation=128, inputs="gaussian")

ASKED = replace(QUICK, sparsity=0.9, path=(0.5, 0.8), rest=1, steps=5)
BY_BUDGET = replace(QUICK, max_distance=0.2, epochs=6, steps=5)


@pytest.fixture(scope="module")
def network() -> Network:
    return initialised((16, 12, 8, 4), 1, (4, 4))


def facts(result: Sparsified) -> tuple[object, ...]:
    """All that a run gives, but for its seconds."""
    kept = {share: (n.digest(), n.provenance) for share, n in result.path.items()}
    epochs = [replace(epoch, seconds=0.0) for epoch in result.trace.epochs]
    return result.network.digest(), dict(result.network.provenance), kept, epochs, dict(result.trace.settings)


def broken_at(epoch: int, network: Network, asked, partial: Partial) -> None:
    """Run until the watch of this epoch is interrupted: the epoch is done, and not written down."""

    def watch(now, _) -> dict[str, float]:
        if now.number == epoch:
            raise KeyboardInterrupt
        return {"accuracy": now.number / 100}

    with pytest.raises(KeyboardInterrupt):
        sparsify(network, asked, watch, partial=partial)


@pytest.mark.parametrize("asked", [ASKED, BY_BUDGET], ids=["path", "budget"])
def test_a_run_broken_at_any_epoch_goes_on_to_the_same_bytes(network, asked, tmp_path: Path):
    seen: list[int] = []

    def watch(now, _) -> dict[str, float]:
        seen.append(now.number)
        return {"accuracy": now.number / 100}

    whole = sparsify(network, asked, watch)
    assert len(whole.trace.epochs) > 5
    for epoch in range(1, len(whole.trace.epochs) + 1):
        folder = tmp_path / str(epoch)
        broken_at(epoch, network, asked, Partial(folder))
        seen.clear()
        assert facts(sparsify(network, asked, watch, partial=Partial(folder, True))) == facts(whole)
        assert seen[0] == epoch  # one epoch is lost, no more


def test_a_run_broken_again_and_again_ends_the_same(network, tmp_path: Path):
    whole = sparsify(network, ASKED)
    for epoch in range(2, len(whole.trace.epochs) + 1):

        def watch(now, _, epoch=epoch) -> None:
            if now.number == epoch:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            sparsify(network, ASKED, watch, partial=Partial(tmp_path / "P", True))
    assert facts(sparsify(network, ASKED, partial=Partial(tmp_path / "P", True))) == facts(whole)


def test_without_resume_a_new_run_begins_whatever_lies_there(network, tmp_path: Path):
    broken_at(4, network, ASKED, Partial(tmp_path / "P"))
    seen: list[int] = []
    fresh = sparsify(network, ASKED, lambda now, _: seen.append(now.number), partial=Partial(tmp_path / "P"))
    assert seen[0] == 1
    assert facts(fresh) == facts(sparsify(network, ASKED))


def test_a_path_of_another_run_is_not_taken_for_this_ones(network, tmp_path: Path):
    """A snapshot of an abandoned run is still in the folder when the next run comes to that epoch."""
    broken_at(8, network, replace(ASKED, seed=1), Partial(tmp_path / "P"))
    broken_at(8, network, ASKED, Partial(tmp_path / "P"))
    went_on = sparsify(network, ASKED, partial=Partial(tmp_path / "P", True))
    assert {k: n.digest() for k, n in went_on.path.items()} == {
        k: n.digest() for k, n in sparsify(network, ASKED).path.items()
    }


@pytest.mark.parametrize(
    ("other", "said"),
    [({"seed": 1}, "seed 0, not 1"), ({"steps": 6}, "steps 5, not 6"), ({"path": ()}, "path 0.5,0.8, not None")],
)
def test_a_run_with_other_settings_is_refused_by_name(network, tmp_path: Path, other, said):
    broken_at(3, network, ASKED, Partial(tmp_path / "P"))
    before = (tmp_path / "P" / NAME).read_bytes()
    with pytest.raises(InputError, match=said):
        sparsify(network, replace(ASKED, **other), partial=Partial(tmp_path / "P", True))
    assert (tmp_path / "P" / NAME).read_bytes() == before


def test_another_network_or_other_samples_are_refused(network, tmp_path: Path):
    rows = np.random.default_rng(0).uniform(-1, 1, size=(50, 16)).astype(np.float32)
    asked = replace(ASKED, inputs="samples")
    with pytest.raises(KeyboardInterrupt):
        sparsify(network, asked, _stop_at_three, rows, Partial(tmp_path / "P"))
    with pytest.raises(InputError, match="dense-digest"):
        sparsify(initialised((16, 12, 8, 4), 2, (4, 4)), asked, None, rows, Partial(tmp_path / "P", True))
    with pytest.raises(InputError, match="samples-digest"):
        sparsify(network, asked, None, (rows / 2).astype(np.float32), Partial(tmp_path / "P", True))


def _stop_at_three(now, _) -> None:
    if now.number == 3:
        raise KeyboardInterrupt


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def with_array(name: str, array: np.ndarray):
    def spoil(path: Path) -> None:
        path.write_bytes(write_npz({**read_npz(path), name: array}))

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        torn,
        with_array("about", np.frombuffer(b"{}", np.uint8)),
        with_array("about", np.frombuffer(b"\xff\x00", np.uint8)),
        with_array("W0", np.zeros((3, 3), np.float32)),
        with_array("W0", np.full((12, 16), np.nan, np.float32)),
        with_array("mask1", np.zeros(5, np.uint8)),
        with_array("b2", np.zeros(4, np.float64)),
    ],
)
def test_a_spoilt_checkpoint_is_refused_in_one_line(network, tmp_path: Path, spoil):
    broken_at(3, network, ASKED, Partial(tmp_path / "P"))
    spoil(tmp_path / "P" / NAME)
    with pytest.raises(InputError, match=NAME) as refused:
        sparsify(network, ASKED, partial=Partial(tmp_path / "P", True))
    assert "\n" not in str(refused.value)


def test_a_foreign_folder_is_left_alone(network, tmp_path: Path):
    (tmp_path / "P").mkdir()
    (tmp_path / "P" / "mine.txt").write_text("mine")
    for resume in (False, True):
        with pytest.raises(InputError, match="armlet did not write"):
            sparsify(network, ASKED, partial=Partial(tmp_path / "P", resume))
    assert [path.name for path in (tmp_path / "P").iterdir()] == ["mine.txt"]


COMMAND = "sparsify dense {out} --sparsity 0.9 --path 0.5,0.8 --epochs 30 --steps 5 --batch 32 --inputs gaussian"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_command_killed_and_then_interrupted_goes_on_to_the_bytes_of_an_unbroken_one(
    network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_params(network, tmp_path / "dense")
    killed = subprocess.Popen([sys.executable, "-m", "armlet", *COMMAND.format(out="broken").split()], cwd=tmp_path)
    while not (tmp_path / "broken.partial" / NAME).exists():
        assert killed.poll() is None
        time.sleep(0.005)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    with monkeypatch.context() as interrupted:
        interrupted.setattr("armlet.cli.terminal.live.Show.__call__", _interrupt)
        done = command("broken", "--resume")
    assert done.exit_code == 130
    assert done.stderr == "armlet: interrupted; the same command with --resume goes on\n"
    assert not (tmp_path / "broken").exists()
    command("broken", "--resume")
    command("whole")
    assert held(tmp_path / "broken") == held(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "dense", "whole"]


def _interrupt(_, epoch) -> None:
    if epoch.number == 28:
        raise KeyboardInterrupt


def command(out: str, *more: str):
    return CliRunner().invoke(app, [*COMMAND.format(out=out).split(), *more])


def held(folder: Path) -> Mapping[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "trace.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
