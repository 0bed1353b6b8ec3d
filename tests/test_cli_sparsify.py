"""armlet sparsify as a person meets it: files in, files out, one line for what is wrong."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from armlet.cli import guarded
from armlet.cli.sparsify import sparsify
from armlet.cli.terminal.live import line, seconds_left
from armlet.cli.terminal.plot import DISTANCE, SHOWN, plot
from armlet.formats.params import read_params, write_params
from armlet.formats.read import read_network
from armlet.pruning.trace import PruningEpoch, PruningTrace
from generators.perceptrons import initialised

FAST = ["--epochs", "3", "--steps", "10", "--batch", "32", "--inputs", "gaussian"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a dense network and a test set lie."""
    monkeypatch.chdir(tmp_path)
    network = initialised((16, 12, 8, 4), 1, (4, 4))
    write_params(network, tmp_path / "dense")
    random = np.random.default_rng(0)
    np.savez(tmp_path / "test.npz", X=random.uniform(-1, 1, (50, 16)), y=random.integers(0, 4, 50))
    return tmp_path


def run(*arguments: str):
    app = typer.Typer()
    app.command()(guarded(sparsify))
    return CliRunner().invoke(app, [*FAST, *arguments])


def parameters(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.startswith("trace")}


def test_a_sparse_network_and_its_trace_come_out(folder):
    done = run("dense", "sparse", "--sparsity", "0.5", "--json")
    assert done.exit_code == 0, done.output
    sparse = read_params(folder / "sparse")
    figures = json.loads(done.stdout)
    assert figures["domain"] == trace_settings(folder)["sparsify_domain"] == "declared, from -1 to 1"
    assert figures["metric"] == "values"
    assert 0 <= figures["worst_output"] < sparse.outputs
    assert figures["connections"] == sparse.connections == sparse.weights - round(0.5 * sparse.weights)
    trace = json.loads((folder / "sparse" / "trace.json").read_text())
    assert trace["epochs"][-1]["distance"] == figures["distance"] == sparse.provenance["sparsify_distance"]
    assert trace["settings"]["sparsify_inputs"] == sparse.provenance["sparsify_inputs"] == "gaussian"
    assert sparse.provenance["sparsify_dense_digest"] == read_network(folder / "dense").digest()


def trace_settings(folder: Path) -> dict[str, str]:
    return json.loads((folder / "sparse" / "trace.json").read_text())["settings"]


def test_the_result_line_says_what_the_inputs_were_taken_for_and_the_worst_output(folder):
    said = run("dense", "sparse", "--sparsity", "0.5").stdout
    assert "(values) on inputs from gaussian, worst output " in said
    assert "; inputs declared, from -1 to 1" in said


def test_samples_that_stick_out_a_little_are_clipped_and_said_and_much_are_refused(folder):
    rows = np.full((50, 16), 0.5, np.float32)
    rows[4, 2] = 99
    np.savez(folder / "rows.npz", X=rows)
    done = run("dense", "sparse", "--sparsity", "0.5", "--samples", "rows.npz", "--inputs", "samples:0.5,uniform:0.5")
    assert "values of the samples are clipped: row 5, column 3 holds 99, its interval is [-1, 1]" in done.stderr
    np.savez(folder / "rows.npz", X=rows * 4)
    done = run("dense", "out", "--sparsity", "0.5", "--samples", "rows.npz")
    assert done.exit_code == 2
    assert "--samples: row 1, column 1 holds 2," in done.stderr


def test_a_test_set_is_shown_and_changes_no_byte(folder):
    for sparsity in (["--sparsity", "0.6"], ["--max-distance", "0.4"]):
        run("dense", "without", *sparsity)
        done = run("dense", "with", "test.npz", "test.npz", *sparsity)
        assert "accuracy" in done.stdout
        assert parameters(folder / "without") == parameters(folder / "with")
    epochs = json.loads((folder / "with" / "trace.json").read_text())["epochs"]
    assert all(0 <= epoch["shown"]["accuracy"] <= 1 for epoch in epochs)


def test_samples_are_used_without_labels(folder):
    done = run("dense", "sparse", "--sparsity", "0.5", "--samples", "test.npz", "--inputs", "samples:0.5,uniform:0.5")
    assert done.exit_code == 0, done.output
    assert "samples:0.5" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "out"], "nowhere"),
        (["dense", "out", "missing.csv", "test.npz"], "missing.csv"),
        (["dense", "out", "--sparsity", "1.5"], "--sparsity"),
        (["dense", "out", "--max-distance", "-1"], "--max-distance"),
        (["dense", "out", "--inputs", "digits"], "no input model"),
        (["dense", "out", "--inputs", "samples"], "--samples"),
        (["dense", "out", "--path", "0.5,high"], "no list of numbers"),
        (["dense", "out", "--path", "0.5,1"], "--path"),
        (["dense", "out", "--path", "0.5,0.9", "--sparsity", "0.8"], "lies beyond --sparsity"),
        (["dense", "out", "--selector", "oracle"], "give diagonal or compensated"),
        (["dense", "out", "--metric", "l1"], "give logits or values or fisher"),
        (["dense", "out", "--samples", "missing.npz"], "missing.npz"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(folder, arguments, said):
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "out").exists()


def test_a_budget_that_no_removal_keeps_is_answered_with_no(folder):
    done = run("dense", "sparse", "--max-distance", "1e-9")
    assert done.exit_code == 1
    assert read_params(folder / "sparse").digest() == read_params(folder / "dense").digest()


