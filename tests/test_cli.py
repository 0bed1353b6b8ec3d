"""The command line as a person meets it: results, exit codes, and one line for every mistake."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from armlet.cli import app
from armlet.cli.terminal.console import table
from armlet.formats.params import read_params, write_params
from armlet.version import __version__
from generators.perceptrons import initialised

TOPOLOGY = "5, 8, 10\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with a topology in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(TOPOLOGY)
    return tmp_path


def armlet(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def refused(*arguments: str) -> str:
    """The one line on standard error of a refused command."""
    result = armlet(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("armlet: ")
    return lines[0]


def test_dataset_then_train_leaves_a_network(here: Path):
    made = armlet("dataset", "t.csv", "--out", "d")
    assert made.exit_code == 0, made.stderr
    assert made.stdout == "d: 1438 images to train, 359 to test, 5x5, from digits; pixels are divided by 16\n"
    trained = armlet("train", "P", "t.csv", "--data", "d", "--epochs", "3", "--seed", "4", "--json")
    assert trained.exit_code == 0, trained.stderr
    figures = json.loads(trained.stdout)
    assert figures["seed"] == 4
    assert 0 < figures["test_accuracy"] <= 1
    assert read_params(here / "P").widths == (25, 8, 10)


def test_quiet_leaves_the_result_and_nothing_else():
    assert armlet("dataset", "t.csv", "--quiet").stderr == ""
    loud = armlet("train", "P", "t.csv", "--epochs", "2", "--verbose")
    assert loud.stderr.count("epoch ") == 2
    assert armlet("train", "P", "t.csv", "--epochs", "2", "--quiet").stderr == ""


def test_a_path_in_the_file_is_a_path(here: Path):
    write = (here / "a.toml").write_text
    write("[dataset]\ncache = 'downloads'\nname = 'digits'\n")
    assert armlet("dataset", "t.csv", "--config", "a.toml").exit_code == 0
    write("[dataset]\ncache = 3\n")
    assert "a.toml: [dataset]: Expected `path`, got `int`" in refused("dataset", "t.csv", "--config", "a.toml")


def test_flags_win_over_the_file_and_the_file_over_the_defaults(here: Path):
    armlet("dataset", "t.csv")
    (here / "a.toml").write_text("[train]\nepochs = 2\nseed = 5\n[other]\nx = 1\n")
    figures = json.loads(armlet("train", "P", "t.csv", "--config", "a.toml", "--seed", "6", "--json").stdout)
    assert (figures["epochs"], figures["seed"], figures["decay"]) == (2, 6, 0.1)


@pytest.mark.parametrize(
    ("topology", "says"),
    [
        ("", "t.csv: has no lines"),
        ("0, 10", "t.csv: line 1, entry 1: 0 is not between"),
        ("5, nan", "entry 2: 'nan' is not a whole number"),
        ("5, 3", "digits: row 4: 3 is not a class from 0 to 2"),
        ("900, 10", "choose a smaller side"),
    ],
)
def test_a_wrong_topology_is_one_line_and_writes_nothing(here: Path, topology: str, says: str):
    (here / "t.csv").write_text(topology)
    assert says in refused("dataset", "t.csv", "--out", "d")
    assert not (here / "d").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("dataset", "none.csv"), "none.csv: cannot be read: no such file"),
        (("dataset", "t.csv", "--source", "none"), "none: does not exist; give digits, mnist"),
        (("dataset", "t.csv", "--source", "ragged.csv"), "ragged.csv: line 2 has 2 columns"),
        (("dataset", "t.csv", "--source", "empty.csv"), "empty.csv: holds no numbers"),
        (("dataset", "t.csv", "--source", "nan.csv"), "nan.csv: line 1, column 2: nan"),
        (("dataset", "t.csv", "--source", ".", "--out", "/dev/null"), "holds no train-images-idx3-ubyte"),
        (("dataset", "t.csv", "--out", "nan.csv"), "nan.csv: exists and is not a folder"),
        (("dataset", "t.csv", "--out", "nan.csv/d"), "nan.csv/d: cannot be written"),
        (("dataset", "t.csv", "--out", "."), ".: holds t.csv, which is read"),
        (("dataset", "t.csv", "--config", "none.toml"), "none.toml: cannot be read"),
        (("dataset", "t.csv", "--config", "broken.toml"), "broken.toml: is not TOML"),
        (("dataset", "t.csv", "--config", "unknown.toml"), "unknown.toml: [dataset]: has no option 'sauce'"),
        (("dataset", "t.csv", "--config", "typed.toml"), "typed.toml: [dataset]: Expected `int`"),
        (("compile", "P", "n", "--config", "nested.toml"), "nested.toml: [compile.anneal]: has no option 'hotter'"),
        (("compile", "P", "n", "--config", "cold.toml"), "cold.toml: [compile] cold: is 9.0"),
        (("dataset", "t.csv", "--source", "n" * 5000), "file name too long; check the path"),
        (("train", "P", "t.csv"), "dataset: is not a data set folder; make it: armlet dataset"),
        (("train", "P", "t.csv", "--rate", "2"), "--rate: is 2.0"),
        (("train", "P", "t.csv", "--config", "rate.toml"), "rate.toml: [train] rate: is 3.0"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_place_and_mend(here: Path, arguments: tuple[str, ...], says: str):
    for name, text in (
        ("ragged.csv", "0,1,1,1,1\n1,2\n"),
        ("empty.csv", ""),
        ("nan.csv", "0,nan\n"),
        ("broken.toml", "[train"),
        ("unknown.toml", "[dataset]\nsauce = 1\n"),
        ("typed.toml", "[dataset]\nseed = 'a'\n"),
        ("nested.toml", "[compile.anneal]\nhotter = 1\n"),
        ("cold.toml", "[compile.anneal]\ncold = 9.0\n"),
        ("rate.toml", "[train]\nrate = 3.0\n"),
    ):
        (here / name).write_text(text)
    write_params(initialised((4, 3), 1, (2, 2)), here / "P")
    before = sorted(here.rglob("*"))
    assert says in refused(*arguments)
    assert sorted(here.rglob("*")) == before


def test_a_data_set_of_another_side_is_refused_and_the_old_network_stays(here: Path):
    armlet("dataset", "t.csv")
    armlet("train", "P", "t.csv", "--epochs", "1")
    before = read_params(here / "P").digest()
    (here / "t.csv").write_text("6, 10\n")
    assert "has 25 columns, the network takes 36 inputs" in refused("train", "P", "t.csv")
    assert read_params(here / "P").digest() == before


def test_nan_in_a_data_set_is_refused_with_its_place(here: Path):
    armlet("dataset", "t.csv")
    with np.load(here / "dataset" / "train.npz") as arrays:
        x, y = arrays["X"], arrays["y"]
    x[3, 4] = np.nan
    np.savez(here / "dataset" / "train.npz", X=x, y=y)
    assert "train.npz: X[3, 4] is nan" in refused("train", "P", "t.csv")
    assert not (here / "P").exists()


@pytest.mark.parametrize("arguments", [("train",), ("dataset", "t.csv", "--sides", "3"), ("fly",)])
def test_a_usage_mistake_exits_2_without_a_traceback(arguments: tuple[str, ...]):
    result = armlet(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_every_help_page_teaches_with_an_example():
    pages = armlet("--help").stdout
    for command in ("dataset", "train"):
        assert command in pages
    for command in app.registered_commands:
        assert command.name is not None
        page = armlet(command.name, "--help").stdout
        assert "Example" in page
        assert f"armlet {command.name} " in page.partition("Example")[2]
        for option in ("--seed", "--config", "--quiet", "--verbose", "--json"):
            assert option in page, f"{command.name} has no {option}"


def test_the_module_runs_as_the_command(here: Path):
    done = subprocess.run([sys.executable, "-m", "armlet", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"armlet {__version__}\n"
    failed = subprocess.run([sys.executable, "-m", "armlet", "dataset", "none.csv"], capture_output=True, text=True)
    assert failed.returncode == 2
    assert failed.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_an_interruption_is_one_line_and_130_and_leaves_nothing(here: Path):
    armlet("dataset", "t.csv")
    heard = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # tests in the background ignore it
    )
    command = [sys.executable, "-c", f"{heard}; from armlet.cli import main; main()"]
    command += ["train", "P", "t.csv", "--verbose", "--epochs", "100000", "--patience", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("epoch 1")
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "armlet: interrupted"
    assert "Traceback" not in stderr
    assert not (here / "P").exists()


def test_a_table_lines_up():
    assert table(("name", "bytes"), (("a", "10"), ("long name", "7"))).splitlines() == [
        "name       bytes",
        "---------  -----",
        "a             10",
        "long name      7",
    ]
