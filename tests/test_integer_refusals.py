"""A layer in integers that fits no scheme of a target is refused with the reason, in one line."""

import numpy as np
import pytest

from armlet.anneal.engine import Annealing
from armlet.errors import CapacityError
from armlet.integer.simplify import simplify_integers
from armlet.isa.targets import INTEGER_TARGETS
from armlet.select.integer.select import select_integers
from generators.integers import draw_integer_network


@pytest.mark.parametrize(
    ("target", "seed", "why"),
    [
        ("cortex-m4", 88, r"neuron 0 has sums as large as 11814, times 2\^17 by its multiplier's exponent: .* 30 bits"),
        ("cortex-m4", 218, r"neuron 1 has sums as large as 2029078036: a multiplier takes 30 bits"),
        ("cortex-m0plus", 12, "there is no code for multipliers on this core: scale sums by shifts"),
        ("cortex-m0plus", 7, "there is no code for tables on this core, which sigmoid takes"),
    ],
)
def test_a_layer_that_fits_no_scheme_says_why(target: str, seed: int, why: str):
    network = simplify_integers(draw_integer_network(np.random.default_rng(seed))).network
    with pytest.raises(CapacityError, match=rf"^layer 0 fits no scheme of {target}: {why}$"):
        select_integers(network, INTEGER_TARGETS[target], Annealing(moves=5, cycles=1))
