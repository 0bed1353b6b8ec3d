"""Counts the windows of neighbours in a row that hold all neurons of a word: by definition, its loads."""

import numpy as np

from armlet.kernels import njit
from armlet.schedule.neuron_order import BIT, DE_BRUIJN, ONE


@njit(cache=True)
def windows(bits, i, j, width):
    """How many windows of `width` positions hold the bits of the rows i and j together, from the lowest bit on."""
    count, words, word = 0, bits.shape[1], 0
    rest = bits[i, 0] | bits[j, 0]
    while True:
        while rest == 0:
            word += 1
            if word == words:
                return count
            rest = bits[i, word] | bits[j, word]
        lowest = rest & (~rest + ONE)
        position = (word << 6) + BIT[np.int64((lowest * DE_BRUIJN) >> np.uint64(58))] + width
        count += 1
        word = position >> 6
        if word >= words:
            return count
        rest = (bits[i, word] | bits[j, word]) & ~((ONE << np.uint64(position & 63)) - ONE)


@njit(cache=True)
def common(bits, i, j):
    """How many bits the rows i and j share."""
    count = 0
    for word in range(bits.shape[1]):
        rest = bits[i, word] & bits[j, word]
        while rest != 0:
            rest &= rest - ONE
            count += 1
    return count
