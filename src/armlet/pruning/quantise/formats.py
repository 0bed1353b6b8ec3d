"""What weights and activations may become, as words of the command line."""

from enum import Enum


class WeightFormat(Enum):
    """The values that weights may have."""

    FLOAT32 = "float32"  # any
    INT16 = "int16"  # whole multiples of a step, up to 32,767
    INT8 = "int8"  # up to 127
    POW2 = "pow2"  # a step times a few powers of two, of either sign
    TERNARY = "ternary"  # a step, of either sign


class ActivationFormat(Enum):
    """How values between layers are computed and stored."""

    FLOAT32 = "float32"
    INT16 = "int16"
    INT8 = "int8"  # unsigned bytes, with a zero where values have signs