def test_the_networks_on_the_way_lie_within_and_are_networks_of_their_own(folder):
    done = run("dense", "sparse", "test.npz", "test.npz", "--path", "0.8,0.5,0.9", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["path"]
    assert list(told) == ["s0.500", "s0.800", "s0.900"]
    networks = [read_params(folder / "sparse" / "path" / name) for name in told]
    for share, figures, network in zip((0.5, 0.8, 0.9), told.values(), networks):
        assert network.connections == figures["connections"] == network.weights - round(share * network.weights)
        assert network.provenance["sparsify_distance"] == figures["distance"]
    assert networks[-1].digest() == read_params(folder / "sparse").digest()
    run("dense", "sparse", "--sparsity", "0.5")
    assert not (folder / "sparse" / "path").exists()  # a new run leaves nothing of the old one


def test_resuming_what_is_finished_says_so_and_what_never_began_begins(folder):
    begun = run("dense", "sparse", "--sparsity", "0.5", "--resume")
    assert "starting from the beginning" in begun.stdout
    before = parameters(folder / "sparse")
    assert "finished already" in run("dense", "sparse", "--sparsity", "0.5", "--resume").stdout
    (folder / "sparse.partial").mkdir()
    (folder / "sparse.partial" / "kept_0.npz").write_bytes(b"")  # a kill while the folder was removed
    assert "finished already" in run("dense", "sparse", "--sparsity", "0.5", "--resume").stdout
    assert not (folder / "sparse.partial").exists()
    assert parameters(folder / "sparse") == before
    assert "starting" in run("dense", "sparse", "--sparsity", "0.6", "--resume").stdout


def test_fast_is_less_work_and_gives_way_to_what_is_said(folder):
    from armlet.pruning.options import FAST

    run("dense", "sparse", "--fast", "--sparsity", "0.5")
    settings = json.loads((folder / "sparse" / "trace.json").read_text())["settings"]
    assert settings["sparsify_draws"] == FAST["draws"]
    assert settings["sparsify_steps"] == 10  # as given


def test_importing_the_command_wakes_no_jax():
    import subprocess

    code = "import armlet.cli.sparsify, sys; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def epoch(
    number: int, sparsity: float, distance: float, accuracy: float | None = None, kept: bool = True
) -> PruningEpoch:
    return PruningEpoch(
        number,
        10,
        sparsity,
        100,
        distance,
        distance,
        True,
        kept,
        10.0 + 2 * number,
        shown={} if accuracy is None else {"accuracy": accuracy},
    )


def test_the_plot_shows_each_epoch_that_was_kept():
    epochs = [epoch(i, i / 10, i**2 / 100, 0.98 - i / 100) for i in range(1, 6)]
    assert plot(epochs).count(DISTANCE) == 5 + 1  # and one in the legend
    assert plot(epochs).count(SHOWN) == 5 + 1
    assert plot([*epochs, epoch(6, 0.5, 0.9, kept=False)]) == plot(epochs)
    assert SHOWN not in plot([epoch(1, 0.0, 0.0)])
    assert plot([]) == ""


def test_the_line_tells_the_time_left_at_the_pace_of_later_epochs():
    epochs = [epoch(i, i / 10, 0.1) for i in range(1, 5)]
    assert seconds_left(epochs) == pytest.approx(2.0 * 6)
    assert re.search(r"epoch +4 .* 18 s, at most 12 s left$", line(epochs))
    assert line([epoch(1, 0.1, 0.2, kept=False)]).endswith("undone")


def test_the_trace_of_no_epoch_is_at_home():
    assert PruningTrace(1, {}, ()).distance == 0.0


def test_integers_come_out_where_they_are_asked_for(folder):
    from armlet.formats.read import read_any_network
    from armlet.integer.network import IntegerNetwork

    asked = ["--sparsity", "0.5", "--weights", "pow2", "--activations", "int8", "--json"]
    done = run("dense", "small", "test.npz", *asked)
    assert done.exit_code == 0, done.output
    made = read_any_network(folder / "small")
    assert isinstance(made, IntegerNetwork)
    figures = json.loads(done.stdout)
    assert (figures["weights"], figures["activations"]) == ("pow2", "int8")
    assert figures["agreement_sparse"] <= figures["agreement_dense"] == 1
    assert figures["connections"] == made.connections
    trace = json.loads((folder / "small" / "trace.json").read_text())
    assert [epoch["snapped"] for epoch in trace["epochs"]][-1] == 1


def test_a_dense_network_is_quantised_alone(folder):
    done = run("dense", "small", "--sparsity", "0", "--activations", "int8", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sparsity"] < 0.1


def test_an_unknown_format_of_weights_is_refused_with_those_there_are(folder):
    done = run("dense", "small", "--weights", "int4")
    assert done.exit_code == 2
    assert "--weights: 'int4' is none; give float32 or int16 or int8 or pow2 or ternary" in done.stderr


def test_formats_are_options_of_armlet_toml_too(folder):
    (folder / "armlet.toml").write_text('[sparsify]\nweights = "ternary"\nrounds = 2\nsparsity = 0.5\n')
    done = run("dense", "small", "--config", "armlet.toml", "--json")
    assert json.loads(done.stdout)["weights"] == "ternary"


def test_a_network_in_integers_is_not_sparsified_again(folder):
    run("dense", "small", "--sparsity", "0.5", "--activations", "int8")
    done = run("small", "smaller", "--sparsity", "0.6")
    assert done.exit_code == 2
    assert "small: holds a network in integers; give the one that it was made from" in done.stderr
