"""The fewest trails that take every edge of a graph once (Euler 1741; circuits as by Hierholzer 1873)."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

Walked = tuple[int, bool]  # the number of an edge, and whether it is taken from its first end to its second


def fewest_trails(edges: Sequence[tuple[int, int]]) -> list[list[Walked]]:
    """Trails over edges between numbers; as many as half the ends that edges meet at in odd numbers, or one a part.

    The same edges give the same trails. Greater numbers come first where nothing else decides.
    """
    degrees = Counter(end for edge in edges for end in edge)
    odd = sorted((end for end, degree in degrees.items() if degree % 2), reverse=True)
    every = [*edges, *zip(odd[::2], odd[1::2])]  # with these all degrees are even, and circuits take all
    meeting = dict[int, list[int]]()
    for number, edge in enumerate(every):
        for end in set(edge):
            meeting.setdefault(end, []).append(number)
    taken, found = set[int](), list[list[Walked]]()
    for start in sorted(meeting, reverse=True):
        found += _cut(_circuit(start, every, meeting, taken), len(edges))
    return found


def _circuit(
    start: int, every: Sequence[tuple[int, int]], meeting: dict[int, list[int]], taken: set[int]
) -> list[Walked]:
    """All edges that can be reached from a number, in a circuit; empty where all are taken."""
    way, found = [(start, -1)], list[Walked]()
    while way:
        here, came = way[-1]
        while meeting[here] and meeting[here][-1] in taken:
            meeting[here].pop()
        if meeting[here]:
            number = meeting[here].pop()
            taken.add(number)
            first, second = every[number]
            way.append((second if first == here else first, number))
        else:
            way.pop()
            if came >= 0:
                found.append((came, every[came][1] == here))
    return found[::-1]


def _cut(circuit: list[Walked], edges: int) -> list[list[Walked]]:
    """A circuit without what is no edge."""
    first = next((k for k, (number, _) in enumerate(circuit) if number >= edges), 0)
    turned = circuit[first:] + circuit[:first]
    return [list(trail) for is_edge, trail in groupby(turned, lambda walked: walked[0] < edges) if is_edge]
