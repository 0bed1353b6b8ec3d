"""The arithmetics that there are, by the names that network.toml, armlet.toml and the manifest give them."""

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.float32 import FLOAT32, FLOAT32_FUSED

ARITHMETICS: tuple[Arithmetic, ...] = (FLOAT32, FLOAT32_FUSED)


def arithmetic_called(name: str, rounding: str) -> Arithmetic | None:
    """The arithmetic on the format `name` whose multiply-adds round so; None where there is none."""
    return next((each for each in ARITHMETICS if (each.format.name, each.rounding) == (name, rounding)), None)
