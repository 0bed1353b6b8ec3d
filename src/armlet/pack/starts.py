"""Where the annealing of order and pairs starts: neurons that are alike side by side, pairs that save most."""

import numpy as np

from armlet.kernels import njit
from armlet.pack.windows import common, windows


@njit(cache=True)
def likeness_row(support, ends, sources, width, candidates):
    """A first row: always append the neuron of which the greatest part is served by the windows as they stand."""
    neurons = len(ends) - 1
    begun = np.full(sources, -width - 1, np.int64)
    left = np.arange(neurons)
    row = np.empty(neurons, np.int64)
    for position in range(neurons):
        best, chosen = np.inf, 0
        for k in range(min(candidates, neurons - position)):
            neuron, missing = left[k], 0.0
            for at in range(ends[neuron], ends[neuron + 1]):
                missing += 1.0 if begun[support[at]] + width <= position else 0.0
            missing /= max(1, ends[neuron + 1] - ends[neuron])
            if missing < best:
                best, chosen = missing, k
        neuron = left[chosen]
        row[position] = neuron
        for k in range(chosen, neurons - position - 1):
            left[k] = left[k + 1]
        for at in range(ends[neuron], ends[neuron + 1]):
            if begun[support[at]] + width <= position:
                begun[support[at]] = position
    return row


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
