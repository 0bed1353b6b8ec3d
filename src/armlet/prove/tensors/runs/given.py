"""What a byte is where that is known of which it is made, as where that is constant."""

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.forms.evaluate import Given, evaluate
from armlet.integer.forms.linear import Parts
from armlet.isa.semantics import RefusalError
from armlet.prove.tensors.names import constants_of
from armlet.prove.tensors.runs.meaning import Forms, Made


def made_of_constants(forms: Forms, made: Made, found: I64) -> I64:
    """The byte modulo 256, in trips (trips,) of which the names of the values that it takes are (trips, leaves).

    Raises `RefusalError`.
    """
    run = forms.execution()
    unknowns = {leaf: unknown for unknown, leaf in run.leaves.numbers.items()}
    numbers = {
        unknowns[leaf]: constants_of(found[:, k]) + (forms.leaves[leaf].offset or 0)
        for k, leaf in enumerate(made.leaves)
    }

    def given(parts: Parts) -> I64:
        return np.asarray(sum(c * numbers[v] for v, c in parts.items()), np.int64)

    return evaluated(forms, made, given) % 256


def evaluated(forms: Forms, made: Made, given: Given) -> I64:
    """What a byte is but for multiples of 256, where the sums of leaves are given. Raises `RefusalError`."""
    run = forms.execution()
    form = run.terms.form(run.stores[made.number].bytes[made.byte])
    try:
        return evaluate(run.terms.unknowns, form, run.leaves.numbers, given)
    except OverflowError:
        raise RefusalError(f"{made.access.text} at {made.access.at:#010x} is made of more than 64 bits") from None
