"""Chooses the accumulators that hold the negative of their sum, so that visits have little to negate.

A high register can only be added to. Where one of them is to lose a product it takes a line more, once for all that are
to lose the same; turning the sign of a neuron turns this for all its products.
"""

from collections.abc import Sequence
from typing import TypeAlias

Group: TypeAlias = tuple[tuple[int, int], ...]  # neurons that take one product, each with the sign of its weight

_ROUNDS = 20


def turned_signs(groups: Sequence[Group], neurons: int, costs: Sequence[int]) -> list[int]:
    """1 or -1 for each neuron: of least cost as far as turning one after the other leads.

    A group costs 1 where a neuron is to lose its product, and a neuron its `costs` where it is not turned.
    """
    signs = [1] * neurons
    of: list[list[tuple[int, int]]] = [[] for _ in range(neurons)]
    lost = [0] * len(groups)
    for k, group in enumerate(groups):
        for neuron, sign in group:
            of[neuron].append((k, sign))
            lost[k] += sign * signs[neuron] < 0
    for _ in range(_ROUNDS):
        if not sum(_turn(neuron, signs, of[neuron], lost, costs[neuron]) for neuron in range(neurons)):
            break
    return signs


def _turn(neuron: int, signs: list[int], groups: list[tuple[int, int]], lost: list[int], cost: int) -> bool:
    """Turn a neuron where that gains; says whether it did."""
    change = cost if signs[neuron] < 0 else -cost
    moved: dict[int, int] = {}
    for k, sign in groups:
        moved[k] = moved.get(k, 0) + (-1 if sign * signs[neuron] < 0 else 1)
    change += sum((lost[k] + by > 0) - (lost[k] > 0) for k, by in moved.items())
    if change >= 0:
        return False
    signs[neuron] = -signs[neuron]
    for k, by in moved.items():
        lost[k] += by
    return True
