"""armlet compile and armlet demo as a person meets them."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from armlet.cli import app
from armlet.formats.params import write_params
from armlet.graph.text import parse_graph
from armlet.isa.thumb.thumb import THUMB
from armlet.schedule.text.order_text import parse_order, show_order
from armlet.toolchain.toolchain import find_toolchain
from generators.perceptrons import random_network


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with a network in it."""
    monkeypatch.chdir(tmp_path)
    write_params(random_network([16, 8, 4], 0.5, 1), tmp_path / "P")
    return tmp_path


def armlet(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_compile_writes_a_build_and_says_that_it_is_exact(here: Path):
    made = armlet("compile", "P", "net")
    assert made.exit_code == 0, made.output
    assert "exact to the bit" in made.stdout
    names = {path.name for path in (here / "build" / "net").iterdir()}
    wanted = {"net.S", "net.h", "net.json", "net_input_driver.json", "net_output_driver.json", "net_order.npz"}
    assert wanted <= names
    again = armlet("compile", "P", "net", "--json", "--no-verify")
    assert json.loads(again.stdout)["moves"]["bound"] > 0


def test_the_file_sets_the_schedule_and_flags_win(here: Path):
    Path("armlet.toml").write_text('[compile]\nseed = 3\ninputs = "natural"\n[compile.anneal]\nmoves = 7\n')
    arguments = ("compile", "P", "net", "--config", "armlet.toml", "--seed", "4", "--no-verify", "--quiet")
    assert armlet(*arguments).exit_code == 0
    settings = json.loads((here / "build/net/net.json").read_text())["settings"]
    assert (settings["seed"], settings["inputs"], settings["anneal"]["moves"]) == (4, "natural", 7)


def test_print_gives_the_text_of_products_alone_and_writes_no_build(here: Path):
    given = ("compile", "P", "net")
    texts = {name: armlet(*given, "--print", name) for name in ("graph", "order", "code", "layout", "program")}
    for name, printed in texts.items():
        assert printed.exit_code == 0, printed.output
        assert printed.stdout.startswith(f"{name} ")
    both = armlet(*given, "--print", "code", "--print", "graph")
    assert both.stdout == texts["code"].stdout + texts["graph"].stdout
    graph = parse_graph(texts["graph"].stdout)
    assert show_order(parse_order(texts["order"].stdout, graph)) == texts["order"].stdout
    assert [path.name for path in here.iterdir()] == ["P"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("compile", "nowhere", "net"), "nowhere: does not exist"),
        (("compile", "P", "not-c"), "is not a C identifier"),
        (("compile", "P", "net", "--target", "z80"), "choose from: cortex-m4f float32"),
        (("compile", "P", "net", "--dtype", "int8"), "choose from: cortex-m4f float32"),
        (("compile", "P", "net", "--flash", "100"), "bytes of flash, 100 are given"),
        (("compile", "P", "net", "--ram", "3"), "bytes of RAM, 3 are given"),
        (("compile", "P", "net", "--registers", "1"), "--registers"),
        (("compile", "P", "net", "--print", "soup"), "choose from: graph, order, code, layout, program"),
        (("compile", "P", "net", "--print", "code", "--json"), "leave one of them out"),
        (("compile", "P", "net", "--inputs", "both"), "choose from: free, natural, auto"),
        (("compile", "P", "net", "--config", "none.toml"), "none.toml: cannot be read"),
        (("compile", "P", "net", "--out", "P/W_0.npy"), "lies in P, which is read"),
        (("compile", "P", "net", "--out", "/dev/null"), "cannot be written"),
        (("verify", "P"), "is not a build folder"),
        (("demo", "none.csv"), "none.csv: cannot be read"),
        (("demo", "--source", "none"), "none: does not exist"),
        (("demo", "--conv", "t.csv"), "--conv: has layers of its own; leave out t.csv"),
    ],
)
def test_what_is_wrong_is_one_line_and_no_build_is_left(here: Path, arguments: tuple[str, ...], says: str):
    result = armlet(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    assert says in result.stderr
    assert not (here / "build").exists()


@pytest.mark.parametrize("text", ["[compile]\nmoves = 1\n", "[compile.anneal]\nmoves = 'many'\n", "[compile\n"])
def test_a_wrong_file_is_refused_with_its_place(text: str):
    Path("armlet.toml").write_text(text)
    result = armlet("compile", "P", "net", "--config", "armlet.toml")
    assert result.exit_code == 2
    assert "armlet.toml: " in result.stderr


def test_a_folder_with_somebody_elses_files_is_not_replaced(here: Path):
    (here / "build" / "net").mkdir(parents=True)
    (here / "build" / "net" / "thesis.tex").write_text("years of work")
    result = armlet("compile", "P", "net")
    assert result.exit_code == 2
    assert "thesis.tex" in result.stderr
    assert (here / "build" / "net" / "thesis.tex").read_text() == "years of work"


def test_the_compiled_program_runs_from_the_command_line_as_the_network_does(here: Path):
    armlet("compile", "P", "net", "--no-verify", "--quiet")
    x = np.random.default_rng(0).random((3, 16)).astype(np.float32)
    Path("x.csv").write_text("\n".join(",".join(f"{v:.9g}" for v in row) for row in x) + "\n")
    for entry in ("run", "core"):
        assert armlet("run", "build/net", "x.csv", "-o", "y.csv", "--entry", entry).exit_code == 0
        found = np.loadtxt("y.csv", delimiter=",")
        assert np.allclose(found, random_network([16, 8, 4], 0.5, 1)(x), rtol=1e-5)


def test_two_builds_link_into_one_program_without_a_clash(here: Path):
    """Every symbol starts with the build's name."""
    from armlet.isa.targets import TARGETS

    core, tools = TARGETS["cortex-m4f"].core, find_toolchain()
    parts = []
    for name in ("left", "right"):
        assert armlet("compile", "P", name, "--no-verify", "--quiet").exit_code == 0
        parts.append(tools.assemble((here / f"build/{name}/{name}.S").read_text(), core))
    assert tools.link(parts, core, "left_run")


def test_c_firmware_calls_the_program_by_its_header(here: Path):
    armlet("compile", "P", "net", "--no-verify", "--quiet")
    from armlet.isa.targets import TARGETS
    from armlet.simulate.machine import Machine
    from armlet.toolchain.image import read_image

    core, tools, build = TARGETS["cortex-m4f"].core, find_toolchain(), here / "build" / "net"
    firmware = (build / "net.h").read_text() + "void go(const float *x, float y[net_OUTPUTS]) { net_run(x, y); }\n"
    parts = [tools.compile_c(firmware, core), tools.assemble((build / "net.S").read_text(), core)]
    machine = Machine(core, read_image(tools.link(parts, core, "go"), THUMB))
    source, sink = machine.reserve(64), machine.reserve(16)
    x = np.random.default_rng(0).random(16).astype(np.float32)
    machine.write_floats(source, x)
    machine.call("go", (source, sink))
    assert np.allclose(machine.read_floats(sink, 4), random_network([16, 8, 4], 0.5, 1)(x), rtol=1e-5)


def test_the_demo_walks_the_whole_road_and_ends_with_one_table(here: Path):
    (here / "network_topology.csv").write_text("5, 8, 10\n")
    walked = armlet("demo")
    assert walked.exit_code == 0, walked.output
    table = walked.stdout.split("\n\n")[-2]
    rows = {line.split("  ")[0].strip() for line in table.splitlines()}
    assert {"connections", "flash, bytes", "activation moves", "cycles, no wait states"} <= rows
    assert "the build is exact" in walked.stdout
    for product in ("network_topology.csv", "dataset", "PARAMS", "PARAMS_SPARSE", "build/net/net.S"):
        assert (here / "demo" / product).exists()


def test_the_demo_of_convolutions_ends_with_the_same_table(here: Path):
    """A short walk: what it comes to is no matter, that the build is proved and says what the network says is."""
    short = "[train]\nepochs = 4\n[sparsify]\nsparsity = 0.5\nepochs = 2\nsteps = 10\n"
    (here / "short.toml").write_text(f"{short}draws = 256\njudged = 128\nvalidation = 128\n")
    walked = armlet("demo", "--conv", "--config", "short.toml", "--json")
    assert walked.exit_code == 0, walked.output
    told = json.loads(walked.stdout)
    assert told["accuracy_compiled"] == told["accuracy_sparse"]
    assert told["verdict"]["verified"]
    assert 0.49 < told["sparsity"] < 0.56
    cycles = [told["dense_c"]["cycles"], told["verdict"]["figures"]["net_run"]["cycles"]]
    assert cycles[1] < cycles[0]
    for product in ("dataset", "PARAMS", "PARAMS_SPARSE", "build/net/net.S"):
        assert (here / "demo" / product).exists()


@pytest.mark.parametrize("arguments", [("train", "mine", "t.csv"), ("sparsify", "P", "mine")])
def test_long_work_asks_first_whether_it_may_write(here: Path, arguments: tuple[str, ...]):
    (here / "t.csv").write_text("4, 3, 10\n")
    assert armlet("dataset", "t.csv").exit_code == 0
    (here / "mine").mkdir()
    (here / "mine" / "thesis.tex").write_text("years of work")
    result = armlet(*arguments)
    assert result.exit_code == 2
    assert "thesis.tex" in result.stderr
    assert result.stdout == ""  # not one epoch was walked
