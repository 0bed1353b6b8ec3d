"""armlet sparsify on networks with windows: exact counts, the same bytes however interrupted, refusals in one line."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.cli import app
from armlet.errors import InputError
from armlet.formats.arrays import write_npy
from armlet.formats.params import params_files, read_params, write_params
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.network import Network
from armlet.pruning.checkpoint import Partial
from armlet.pruning.geometry.metric import OutputMetric
from armlet.pruning.quantise.formats import ActivationFormat, WeightFormat
from armlet.pruning.rate import first_rate
from armlet.pruning.reference import draw_references
from armlet.pruning.select import Selector
from armlet.pruning.sparsify import sparsify
from armlet.pruning.trace import PruningEpoch
from generators.classifier import QUICK, classifier
from generators.layered import zeros

INT8 = {"activations": ActivationFormat.INT8}


def files(network: Network) -> dict[str, bytes | str]:
    return dict(params_files(network))


def test_as_many_weights_are_left_as_asked_and_the_trace_says_how():
    network = classifier()
    made = sparsify(network, replace(QUICK, path=(0.25,)))
    assert made.network.connections == network.weights - round(0.5 * network.weights)
    assert made.path[0.25].connections == network.weights - round(0.25 * network.weights)
    assert made.network.wiring == network.wiring
    assert made.network.domain is network.domain
    told = made.trace.settings
    assert (told["sparsify_inputs"], told["sparsify_metric"]) == ("dead_leaves", "tempered")
    assert "sparsify_rate" not in told
    assert 0 < made.trace.distance < 1
    assert all(0 < (epoch.rate or 0) <= 0.04 for epoch in made.trace.epochs)


def test_the_same_bytes_come_out_again_and_of_a_run_that_was_broken_off(tmp_path: Path):
    network = classifier()
    whole = files(sparsify(network, QUICK).network)

    class BrokenError(Exception):
        pass

    def stop(epoch: PruningEpoch, made: object) -> None:
        if epoch.number == 2:
            raise BrokenError

    with pytest.raises(BrokenError):
        sparsify(network, QUICK, stop, partial=Partial(tmp_path / "partial"))
    resumed = sparsify(network, QUICK, partial=Partial(tmp_path / "partial", resume=True))
    assert files(resumed.network) == whole


def test_a_budget_of_distance_holds():
    made = sparsify(classifier(), replace(QUICK, sparsity=None, max_distance=0.2, epochs=6))
    assert 0 < made.trace.distance <= 0.2
    assert made.network.connections < classifier().connections


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"activations": ActivationFormat.INT16}, "--activations int16: serves dense layers in a chain"),
        ({"weights": WeightFormat.INT16, **INT8}, "--weights int16: serves dense layers in a chain"),
        ({"target_core": "cortex-m4", "blocks": "1x2", **INT8}, "--blocks: stand in dense layers in a chain, layer 0"),
        ({"target_core": "cortex-m0plus", **INT8}, "--for cortex-m0plus: compiles no networks with windows yet; take"),
        ({"selector": Selector.EXACT}, "--selector exact: tries dense layers in a chain"),
        ({"gauss_newton": 1}, "--gauss-newton: serves dense layers in a chain"),
        ({"inputs": "weights"}, "--inputs weights: reads the first of dense layers in a chain"),
    ],
)
def test_what_does_not_serve_windows_is_refused_in_one_line(change: dict, says: str):
    with pytest.raises(InputError) as caught:
        sparsify(classifier(), replace(QUICK, **change))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_integers_store_clamps_alone():
    network = classifier()
    curved = replace(network, layers=(replace(network.layers[0], activation=Activation.TANH), *network.layers[1:]))
    with pytest.raises(InputError, match="linear, relu or relu6, layer 0 is a convolution 3x3x3x4 with tanh"):
        sparsify(curved, replace(QUICK, **INT8))
    sparsify(curved, QUICK)


def test_undeclared_inputs_are_refused_and_samples_of_them_are_not():
    network = replace(classifier(), domain=InputDomain.undeclared(192))
    with pytest.raises(InputError, match=r"network: has convolutions, and nobody declared the intervals"):
        sparsify(network, QUICK)
    read = replace(network, provenance={"model_file": "m.onnx"})
    with pytest.raises(InputError, match=r"m\.onnx: has convolutions, and nobody declared the intervals"):
        sparsify(read, QUICK)
    rows = np.random.default_rng(0).random((20, 192)).astype(np.float32)
    assert sparsify(network, QUICK, samples=rows).trace.settings["sparsify_inputs"] == "samples"


def test_the_rate_falls_with_the_curvature_and_not_with_the_scales_of_layers():
    def rate(network: Network) -> float:
        return first_rate(network, draw_references(network, QUICK, "uniform", OutputMetric.LOGITS), QUICK)

    usual = rate(classifier())
    assert rate(classifier(scale=8.0)) == pytest.approx(usual, rel=0.05)
    many = classifier()
    stiff = replace(many.layers[0], bias=zeros(4) + 40)  # all units open, and large sums cancel behind them
    assert rate(replace(many, layers=(stiff, *many.layers[1:]))) < usual
    assert (
        first_rate(many, draw_references(many, QUICK, "uniform", OutputMetric.LOGITS), replace(QUICK, rate=0.5)) == 0.5
    )


def test_the_command_shows_agreement_on_images_with_channels_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write_params(classifier(), tmp_path / "P")
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)
    (tmp_path / "x.npy").write_bytes(write_npy(images))
    effort = ("--sparsity", "0.5", "--epochs", "1", "--steps", "2", "--batch", "8", "--json")
    done = CliRunner().invoke(app, ("sparsify", "P", "S", "x.npy", "--samples", "x.npy", *effort))
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["inputs"] == "samples"
    planes = images.transpose(0, 3, 1, 2).reshape(12, -1)
    dense, sparse = classifier()(planes).argmax(axis=1), read_params(tmp_path / "S")(planes).argmax(axis=1)
    assert told["agreement_sparse"] == pytest.approx((dense == sparse).mean())
    (tmp_path / "y.npy").write_bytes(write_npy(images.transpose(0, 1, 3, 2)))
    refused = CliRunner().invoke(app, ("sparsify", "P", "T", "--samples", "y.npy", *effort))
    assert refused.exit_code == 2
    assert re.search(r"holds tensors 8x3x8; give channels x height x width, 3x8x8", refused.stderr)


def test_a_network_with_windows_goes_all_the_way_to_a_verified_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write_params(classifier(), tmp_path / "P")
    (tmp_path / "armlet.toml").write_text("[sparsify]\ndraws = 64\njudged = 32\nvalidation = 32\nrounds = 1\n")
    effort = ("--epochs", "1", "--steps", "2", "--batch", "8", "--config", "armlet.toml", "--json")
    asked = ("--sparsity", "0.5", "--activations", "int8", "--for", "cortex-m4")
    done = CliRunner().invoke(app, ("sparsify", "P", "S", *asked, *effort))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["weights"] == "int8"
    for words in (("compile", "S", "net", "--target", "cortex-m4"), ("verify", "build/net")):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
    assert "verified" in result.output
