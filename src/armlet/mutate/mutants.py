"""Copies of a linked program with one fault each, of the kinds that a wrong compiler or a bad byte would make.

A new kind is one function and one entry of `KINDS`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from armlet.isa.core import Core
from armlet.isa.instruction_set import Decoder
from armlet.mutate.fields import find_fields, read_one, turned
from armlet.simulate.decoded import decode_program
from armlet.toolchain.image import Image, Section

_ATTEMPTS = 64  # draws without a new mutant before a kind counts as used up


@dataclass(frozen=True, slots=True)
class Change:
    """New bytes at an address, and what they do in words."""

    address: int
    content: bytes
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Mutant:
    """A changed copy of a program."""

    kind: str
    change: Change
    image: Image


@dataclass(frozen=True, slots=True)
class Place:
    """One instruction of the program."""

    address: int
    code: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """What changes are drawn from; a copy with fewer places aims at those."""

    core: Core
    decoder: Decoder
    text: Section
    constants: Section
    places: tuple[Place, ...]
    rng: np.random.Generator

    def draw(self, count: int) -> int:
        return int(self.rng.integers(count))

    def place(self) -> Place:
        return self.places[self.draw(len(self.places))]

    def neighbours(self) -> tuple[Place, Place] | None:
        """Two instructions of which the second follows the first."""
        k = self.draw(max(1, len(self.places) - 1))
        first, *rest = self.places[k : k + 2]
        return (first, rest[0]) if rest and rest[0].address == first.address + len(first.code) else None

    def some(self, bits: tuple[int, ...]) -> tuple[int, ...]:
        """A part of `bits` that is not empty."""
        chosen = [bit for bit in bits if self.rng.random() < 0.5]
        return tuple(chosen) or (bits[self.draw(len(bits))],)


Kind: TypeAlias = Callable[[Source], Change | None]
Kinds: TypeAlias = Mapping[str, Kind]


def mutants(core: Core, image: Image, count: int, seed: int, kinds: Kinds | None = None) -> Iterator[Mutant]:
    """`count` different mutants, the kinds in turn, or those of `KINDS`; fewer where the program has no more of any."""
    source = _source(core, image, seed)
    seen: set[tuple[int, bytes]] = set()
    of, made = dict(kinds or KINDS), 0
    while of and made < count:
        for kind, draw in tuple(of.items()):
            change = _fresh(source, draw, seen)
            if change is None:
                del of[kind]
            elif made < count:
                made += 1
                yield Mutant(kind, change, changed(image, change))


def changed(image: Image, change: Change) -> Image:
    """`image` with the new bytes of `change` in it."""
    section = next(s for s in image.sections if s.address <= change.address < s.end)
    at, size = change.address - section.address, len(change.content)
    content = section.content[:at] + change.content + section.content[at + size :]
    wrong = replace(section, content=content)
    return replace(image, sections=tuple(wrong if s is section else s for s in image.sections))


def _source(core: Core, image: Image, seed: int) -> Source:
    program, text = decode_program(core, image), image.section(".text")
    places: list[Place] = []
    for slot in np.flatnonzero(program.form_at >= 0).tolist():
        form = program.forms[program.form_at[slot]]
        places.append(Place(text.address + 2 * slot, text.content[2 * slot : 2 * slot + form.size], form.text))
    constants = image.section(".rodata")
    return Source(core, core.decoder(), text, constants, tuple(places), np.random.default_rng(seed))


def _fresh(source: Source, draw: Kind, seen: set[tuple[int, bytes]]) -> Change | None:
    """A change that differs from the program and from all before."""
    for _ in range(_ATTEMPTS):
        change = draw(source)
        if change is None:
            continue
        section = source.text if source.text.address <= change.address < source.text.end else source.constants
        key = _difference(section, change)
        if key[1] and key not in seen:
            seen.add(key)
            return change
    return None


def _difference(section: Section, change: Change) -> tuple[int, bytes]:
    """Where the new bytes first differ from the old ones, and the new ones up to where they last do."""
    at = change.address - section.address
    pairs = enumerate(zip(section.content[at:], change.content))
    differs = [k for k, (old, new) in pairs if old != new]
    return (change.address + differs[0], change.content[differs[0] : differs[-1] + 1]) if differs else (0, b"")


def _bit_of(section: Section, source: Source) -> Change | None:
    if not section.size:
        return None
    bit = source.draw(8 * section.size)
    content = turned(section.content[bit // 8 : bit // 8 + 1], (bit % 8,))
    return Change(section.address + bit // 8, content, f"bit {bit % 8} turned")


def _code_bit(source: Source) -> Change | None:
    return _bit_of(source.text, source)


def _constant_bit(source: Source) -> Change | None:
    return _bit_of(source.constants, source)


def _constant(source: Source) -> Change | None:
    """Another number: of the other sign, a rounding away, doubled, halved, zero, one, or that of another constant."""
    words = np.frombuffer(source.constants.content, "<u4", source.constants.size // source.core.word)
    if not len(words):
        return None
    k = source.draw(len(words))
    old, other = int(words[k]), int(words[source.draw(len(words))])
    step = 1 << 23  # of the exponent
    choices = (old ^ 0x8000_0000, old + 1, old - 1, old + step, old - step, 0, 0x3F80_0000, other)
    new = choices[source.draw(len(choices))] & 0xFFFF_FFFF
    return Change(
        source.constants.address + source.core.word * k,
        new.to_bytes(source.core.word, "little"),
        f"{old:#010x} to {new:#010x}",
    )


def _turned(source: Source, place: Place, bits: tuple[int, ...]) -> Change:
    code = turned(place.code, bits)
    return Change(place.address, code, f"{place.text} to {_read(source, code, place.address)}")


def _register(source: Source) -> Change | None:
    place = source.place()
    bits = find_fields(source.decoder, place.code, place.address).registers
    return _turned(source, place, source.some(bits)) if bits else None


def _operands(source: Source) -> Change | None:
    place = source.place()
    pairs = find_fields(source.decoder, place.code, place.address).exchanges()
    return _turned(source, place, pairs[source.draw(len(pairs))]) if pairs else None


def _number(source: Source) -> Change | None:
    place = source.place()
    bits = find_fields(source.decoder, place.code, place.address).numbers
    return _turned(source, place, source.some(bits)) if bits else None


def _deletion(source: Source) -> Change | None:
    place = source.place()
    code = source.core.instruction_set.nothing.get(len(place.code))
    return Change(place.address, code, f"{place.text} deleted") if code else None


def _repetition(source: Source) -> Change | None:
    pair = source.neighbours()
    if pair is None or len(pair[0].code) != len(pair[1].code):
        return None
    return Change(pair[1].address, pair[0].code, f"{pair[0].text} repeated over {pair[1].text}")


def _exchange(source: Source) -> Change | None:
    pair = source.neighbours()
    if pair is None:
        return None
    return Change(pair[0].address, pair[1].code + pair[0].code, f"{pair[0].text} exchanged with {pair[1].text}")


def _read(source: Source, code: bytes, address: int) -> str:
    return read_one(source.decoder, code, address) or "no instruction"


# Made in turn. A kind gives nothing where its draw cannot be changed that way.
KINDS: Kinds = MappingProxyType(
    {
        "bit of code": _code_bit,
        "bit of constants": _constant_bit,
        "register": _register,
        "operands exchanged": _operands,
        "offset or immediate": _number,
        "instruction deleted": _deletion,
        "instruction repeated": _repetition,
        "instructions exchanged": _exchange,
        "constant": _constant,
    }
)
