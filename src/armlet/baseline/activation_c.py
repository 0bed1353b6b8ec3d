"""The program of an activation as a C function, a statement a step, so that no compiler fuses what it rounds apart."""

import numpy as np

from armlet.arithmetic.activation_program import ACTIVATION_PROGRAMS, FLOATING, Does, Step
from armlet.network.activation import Activation

_SIGNS = {Does.MULTIPLY: "*", Does.ADD: "+", Does.SUBTRACT: "-", Does.DIVIDE: "/"}


def activation_c(kind: Activation, name: str) -> str:
    """C text of `float name(float x)`."""
    lines = [f"static inline float {name}(float x) {{", "  union { float f; uint32_t u; } v[64];", "  v[0].f = x;"]
    program = ACTIVATION_PROGRAMS[kind]
    lines += [f"  v[{number}]{_made(step)};" for number, step in enumerate(program.steps, 1)]
    return "\n".join([*lines, f"  return v[{len(program.steps)}].f;", "}"])


def _made(step: Step) -> str:
    if step.does in FLOATING:
        second = f"v[{step.b}].f" if step.b >= 0 else f"{float(np.float32(step.constant)).hex()}f"
        return f".f = v[{step.a}].f {_SIGNS[step.does]} {second}"
    a = f"v[{step.a}].u"
    match step.does:
        case Does.POSITIVE:
            return f".u = {a} >> 31 ? 0 : {a}"
        case Does.NEGATIVE:
            return f".u = {a} >> 31 ? {a} : 0"
        case Does.MAGNITUDE:
            return f".u = {a} & 0x7fffffff"
        case Does.UP:
            return f".u = {a} + {step.bits:#x}"
        case Does.DOWN:
            return f".u = {a} - {step.bits:#x}"
        case _:
            return f".u = ({a} & 0x80000000) | (v[{step.b}].u & 0x7fffffff)"
