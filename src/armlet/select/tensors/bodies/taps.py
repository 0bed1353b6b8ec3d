"""In which order a body takes its weights, and how each comes into a register.

A weight is a constant that is made on the spot: from the one before where that is shorter, and not at all where both
are equal. So equal ones follow each other, as far as loads reach, and taps that share words stay together.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import LOW
from armlet.select.integer.constants import is_modified, write_constant
from armlet.select.integer.writer import Writer
from armlet.select.tensors.bodies.trails import fewest_trails

_SMALL = 256  # from here on a number is none of an instruction of 16 bits


@dataclass(frozen=True, slots=True)
class Tap:
    """A weight of a body."""

    place: int  # of the first word that it takes, in bytes from the window's first
    row: int  # of the body's channels
    factor: int


Cluster = Sequence[Tap]  # taps that stay together, since they share words


def ordered(taps: Sequence[Tap], across: int, step: int, reach: int) -> list[list[Tap]]:
    """Taps in runs, whose words lie no further apart than `reach`; each takes `across` words, `step` bytes apart."""
    return _joined([_trails(run) for run in _shared(_runs(taps, across, step, reach), (across - 1) * step, reach)])


def _runs(taps: Sequence[Tap], across: int, step: int, reach: int) -> list[list[Cluster]]:
    """Clusters by their places, in as few runs as reach allows; the first from where the base is, if that is as few."""
    more = (across - 1) * step
    clusters = sorted(_clusters(taps, across, step), key=lambda cluster: cluster[0].place)
    if not clusters:
        return []
    return min((_cut(clusters, start, reach - more) for start in (0, clusters[0][0].place)), key=len)


def _cut(clusters: Sequence[Cluster], start: int, reach: int) -> list[list[Cluster]]:
    """Clusters in runs, each with all that are within reach of its first place; that of the first is `start`."""
    found = list[list[Cluster]]()
    while clusters:
        near, far = list[Cluster](), list[Cluster]()
        for cluster in clusters:
            (far if near and cluster[-1].place > start + reach else near).append(cluster)
        found.append(near)
        clusters = far
        start = far[0][0].place if far else 0
    return found


def _shared(runs: list[list[Cluster]], more: int, reach: int) -> list[list[Cluster]]:
    """Clusters that the next run reaches as well go there if more of its clusters begin or end with their weights."""
    for before, after in reversed(list(pairwise(runs))):
        least = max(cluster[-1].place for cluster in after) + more - reach
        here, there = (Counter(end for cluster in run for end in _ends(cluster)) for run in (before, after))
        for cluster in [cluster for cluster in before if cluster[0].place >= least]:
            ends = _ends(cluster)
            here -= Counter(ends)
            if len(before) > 1 and sum(there[end] > 0 for end in ends) > sum(here[end] > 0 for end in ends):
                before.remove(cluster)
                after.append(cluster)
                there += Counter(ends)
            else:
                here += Counter(ends)
    return runs


def _ends(cluster: Cluster) -> tuple[int, int]:
    return cluster[0].factor, cluster[-1].factor


def _trails(clusters: Sequence[Cluster]) -> list[list[Tap]]:
    """Clusters one after the other wherever one ends with the weight with which the next begins: the fewest trails.

    That with the greatest weight at an end begins, with it.
    """
    found = list[list[Tap]]()
    for trail in fewest_trails([_ends(cluster) for cluster in clusters]):
        taps = [tap for number, on in trail for tap in (clusters[number] if on else reversed(clusters[number]))]
        found.append(taps if taps[0].factor >= taps[-1].factor else taps[::-1])
    return sorted(found, key=lambda trail: -trail[0].factor)


def _joined(runs: list[list[list[Tap]]]) -> list[list[Tap]]:
    """The trails of each run in a row: where a run can end with a weight with which the next can begin, it does."""
    begun = 0  # trails of a run that stand where they are
    for before, after in pairwise(runs):
        pairs = product(reversed(range(begun, len(before))), range(len(after)))
        meeting = ((i, j, end) for i, j in pairs for end in _ends(before[i]) if end in _ends(after[j]))
        if join := next(meeting, None):
            i, j, end = join
            first, second = before.pop(i), after.pop(j)
            before.append(first if first[-1].factor == end else first[::-1])
            after.insert(0, second if second[0].factor == end else second[::-1])
        begun = int(join is not None)
    return [[tap for trail in run for tap in trail] for run in runs]


def _clusters(taps: Sequence[Tap], across: int, step: int) -> list[list[Tap]]:
    """Taps that share words, directly or through others, by their places."""
    owner, clusters = dict[int, int](), dict[int, list[Tap]]()
    for number, tap in enumerate(sorted(taps, key=lambda tap: (tap.place, -tap.factor, tap.row))):
        words = [tap.place + q * step for q in range(across)]
        clusters[number] = []
        for other in sorted({owner[word] for word in words if word in owner}):
            moved = clusters.pop(other)
            clusters[number] += moved
            owner |= {each.place + q * step: number for each in moved for q in range(across)}
        clusters[number].append(tap)
        owner |= dict.fromkeys(words, number)
    return [sorted(each, key=lambda tap: (tap.place, -tap.factor, tap.row)) for each in clusters.values()]


def products(taps: Sequence[Tap], across: int, step: int) -> list[tuple[Tap, int]]:
    """Each tap with the numbers of its words, in an order in which words that are shared are done with early.

    From left to right; where taps that share words go to the left, the other way round.
    """
    found, more = list[tuple[Tap, int]](), (across - 1) * step
    for before, tap, after in zip([None, *taps[:-1]], taps, [*taps[1:], None]):
        is_left = (before is not None and 0 < before.place - tap.place <= more) or (
            after is not None and 0 < tap.place - after.place <= more
        )
        found += [(tap, q) for q in (reversed(range(across)) if is_left else range(across))]
    return found


def write_factor(writer: Writer, register: int, before: int | None, factor: int) -> None:
    """register := a factor, by one instruction where there is one; `before` is what it holds, if that is known."""
    more = 0 if before is None else factor - before
    if 0 <= factor < _SMALL and register < LOW:
        writer.add(Does.SMALL_CONSTANT, register, number=factor)
    elif 0 < abs(more) < _SMALL and register < LOW:
        writer.add(Does.ADD_SMALL if more > 0 else Does.SUBTRACT_SMALL, register, number=abs(more))
    elif not 0 <= factor < 1 << 16 and more and is_modified(abs(more)):
        writer.add(Does.MORE_NUMBER if more > 0 else Does.LESS_NUMBER, register, register, number=abs(more))
    else:
        write_constant(writer, register, factor)
