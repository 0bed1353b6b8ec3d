"""The one door from the benchmarks to the generators of the tests: random survivors, in floats and integers.

Figures and tests must speak of the same networks, and nothing that only they use belongs into the package.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from generators.float_survivors import float_survivor_convolution
from generators.integer_survivors import ALPHABETS, REFERENCE, drawn_survivors, integer_survivors
from generators.survivors import SPARSITIES, WIDTHS, survivors
from generators.window_survivors import survivor_convolution

__all__ = [
    "ALPHABETS",
    "REFERENCE",
    "SPARSITIES",
    "WIDTHS",
    "drawn_survivors",
    "float_survivor_convolution",
    "integer_survivors",
    "survivor_convolution",
    "survivors",
]
