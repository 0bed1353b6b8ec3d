"""Inputs by their declared moments: they have them, they stay inside, and what is no covariance is refused."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from armlet.errors import InputError
from armlet.network.domain import InputDomain
from armlet.pruning.inputs.default import default_model
from armlet.pruning.inputs.moments import make_moments, moments_sampler, read_moments
from armlet.pruning.inputs.parse import input_model
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.sparsify import sparsify
from generators.perceptrons import initialised

RANDOM = np.random.default_rng(0)
MEAN = np.array([0.1, -0.2, 0.0, 0.3, 0.0, 0.2])
FACTOR = RANDOM.normal(size=(6, 3)) * 0.05  # a covariance of rank three
COVARIANCE = FACTOR @ FACTOR.T


def network():
    return initialised()


def test_draws_have_the_moments_that_were_declared():
    raw = moments_sampler(make_moments(MEAN, None, COVARIANCE, 6))(network(), 40_000, 3).astype(np.float64)
    np.testing.assert_allclose(raw.mean(axis=0), MEAN, atol=0.002)
    np.testing.assert_allclose(np.cov(raw, rowvar=False), COVARIANCE, atol=0.002 * COVARIANCE.max() * 10)
    apart = moments_sampler(make_moments(MEAN, np.sqrt(np.diag(COVARIANCE)), None, 6))(network(), 40_000, 3)
    np.testing.assert_allclose(np.cov(apart, rowvar=False), np.diag(np.diag(COVARIANCE)), atol=0.0005)


def test_draws_repeat_and_stay_in_the_interval_whatever_is_declared():
    wide = make_moments(np.full(6, -0.3), np.full(6, 0.5), None, 6)  # two fifths of its values lie outside
    net = dataclasses.replace(network(), domain=InputDomain.uniform(6, -0.7, 0.1, -0.25, 0.5))
    raw = moments_sampler(wide)(net, 500, 1)
    assert raw.dtype == np.float32
    assert (raw >= -0.7).all()
    assert (raw.astype(np.float64) <= 0.1).all()
    np.testing.assert_array_equal(raw, moments_sampler(wide)(net, 500, 1))
    assert (raw != moments_sampler(wide)(net, 500, 2)).any()
    constant = moments_sampler(make_moments(MEAN, np.zeros(6), None, 6))(network(), 3, 0)
    np.testing.assert_array_equal(constant, np.broadcast_to(MEAN.astype(np.float32), (3, 6)))


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"mean": MEAN}, "holds"),
        ({"mean": MEAN, "std": MEAN, "covariance": COVARIANCE}, "holds"),
        ({"std": MEAN}, "holds"),
        ({"mean": MEAN[:5], "std": np.ones(6)}, r"mean has shape \(5,\)"),
        ({"mean": MEAN, "std": MEAN}, r"std\[1\] is negative"),
        ({"mean": MEAN, "std": np.full(6, np.nan)}, "std is not finite"),
        ({"mean": MEAN, "covariance": FACTOR}, r"covariance has shape \(6, 3\)"),
        ({"mean": MEAN, "covariance": np.triu(np.ones((6, 6)))}, "not symmetric"),
        ({"mean": MEAN, "covariance": -np.eye(6)}, "negative variance"),
        ({"mean": MEAN, "covariance": np.eye(6) - 0.9}, "negative variance"),
    ],
)
def test_files_that_declare_no_moments_are_refused_in_one_line(tmp_path: Path, arrays, problem):
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(InputError, match=problem) as refused:
        read_moments(tmp_path / "m.npz", 6)
    assert str(refused.value).startswith(str(tmp_path / "m.npz"))
    assert "\n" not in str(refused.value)


def test_a_file_gives_what_was_declared(tmp_path: Path):
    np.savez(tmp_path / "m.npz", mean=MEAN.astype(np.float32), covariance=COVARIANCE.astype(np.float32))
    read = read_moments(tmp_path / "m.npz", 6)
    np.testing.assert_allclose(read.root.T @ read.root, COVARIANCE, atol=1e-8)


def test_moments_are_the_default_where_they_are_given_and_a_model_that_needs_them_says_so():
    moments = make_moments(MEAN, np.ones(6), None, 6)
    assert default_model(network(), None, moments) == "moments"
    assert default_model(network(), np.zeros((1, 6), np.float32), moments) == "samples"
    with pytest.raises(InputError, match="--moments"):
        input_model("moments")(network(), 1, 0)
    with pytest.raises(InputError, match="the network takes 6"):
        moments_sampler(make_moments(MEAN[:3], np.ones(3), None, 3))(network(), 1, 0)


def test_a_run_by_moments_notes_which():
    asked = SparsifyOptions(sparsity=0.5, epochs=2, steps=5, draws=128, judged=64, validation=64)
    one = sparsify(network(), asked, moments=make_moments(MEAN, np.ones(6) / 4, None, 6)).network
    other = sparsify(network(), asked, moments=make_moments(MEAN, np.ones(6) / 8, None, 6)).network
    assert one.provenance["sparsify_inputs"] == "moments"
    assert one.provenance["sparsify_moments_digest"] != other.provenance["sparsify_moments_digest"]
    assert one.digest() != other.digest()


@pytest.mark.parametrize(
    ("low", "high", "mean", "std", "says"),
    [
        (0, 1, 127.5, 30, "input 0 has mean 127.5 and deviation 30, its interval is [0, 1]"),
        (0, 1, 0, 1, "66% of all values would lie outside theirs"),
        (0, 1, 0.1307, 0.3081, ""),
        (-4, 4, 0, 1, ""),
    ],
)
def test_moments_that_the_declared_intervals_do_not_hold_are_refused(
    low: float, high: float, mean: float, std: float, says: str
):
    net = dataclasses.replace(network(), domain=InputDomain.uniform(6, low, high))
    sampler = moments_sampler(make_moments(np.full(6, mean), np.full(6, std), None, 6))
    if says:
        with pytest.raises(InputError, match=re.escape(says)):
            sampler(net, 4, 0)
        return
    assert sampler(net, 4, 0).shape == (4, 6)
    assert sampler(dataclasses.replace(net, domain=InputDomain.undeclared(6)), 4, 0).shape == (4, 6)
