"""In which order a body takes its weights, and how each comes into a register.

A weight is a constant that is made on the spot: from the one before where that is shorter, and not at all where both
are equal. So equal ones follow each other, as far as loads reach, and taps that share words stay together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import LOW
from armlet.select.integer.constants import is_modified, write_constant
from armlet.select.integer.writer import Writer

_SMALL = 256  # from here on a number is none of an instruction of 16 bits


@dataclass(frozen=True, slots=True)
class Tap:
    """A weight of a body."""

    place: int  # of the first word that it takes, in bytes from the window's first
    row: int  # of the body's channels
    factor: int


def ordered(taps: Sequence[Tap], across: int, step: int, reach: int) -> list[list[Tap]]:
    """Taps in runs, whose words lie no further apart than `reach`; each takes `across` words, `step` bytes apart."""
    found, more = list[list[Tap]](), (across - 1) * step
    clusters = sorted(_clusters(taps, across, step), key=lambda cluster: cluster[0].place)
    while clusters:
        first, near, far = clusters[0][0].place, list[list[Tap]](), list[list[Tap]]()
        for cluster in clusters:
            (far if near and cluster[-1].place + more - first > reach else near).append(cluster)
        found.append(_chained(near))
        clusters = far
    return found


def _chained(clusters: Sequence[list[Tap]]) -> list[Tap]:
    """Clusters one after the other: where one ends with a weight with which another begins, or ends, that follows.

    Where none does, the greatest weight that is left begins.
    """
    waiting, ends = dict(enumerate(sorted(clusters, key=_rank))), dict[int, list[int]]()
    for number, cluster in reversed(waiting.items()):
        for factor in {cluster[0].factor, cluster[-1].factor}:
            ends.setdefault(factor, []).append(number)
    found = list[Tap]()
    while waiting:
        same = ends.get(found[-1].factor, []) if found else []
        while same and same[-1] not in waiting:
            same.pop()
        cluster = waiting.pop(same[-1] if same else next(iter(waiting)))
        found += cluster if not same or cluster[0].factor == found[-1].factor else reversed(cluster)
    return found


def _rank(cluster: Sequence[Tap]) -> tuple[int, int, int, int]:
    """The greatest weight first; of equal ones, taps that share no words, so that the next weight is the same."""
    first = cluster[0]
    return -first.factor, len(cluster), first.place, first.row


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
