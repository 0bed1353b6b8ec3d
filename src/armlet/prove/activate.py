"""An activation as the term that the linked bytes must make: its recipe, step by step."""

import numpy as np

from armlet.arithmetic.activation_program import SLOPE, Does, Recipe, Step
from armlet.isa.semantics import Term
from armlet.prove.terms import Terms


def activate(terms: Terms, recipe: Recipe, slope: float, value: Term) -> Term:
    """What `recipe` makes of `value`."""
    values = [value]
    for step in recipe.steps:
        constant = slope if step.b == SLOPE else step.constant
        second = values[step.b] if step.b >= 0 else terms.constant(int(np.float32(constant).view(np.uint32)))
        values.append(_made(terms, step, values[step.a], second))
    return values[-1]


def _made(terms: Terms, step: Step, a: Term, b: Term) -> Term:
    match step.does:
        case Does.MULTIPLY:
            return terms.multiply(a, b)
        case Does.ADD:
            return terms.add(a, b)
        case Does.SUBTRACT:
            return terms.add(a, terms.negate(b))
        case Does.DIVIDE:
            return terms.divide(a, b)
        case Does.POSITIVE:
            return terms.positive(a)
        case Does.NEGATIVE:
            return terms.negative(a)
        case Does.MAGNITUDE:
            return terms.magnitude(a)
        case Does.UP | Does.DOWN:
            return terms.raised(a, step.bits if step.does is Does.UP else -step.bits)
        case Does.SIGNED:
            return terms.signed(a, b)
