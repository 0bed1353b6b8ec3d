"""Orders in which the words of a layer's sources may lie in memory."""

from collections import Counter
from collections.abc import Callable
from itertools import combinations, groupby
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.pack.layer_code import LayerCode, WordOp

WordOrder: TypeAlias = Callable[[LayerCode], NDArray[np.int64]]
"""The words of a code as they lie in memory, (words,)."""


def as_numbered(code: LayerCode) -> NDArray[np.int64]:
    """The order that the code itself has."""
    return np.arange(len(code.words))


def most_loaded_first(code: LayerCode) -> NDArray[np.int64]:
    """Those with most loads where offsets are short."""
    return np.argsort(-_loads(code), kind="stable")


def companions_first(code: LayerCode) -> NDArray[np.int64]:
    """The same with words side by side that are often loaded together, so that one instruction can load both.

    Neighbours are chosen greedily, the most frequent first.
    """
    loads = _loads(code)
    chains = _chains(len(code.words), _companions(code))
    chains.sort(key=lambda chain: -float(loads[chain].mean()))
    return np.concatenate([np.zeros(0, np.int64), *(np.array(chain, np.int64) for chain in chains)])


def _chains(words: int, pairs: list[tuple[int, int]]) -> list[list[int]]:
    """All words in rows, in which pairs are neighbours as long as each word still has a free side."""
    chain_of = {word: [word] for word in range(words)}
    for one, two in pairs:
        left, right = chain_of[one], chain_of[two]
        if left is right or one not in (left[0], left[-1]) or two not in (right[0], right[-1]):
            continue
        if left[-1] != one:
            left.reverse()
        if right[0] != two:
            right.reverse()
        left += right
        chain_of |= dict.fromkeys(right, left)
    return list({id(chain): chain for chain in chain_of.values()}.values())


def _loads(code: LayerCode) -> NDArray[np.int64]:
    loads = code.rows[code.rows[:, 0] == WordOp.LOAD]
    return np.bincount(loads[:, 3], minlength=len(code.words))


def _companions(code: LayerCode) -> list[tuple[int, int]]:
    """Pairs of words that one run of loads has, the most frequent first."""
    found: Counter[tuple[int, int]] = Counter()
    for is_load, rows in groupby(code.rows.tolist(), lambda row: row[0] == WordOp.LOAD):
        if is_load:
            found.update(combinations(sorted({row[3] for row in rows}), 2))
    return sorted(found, key=lambda pair: (-found[pair], pair))
