"""Where the annealing of pairs starts: those that save most loads, as the neurons stand."""

import numpy as np

from armlet.kernels import njit
from armlet.pack.windows import common, windows


@njit(cache=True)
def matched(bits, width, bonus):
    """Mates by the loads that a pair saves, the greatest first; an odd one stays alone."""
    sources = len(bits)
    gain = np.zeros(sources * (sources - 1) // 2)
    alone = np.empty(sources, np.int64)
    for i in range(sources):
        alone[i] = windows(bits, i, i, width)
    k = 0
    for i in range(sources):
        for j in range(i):
            gain[k] = alone[i] + alone[j] - windows(bits, i, j, width) + bonus * common(bits, i, j)
            k += 1
    mate = np.arange(sources)
    taken = np.zeros(sources, np.bool_)
    for pair in np.argsort(-gain, kind="mergesort"):
        i = np.int64((1 + np.sqrt(8.0 * pair + 1)) / 2)
        while i * (i - 1) // 2 > pair:
            i -= 1
        while (i + 1) * i // 2 <= pair:
            i += 1
        j = pair - i * (i - 1) // 2
        if not taken[i] and not taken[j]:
            mate[i], mate[j] = j, i
            taken[i] = taken[j] = True
    return mate
