"""Nothing that is read is written over, whatever way leads there; and what is no file is refused at once."""

import os
import signal
import socket
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from armlet.apart import overlap, refuse_overlap
from armlet.cli import app
from armlet.errors import InputError
from armlet.formats.params import write_params
from armlet.network.network import multilayer_perceptron
from armlet.storage import open_input, open_text, read_file, write_file, write_folder

posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes are POSIX's")
NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ANYTHING = tuple("/".join("*" * depth) for depth in range(1, 6))
HOLDER = "h"  # the folder that all trees lie in


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Things to make one after another: a file, a folder, a symbolic link or a hard link, to what is there or not."""
    kinds = st.sampled_from(["file", "folder", "link", "hard"])
    return draw(st.lists(st.tuples(kinds, PATHS, PATHS), min_size=1, max_size=6))


def grow(root: Path, tree: list[tuple[str, str, str]]) -> None:
    """As much of the tree as the file system takes."""
    for kind, name, other in tree:
        place = root / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            match kind:
                case "file" if not place.is_dir():
                    place.write_text(name)
                case "folder":
                    place.mkdir(exist_ok=True)
                case "link":
                    place.symlink_to(root / other)
                case "hard":
                    place.hardlink_to(root / other)
                case _:
                    pass
        except OSError:
            continue


def spelt(draw: st.DrawFn, root: Path, name: str) -> Path:
    """A path to the same place, in one of its spellings."""
    parts: list[str] = []
    for at, part in enumerate(name.split("/")):
        place = root.joinpath(*name.split("/")[: at + 1])
        if place.is_dir() and not place.is_symlink() and draw(st.booleans()):
            parts += [part, ".."]
        parts += [".", part] if draw(st.booleans()) else [part]
    start = draw(st.sampled_from([root, Path(os.path.relpath(root)), root / ".." / root.name]))
    return Path(f"{start}/{'/'.join(parts)}{draw(st.sampled_from(['', '/']))}")


def seen(path: Path) -> object:
    """What a command that reads `path` would find: bytes, or bytes by name for a folder's own files."""
    if path.is_dir():
        return {entry.name: entry.read_bytes() for entry in path.iterdir() if entry.is_file()}
    return path.read_bytes()


@posix
@given(trees(), PATHS, PATHS, st.booleans(), st.data())
def test_what_was_read_is_there_unchanged_after_any_output_that_is_not_refused(
    tree: list[tuple[str, str, str]], out: str, read: str, folder: bool, data: st.DataObject
):
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / HOLDER
        root.mkdir()
        grow(root, tree)
        given_path, out_path = root / read, root / out
        assume(given_path.exists())
        before = seen(given_path)
        spelling = data.draw(st.composite(spelt)(root, read)), data.draw(st.composite(spelt)(root, out))
        try:
            refuse_overlap([spelling[1]], [None, spelling[0]])
            if folder:
                write_folder(out_path, {"a": b"new", "b": b"new"}, ANYTHING)
            else:
                write_file(out_path, b"new")
        except (InputError, OSError):
            pass
        assert seen(given_path) == before


@given(st.lists(PATHS, min_size=2, max_size=2), st.booleans())
def test_without_links_only_what_is_equal_inside_or_around_is_refused(paths: list[str], exists: bool):
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        out, read = (root / path for path in paths)
        read.mkdir(parents=True)
        if exists:
            out.mkdir(parents=True, exist_ok=True)
        apart = not (out.is_relative_to(read) or read.is_relative_to(out))
        assert (overlap(out, read) == "") == apart


@posix
@given(trees(), PATHS, PATHS, st.data())
def test_the_answer_does_not_depend_on_the_spelling(
    tree: list[tuple[str, str, str]], out: str, read: str, data: st.DataObject
):
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / HOLDER
        root.mkdir()
        grow(root, tree)
        assume((root / read).exists())
        plain = bool(overlap(root / out, root / read))
        ways = data.draw(st.composite(spelt)(root, out)), data.draw(st.composite(spelt)(root, read))
        assert bool(overlap(*ways)) == plain


