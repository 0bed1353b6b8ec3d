"""A rejected fine-tuning lowers the rate of the next, and accepted ones raise it again."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from armlet.pruning.fine_tune import RAISE_AFTER, SLOWEST_RATE, next_rate
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.sparsify import sparsify
from generators.perceptrons import initialised


def test_without_a_failure_the_rate_is_that_asked_for():
    for count in range(12):
        assert next_rate(0.04, [True] * count) == 0.04


def test_each_rejection_quarters_the_rate_and_acceptance_doubles_it_up_to_that_asked_for():
    assert next_rate(0.04, [False]) == 0.01
    assert next_rate(0.04, [True] * 9 + [False, False]) == 0.0025
    back = [next_rate(1.0, [False] + [True] * count) for count in range(3 * RAISE_AFTER + 1)]
    assert back[0] == back[RAISE_AFTER - 1] == 0.25
    assert back[RAISE_AFTER] == 0.5
    assert back[2 * RAISE_AFTER] == back[3 * RAISE_AFTER] == 1.0


def test_no_rate_is_below_the_slowest():
    assert next_rate(1.0, [False] * 100) == SLOWEST_RATE
    assert next_rate(1.0, [False] * 100 + [True] * RAISE_AFTER) == 2 * SLOWEST_RATE


def test_the_trace_holds_each_rate_and_fine_tuning_is_accepted_once_the_rate_has_fallen():
    """At a rate that ruins any network, the first fine-tunings are rejected and later ones accepted."""
    options = SparsifyOptions(0.6, inputs="gaussian", epochs=10, steps=40, batch=64, draws=1024, judged=256)
    options = replace(options, validation=256, rate=4.0)
    network = initialised((8, 12, 12, 4), 1)
    epochs = sparsify(network, options).trace.epochs
    taken = [epoch.adjusted for epoch in epochs]
    left = [network.weights, *(epoch.connections for epoch in epochs)]
    removing = [after < before for before, after in pairwise(left)]
    for at, epoch in enumerate(epochs):
        before = [was for was, counts in zip(taken[:at], removing) if counts]
        assert epoch.rate == pytest.approx(next_rate(4.0, before))
    assert removing.count(False) == options.rest
    assert not taken[0]
    assert any(taken)
    assert np.argmax(taken) < 6
