"""The command as a process: whatever stands behind its streams, and whenever it is interrupted, one line says so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from armlet.cli.terminal import console
from armlet.formats.params import write_params
from armlet.network.network import multilayer_perceptron

posix = pytest.mark.skipif(os.name == "nt", reason="streams and signals are POSIX's")
ARMLET = (sys.executable, "-m", "armlet")
PATH = "ünet/Ω"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A topology and a network, each in a place that ASCII cannot say."""
    (tmp_path / "ünet").mkdir()
    (tmp_path / "t.csv").write_text("5, 10\n")
    random = np.random.default_rng(0)
    weights = [random.standard_normal(shape) for shape in ((12, 9), (3, 12))]
    write_params(multilayer_perceptron([*weights], [np.zeros(12), np.zeros(3)]), tmp_path / PATH)
    return tmp_path


def shell(here: Path, command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """`command`, in which `armlet` stands for the program."""
    line = command.replace("armlet", f"'{sys.executable}' -m armlet", 1)
    known = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LANG", "PYTHONIOENCODING")}
    return subprocess.run(
        line, shell=True, cwd=here, capture_output=True, errors="backslashreplace", env={**known, **variables}
    )


def lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


@posix
@pytest.mark.parametrize("command", ["armlet --help", "armlet --version", "armlet dataset t.csv", "armlet dataset -h"])
@pytest.mark.parametrize(("to", "says"), [("/dev/full", "no space left on device"), ("&-", "is closed")])
def test_an_output_that_is_full_or_closed_is_one_line(here: Path, command: str, to: str, says: str):
    if to == "/dev/full" and not Path(to).exists():
        pytest.skip("this system has no /dev/full")
    done = shell(here, f"{command} >{to}")
    assert done.returncode == 2
    assert lines(done) == [f"armlet: standard output: {says}; what was to be shown is lost"]


@posix
@pytest.mark.parametrize("streams", ["<&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_streams_that_are_closed_never_become_files_that_are_written_into(here: Path, streams: str):
    shell(here, f"armlet dataset t.csv --out d {streams}")
    with np.load(here / "d" / "train.npz") as arrays:
        assert arrays["X"].shape == (1438, 25)
    assert shell(here, f"armlet dataset none.csv {streams}").returncode == 2


@posix
def test_nobody_reading_on_is_no_news(here: Path):
    done = shell(here, "armlet compile -h | head -1")
    assert lines(done) == []


@posix
@pytest.mark.parametrize("variables", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "cp1252"}])
def test_a_path_that_the_output_cannot_encode_is_spelt_out(here: Path, variables: dict[str, str]):
    told = shell(here, f"armlet compile {PATH} n --no-verify", **variables)
    assert told.returncode == 0, told.stderr
    refused = shell(here, f"armlet compile {PATH}x n", **variables)
    assert refused.returncode == 2
    assert len(lines(refused)) == 1
    data = shell(here, f"armlet dataset t.csv --out {PATH}2 --json", **variables)
    assert json.loads(data.stdout)["out"] == f"{PATH}2"
    data = shell(here, f"armlet dataset t.csv --out {PATH}2", **variables)
    assert data.stdout.startswith((f"{PATH}2: 1438", r"\xfcnet/\u03a92: 1438", "ünet/\\u03a92: 1438"))


def test_a_plot_stays_one_where_its_signs_are_lacking():
    text = console._legible("│ • ×\n└─\nΩ ▁█", "ascii")
    assert text == "| o x\n+-\n\\u03a9 _@"
    assert console._legible("│Ω", "utf-8") == "│Ω"


@posix
@pytest.mark.parametrize(
    "variables", [{"TERM": "dumb"}, {"COLUMNS": "1"}, {"COLUMNS": "7", "LINES": "1"}, {"TERM": ""}]
)
def test_a_poor_terminal_gets_all_the_same(here: Path, variables: dict[str, str]):
    page = shell(here, "armlet compile -h", **variables)
    assert page.returncode == 0, page.stderr
    assert lines(shell(here, "armlet dataset none.csv", **variables))[0].startswith("armlet: none.csv: cannot be read")


INTERRUPTED = """
import signal, sys
from armlet.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
signal.signal(signal.SIGALRM, lambda *call: signal.getsignal(signal.SIGINT)(*call))
signal.setitimer(signal.ITIMER_REAL, float(sys.argv.pop(1)))
main()
"""


def interrupted(here: Path, seconds: float, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", INTERRUPTED, str(seconds), *arguments]
    fresh = {**os.environ, "NUMBA_CACHE_DIR": str(here / "numba")}  # so that kernels have to be compiled
    return subprocess.run(command, cwd=here, capture_output=True, text=True, env=fresh, timeout=300)


@posix
@pytest.mark.parametrize("seconds", [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2])
@pytest.mark.parametrize(
    "arguments",
    [
        ("compile", PATH, "n", "--config", "long.toml"),
        ("sparsify", PATH, "S", "--epochs", "900", "--steps", "100000", "--quiet"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_interruption_at_any_moment_is_one_line_and_130(here: Path, arguments: tuple[str, ...], seconds: float):
    (here / "long.toml").write_text("[compile.anneal]\nmoves = 1000000\nmost_moves = 1000000000\n")
    done = interrupted(here, seconds, *arguments)
    assert done.returncode == 130, done.stderr
    (line,) = lines(done)
    assert line.startswith("armlet: interrupted")
    assert not (here / "S").exists()
    assert not (here / "build").exists()


UNRAISED = """
import _thread, os, signal
from armlet.cli.terminal.process import finished, leave
signal.signal(signal.SIGINT, signal.default_int_handler)
class Late:
    def __del__(self):
        raise KeyboardInterrupt
def run():
    Late()
    print("went on")
leave(finished(run))
"""


@posix
def test_an_interruption_that_python_would_swallow_counts():
    done = subprocess.run([sys.executable, "-c", UNRAISED], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "armlet: interrupted\n")


HALF_MADE = """
import os, signal
from armlet.cli.terminal.process import finished, leave
signal.signal(signal.SIGINT, signal.default_int_handler)
class Half:
    def __init__(self):
        os.kill(os.getpid(), signal.SIGINT)
        self.handle = 1
    def __del__(self):
        del self.handle
leave(finished(Half))
"""


@posix
def test_what_an_interruption_left_half_made_fails_in_silence():
    done = subprocess.run([sys.executable, "-c", HALF_MADE], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "armlet: interrupted\n")


HELD = """
import io, os, signal, sys
from armlet.cli.terminal.process import finished, leave
signal.signal(signal.SIGINT, signal.default_int_handler)
class Held(io.TextIOWrapper):
    def write(self, text):
        os.kill(os.getpid(), signal.SIGINT)
        return super().write(text)
sys.stderr = Held(sys.stderr.buffer, line_buffering=True)
leave(finished(lambda: os.kill(os.getpid(), signal.SIGINT)))
"""


@posix
def test_a_key_that_is_held_down_is_told_once():
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "armlet: interrupted\n")