@posix
def test_links_of_every_kind_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x").write_bytes(b"x")
    (tmp_path / "out").mkdir()
    (tmp_path / "to_in").symlink_to("in")
    (tmp_path / "chain").symlink_to("out/middle")
    (tmp_path / "out" / "middle").symlink_to(tmp_path / "in")
    os.link("in/x", "hard")
    (tmp_path / "round").symlink_to("round")
    for out, read, says in (
        ("in", "in", "is what is read"),
        ("./in/", "in", "is what is read"),
        ("in/../in", "in", "is in, which is read"),
        ("to_in", "in", "is in, which is read"),
        ("to_in/new", "in", "lies in in, which is read"),
        ("/proc/self/cwd/in", "in", "is in, which is read"),
        ("hard", "in/x", "is in/x, which is read"),
        (".", "in", "holds in, which is read"),
        ("out", "chain/x", "holds chain/x, which is read"),
        ("out", "in", "holds a file of in, which is read"),
        ("round", "in", ""),
        ("in2", "in", ""),
        ("out/../y", "out/middle/x", ""),
    ):
        if out.startswith("/proc") and not Path("/proc/self/cwd").exists():
            continue
        assert overlap(Path(out), Path(read)) == says, (out, read)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network, inputs and labels for it, a topology and settings."""
    monkeypatch.chdir(tmp_path)
    weight, bias = np.ones((2, 3), np.float32), np.zeros(2, np.float32)
    write_params(multilayer_perceptron([weight], [bias]), tmp_path / "P")
    for name in ("x", "y", "s", "m"):
        (tmp_path / f"{name}.csv").write_text("0,0,0\n")
    (tmp_path / "t.csv").write_text("2, 2\n")
    (tmp_path / "a.toml").write_text("")
    (tmp_path / "d").mkdir()
    (tmp_path / "build" / "n").mkdir(parents=True)
    return tmp_path


def armlet(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("dataset", "t.csv", "--out", "t.csv"),
        ("dataset", "t.csv", "--out", "."),
        ("dataset", "t.csv", "--source", "d", "--out", "d/e"),
        ("dataset", "t.csv", "--source", "mnist", "--cache", "c", "--out", "c"),
        ("dataset", "t.csv", "--config", "a.toml", "--out", "a.toml"),
        ("train", "d", "t.csv", "--data", "d"),
        ("train", "d/P", "t.csv", "--data", "d"),
        ("train", "t.csv", "t.csv"),
        ("train", "a.toml", "t.csv", "--config", "a.toml"),
        ("sparsify", "P", "P"),
        ("sparsify", "P", "P/S"),
        ("sparsify", "P", "."),
        ("sparsify", "P", "x.csv", "x.csv", "y.csv"),
        ("sparsify", "P", "y.csv", "x.csv", "y.csv"),
        ("sparsify", "P", "s.csv", "--samples", "s.csv"),
        ("sparsify", "P", "m.csv", "--moments", "m.csv"),
        ("sparsify", "P", "a.toml", "--config", "a.toml"),
        ("sparsify", "Q.partial", "Q"),
        ("compile", "build/n", "n"),
        ("compile", "P", "P", "--out", "."),
        ("compile", "P", "n", "--out", "P"),
        ("compile", "P", "n", "--config", "build/n/a.toml"),
        ("run", "build/n", "x.csv", "-o", "x.csv"),
        ("run", "build/n", "x.csv", "-o", "build/n/y.csv"),
        ("run", "build/n", "x.csv", "-o", "./e.csv", "--config", "e.csv"),
        ("demo", "t.csv", "--out", "build", "--config", "build/dataset/a.toml"),
        ("demo", "o/network_topology.csv", "--out", "o"),
        ("demo", "--source", "build/net", "--out", "."),
    ],
)
def test_every_command_refuses_to_write_over_what_it_reads(here: Path, arguments: tuple[str, ...]):
    (here / "Q.partial").mkdir()
    (here / "o").mkdir()
    (here / "build" / "dataset").mkdir()
    for name in ("o/network_topology.csv", "build/dataset/a.toml", "build/n/a.toml", "e.csv"):
        (here / name).write_text("2, 2\n" if name.endswith("y.csv") else "")
    files = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    result = armlet(*arguments)
    assert result.exit_code == 2, result.output
    assert "read; give another place to write to" in result.stderr
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == files


PIPES = ("pipe", "socket", "/dev/null", "/dev/zero", "folder")
READERS = {
    "bytes": lambda path: read_file(path, 9),
    "open": lambda path: open_input(path).close(),
    "text": lambda path: open_text(path).close(),
}


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """What has a name and is no file."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(tmp_path / "socket"))  # a path of at most 107 bytes
    return tmp_path


@posix
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", PIPES)
def test_what_is_no_file_is_refused_at_once(odd: Path, name: str, reader: str):
    with pytest.raises(InputError, match=r"is (a pipe|a socket|a device|a folder), not a file; "):
        READERS[reader](odd / name)


@posix
def test_a_pipe_that_takes_the_place_of_a_file_after_the_look_does_not_stop_the_run(
    odd: Path, monkeypatch: pytest.MonkeyPatch
):
    (odd / "file").write_text("")
    regular = os.stat(odd / "file")
    monkeypatch.setattr(os, "stat", lambda *_, **__: regular)
    with pytest.raises(InputError, match="is a pipe, not a file"):
        open_input(odd / "pipe")


@posix
@pytest.mark.parametrize(
    "arguments",
    [
        ("dataset", "PIPE"),
        ("dataset", "t.csv", "--source", "PIPE"),
        ("dataset", "t.csv", "--source", "folder"),  # of pipes
        ("dataset", "t.csv", "--config", "PIPE"),
        ("train", "Q", "PIPE"),
        ("train", "Q", "t.csv", "--data", "folder"),
        ("sparsify", "PIPE", "Q"),
        ("sparsify", "folder", "Q"),
        ("sparsify", "P", "Q", "PIPE", "y.csv"),
        ("sparsify", "P", "Q", "x.csv", "PIPE"),
        ("sparsify", "P", "Q", "--samples", "PIPE"),
        ("sparsify", "P", "Q", "--moments", "PIPE"),
        ("compile", "PIPE", "n"),
        ("compile", "folder", "n"),
        ("compile", "P", "n", "--config", "PIPE"),
        ("verify", "folder"),
        ("run", "folder", "x.csv"),
        ("demo", "PIPE"),
    ],
)
def test_every_command_refuses_a_pipe_at_once(here: Path, arguments: tuple[str, ...]):
    (here / "y.csv").write_text("0\n")
    for name in ("pipe.csv", "pipe.npz"):
        os.mkfifo(here / name)
    (here / "folder").mkdir()
    pipes = ("W_0.npy", "b_0.npy", "train.npz", "test.npz", "n.json", "n.S", "network.toml")
    for name in (*pipes, "train-images", "train-labels", "t10k-images", "t10k-labels"):
        os.mkfifo(here / "folder" / name)
    for pipe in ("pipe.csv", "pipe.npz") if "PIPE" in arguments else ("",):
        signal.alarm(60)
        done = armlet(*(pipe if word == "PIPE" else word for word in arguments))
        signal.alarm(0)
        assert done.exit_code == 2, done.output
        assert done.stderr.count("\n") == 1
        assert "is a pipe, not a file; write what it gives to a file first, and give that" in done.stderr
