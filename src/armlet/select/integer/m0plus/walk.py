"""Reaches memory from a base that walks: offsets are short, and a load of several words moves the base by itself.

Where the base stands before each access is chosen for the whole layer at once, by dynamic programming over the places
that a coming access would like.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.m0plus.constants import write_constant
from armlet.select.integer.writer import Writer

_WORD = 4
_STEP = 255  # bytes that one instruction moves the base by
_AHEAD = 3  # accesses whose places a move may aim at
_KEPT = 12  # places of the base that are followed


@dataclass(frozen=True, slots=True)
class Load:
    """Words that lie side by side from `offset` on, into registers that ascend."""

    registers: tuple[int, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Store:
    """What `register` holds, to `offset`; `spare` is free for an address."""

    op: Does
    register: int
    offset: int
    spare: int


Access: TypeAlias = Load | Store


def loads_of(wanted: Iterable[tuple[int, int]]) -> list[Load]:
    """Loads of (register, offset), those side by side in memory and in ascending registers as one."""
    runs: list[list[tuple[int, int]]] = []
    for register, offset in wanted:
        if runs and runs[-1][-1][1] + _WORD == offset and runs[-1][-1][0] < register:
            runs[-1].append((register, offset))
        else:
            runs.append([(register, offset)])
    return [Load(tuple(register for register, _ in run), run[0][1]) for run in runs]


@dataclass(slots=True)
class Draft:
    """Lines of a layer without those that reach memory, and where these come in. Discarded when it is walked."""

    writer: Writer
    accesses: list[tuple[int, Access]] = field(default_factory=list)

    def access(self, access: Access) -> None:
        """Reach memory here."""
        self.accesses.append((len(self.writer.rows), access))


class _Place(NamedTuple):
    """The base after an access: what it cost so far, whether the access moved it, and how it came there."""

    cost: int
    before: "_Place | None"
    stood: int  # before the access
    base: int
    listed: bool  # by a load of several words


def walk(writer: Writer, draft: Draft, base: int) -> int:
    """Write the lines of a draft, the base at `base` to begin with; gives where it stands at the end."""
    places = _cheapest([access for _, access in draft.accesses], base, writer)
    rows, begun = draft.writer.rows, 0
    for (row, access), place in zip(draft.accesses, places):
        writer.rows += rows[begun:row]
        begun = row
        _move(writer, place.stood - base)
        if isinstance(access, Load):
            _load(writer, access, place)
        else:
            _store(writer, access, place.stood)
        base = place.base
    writer.rows += rows[begun:]
    return base


def _cheapest(accesses: list[Access], base: int, writer: Writer) -> list[_Place]:
    """For each access the place of the base from which it is made."""
    states = {base: _Place(0, None, base, base, False)}
    for k, access in enumerate(accesses):
        aims = sorted({aim for near in accesses[k : k + _AHEAD + 1] for aim in _aims(near)})
        reached: dict[int, _Place] = {}
        for stood in states.values():
            for aim in (stood.base, *aims):
                for place in _made(stood, aim, access, writer):
                    if place.base not in reached or place.cost < reached[place.base].cost:
                        reached[place.base] = place
        best = sorted(reached.values(), key=lambda place: (place.cost, place.base))[:_KEPT]
        states = {place.base: place for place in best}
    place: _Place | None = min(states.values(), key=lambda place: (place.cost, place.base))
    found: list[_Place] = []
    while place is not None and place.before is not None:
        found.append(place)
        place = place.before
    return found[::-1]


def _aims(access: Access) -> tuple[int, ...]:
    """Places of the base that suit an access: the ends of its reach."""
    if isinstance(access, Load):
        last = access.offset + _WORD * (len(access.registers) - 1)
        return access.offset, max(0, last - 124)
    return (access.offset & ~3,)


def _made(stood: _Place, aim: int, access: Access, writer: Writer) -> Iterator[_Place]:
    """The access with the base at `aim`, in the ways that there are."""
    cost = stood.cost + -(-abs(aim - stood.base) // _STEP)
    if isinstance(access, Store):
        yield _Place(cost + 2 + _detour(access.offset - aim, access.op, writer), stood, aim, aim, False)
        return
    count = len(access.registers)
    if access.offset - aim >= 0 and access.offset + _WORD * (count - 1) - aim < _reach(Does.LOAD, writer):
        yield _Place(cost + 2 * count, stood, aim, aim, False)
    if aim == access.offset:
        yield _Place(cost + 1 + count, stood, aim, aim + _WORD * count, True)


def _reach(op: Does, writer: Writer) -> int:
    return writer.target.templates[op].numbers.stop


def _detour(distance: int, op: Does, writer: Writer) -> int:
    """Lines that make an address which a store so far away needs."""
    if 0 <= distance < _reach(op, writer):
        return 0
    return 2 if abs(distance) < 256 else 3


def _move(writer: Writer, by: int) -> None:
    base = writer.target.base
    while by:
        step = min(abs(by), _STEP)
        writer.add(Does.ADD_SMALL if by > 0 else Does.SUBTRACT_SMALL, base, number=step)
        by -= step if by > 0 else -step


def _load(writer: Writer, access: Load, place: _Place) -> None:
    base = writer.target.base
    if place.listed:
        writer.load_list(base, access.registers)
        return
    for k, register in enumerate(access.registers):
        writer.add(Does.LOAD, register, base, number=access.offset + _WORD * k - place.stood)


def _store(writer: Writer, access: Store, stood: int) -> None:
    base, spare, distance = writer.target.base, access.spare, access.offset - stood
    reach = _reach(access.op, writer)
    if 0 <= distance < reach:
        writer.add(access.op, access.register, base, number=distance)
    elif 0 <= distance < 256:
        writer.add(Does.SMALL_CONSTANT, spare, number=distance)
        writer.add(Does.ADD_TO, spare, base)
        writer.add(access.op, access.register, spare)
    elif distance < 0:  # exactly: an address before the block would be no address
        write_constant(writer, spare, -distance)
        writer.add(Does.SUBTRACT, spare, base, spare)
        writer.add(access.op, access.register, spare)
    else:
        bits = reach.bit_length() - 1  # below it the offset of the store itself reaches
        write_constant(writer, spare, distance >> bits << bits)
        writer.add(Does.ADD_TO, spare, base)
        writer.add(access.op, access.register, spare, number=distance & (1 << bits) - 1)
