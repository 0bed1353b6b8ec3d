"""The coefficients of tanh in armlet.arithmetic.activation_program, and how near float32 comes with them.

    python benchmarks/tanh.py [--every 97]

tanh x = x P(x^2) / Q(x^2) on [0, 8], its relative error made level by Lawson's iteration: least squares, again and
again, with weights that grow where the error is large.
"""

import argparse

import numpy as np

from armlet.arithmetic.float32 import FLOAT32
from armlet.network.activation import Activation, activated
from armlet.network.frozen import F64

END = 8.0
ABOVE, BELOW = 3, 4  # powers of x^2


def fit(rounds: int = 400) -> tuple[float, F64, F64]:
    """The greatest relative error, P and Q, lowest power first; Q ends in one."""
    x = np.cos(np.linspace(0, np.pi / 2, 4000)) * END
    x = x[x > 1e-6]
    z, f = (x / END) ** 2, np.tanh(x)
    weight, below, best = np.ones_like(x), np.ones_like(x), None
    for _ in range(rounds):
        columns = [x[:, None] * z[:, None] ** np.arange(ABOVE + 1), -f[:, None] * z[:, None] ** np.arange(BELOW)]
        scale = np.sqrt(weight) / np.abs(below)
        solved = np.linalg.lstsq(np.hstack(columns) * scale[:, None], f * z**BELOW * scale, rcond=None)[0]
        p, q = solved[: ABOVE + 1], np.append(solved[ABOVE + 1 :], 1)
        below = np.polyval(q[::-1], z)
        error = np.abs(x * np.polyval(p[::-1], z) / below / f - 1)
        if best is None or error.max() < best[0]:
            powers = [END ** (2 * (BELOW - np.arange(n + 1.0))) for n in (ABOVE, BELOW)]
            best = float(error.max()), p * powers[0], q * powers[1]
        weight *= error + 1e-12
        weight /= weight.sum()
    assert best is not None
    return best


def main() -> None:
    """Print the fit, then the errors that the recipes make."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=97, help="look at one float32 in so many")
    every = parser.parse_args().every
    error, p, q = fit()
    print(f"relative error {error:.3g}", *(f"{v:.9g}" for v in p[::-1]), "/", *(f"{v:.9g}" for v in q[::-1]))
    bits = np.arange(0, 0x7F80_0000, every, dtype=np.uint32)
    for kind in (Activation.SIGMOID, Activation.TANH):
        worst, low, high = 0.0, np.inf, -np.inf
        for sign in (0, 1 << 31):
            x = (bits | np.uint32(sign)).view(np.float32)
            found = FLOAT32.activate(FLOAT32.numbers, kind, np.float32(0), x)
            worst = max(worst, float(np.abs(found - activated(kind, 0.0, x.astype(np.float64))).max()))
            low, high = min(low, float(found.min())), max(high, float(found.max()))
        print(f"{kind.value}: off by {worst:.3g} at most, between {low:.9g} and {high:.9g}")


if __name__ == "__main__":
    main()
