"""A walk that was too bold makes the next more careful, and trust comes back."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from armlet.manifold.adjust import LEAST, TRUST, careful
from armlet.manifold.options import SparsifyOptions
from armlet.manifold.sparsify import sparsify
from generators.perceptrons import initialised


def test_without_a_failure_the_rate_is_that_asked_for():
    for walks in range(12):
        assert careful(0.04, [True] * walks) == 0.04


def test_each_failure_quarters_the_rate_and_trust_doubles_it_up_to_that_asked_for():
    assert careful(0.04, [False]) == 0.01
    assert careful(0.04, [True] * 9 + [False, False]) == 0.0025
    back = [careful(1.0, [False] + [True] * walks) for walks in range(3 * TRUST + 1)]
    assert back[0] == back[TRUST - 1] == 0.25
    assert back[TRUST] == 0.5
    assert back[2 * TRUST] == back[3 * TRUST] == 1.0


def test_no_walk_is_slower_than_the_least():
    assert careful(1.0, [False] * 100) == LEAST
    assert careful(1.0, [False] * 100 + [True] * TRUST) == 2 * LEAST


def test_the_trace_tells_each_rate_and_walks_that_fail_at_first_come_home_at_last():
    """At a rate that throws any network away, the first walks are not taken and later ones are."""
    options = SparsifyOptions(0.6, inputs="gaussian", epochs=10, steps=40, batch=64, draws=1024, judged=256)
    options = replace(options, validation=256, rate=4.0)
    network = initialised((8, 12, 12, 4), 1)
    epochs = sparsify(network, options).trace.epochs
    taken = [epoch.adjusted for epoch in epochs]
    left = [network.weights, *(epoch.connections for epoch in epochs)]
    removing = [after < before for before, after in pairwise(left)]
    for at, epoch in enumerate(epochs):
        before = [was for was, counts in zip(taken[:at], removing) if counts]
        assert epoch.rate == pytest.approx(careful(4.0, before))
    assert removing.count(False) == options.rest
    assert not taken[0]
    assert any(taken)
    assert np.argmax(taken) < 6
