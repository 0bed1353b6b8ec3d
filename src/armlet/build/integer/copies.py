"""Copies between C arrays and the block, for NAME_run: each input to its place, the rest of its word zero.

Where an input is the lowest field of a word it is stored as a whole word, which clears what lies above it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from armlet.integer.formats import INT8, INT16, UINT8, IntegerFormat
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import BlockLayout

Call: TypeAlias = tuple[IntegerOperation, Mapping[str, int]]
_O = IntegerOperation
_LOADS = {1: _O.LOAD_BYTE, 2: _O.LOAD_HALF, 4: _O.LOAD}
_STORES = {1: _O.STORE_BYTE, 2: _O.STORE_HALF, 4: _O.STORE}
_WIDENING = {  # into a wider field, by the format of the array: one load, or a load and what extends it
    UINT8.name: (_O.LOAD_BYTE, _O.LOAD_BYTE, _O.UNSIGNED_BYTE),
    INT8.name: (_O.LOAD_SIGNED_BYTE, _O.LOAD_BYTE, _O.SIGNED_BYTE),
    INT16.name: (_O.LOAD_HALF, _O.LOAD_UNSIGNED_HALF, _O.SIGNED_HALF),
}
_WORD = 4
_STEPS = 3  # of a pointer, that cost no more than a constant and an addition


@dataclass(frozen=True, slots=True)
class Field:
    """An input in the block."""

    offset: int
    bytes: int
    source: int  # offset in the C array
    format: IntegerFormat


@dataclass(frozen=True, slots=True)
class _Move:
    """What `load` gives from `source`, zero where it is None, extended, is stored as `store` bytes at `to`."""

    source: int
    load: IntegerOperation | None
    to: int
    store: int
    extend: IntegerOperation | None = None


@dataclass(slots=True)
class _Pointer:
    """A register that points so many bytes behind the start of an array."""

    register: int
    at: int = 0


def fields_of(block: BlockLayout, format: IntegerFormat) -> list[Field]:
    """The inputs that are used, in the order of their places; their C array is of `format`."""
    used = [(at, i) for i, at in enumerate(block.inputs.tolist()) if at >= 0]
    return [Field(at, block.input_bytes, i * format.bytes, format) for at, i in sorted(used)]


@dataclass(frozen=True, slots=True)
class Copier:
    """Copies by way of the registers `values`, so many at a time, as loads and stores overlap with their like."""

    target: IntegerTarget
    values: tuple[int, ...]

    def place(self, source: int, to: int, fields: Sequence[Field], span: int) -> Iterator[Call]:
        """Inputs from the array at `source` to their fields in the block at `to`."""
        words: dict[int, list[Field]] = {start: [] for start in range(0, span, _WORD)}
        for field in fields:
            words[field.offset - field.offset % _WORD].append(field)
        moves = [move for start, inside in words.items() for move in self._word(inside, start)]
        yield from self._copy(_Pointer(source), _Pointer(to), moves)

    def gather(self, source: int, to: int, places: Sequence[tuple[int, int, int]]) -> Iterator[Call]:
        """Values out of the block at `source` to an array at `to`: from, to and bytes of each."""
        moves = [move for a, b, size in places for move in self._same(a, b, size)]
        yield from self._copy(_Pointer(source), _Pointer(to), moves)

    def _word(self, fields: Sequence[Field], start: int) -> Iterator[_Move]:
        rest = list(fields)
        if sum(field.bytes for field in fields) < _WORD:  # bytes that hold no input are to be zero
            lowest = [field for field in fields if field.offset == start and field.format is UINT8]
            yield _Move(lowest[0].source, _LOADS[1], start, _WORD) if lowest else _Move(0, None, start, _WORD)
            rest = [field for field in fields if field not in lowest]
        for field in rest:
            if field.bytes <= field.format.bytes:  # the lower bytes come first
                yield from self._same(field.source, field.offset, field.bytes)
            else:
                yield self._widened(field)

    def _widened(self, field: Field) -> _Move:
        """A value into a wider field, with a line for its sign where no load from a short distance keeps it."""
        load, plain, extend = _WIDENING[field.format.name]
        if self.target.can(load):
            return _Move(field.source, load, field.offset, field.bytes)
        return _Move(field.source, plain, field.offset, field.bytes, extend)

    def _same(self, source: int, to: int, size: int) -> Iterator[_Move]:
        """One value as it is; byte by byte where the core has no load of its size."""
        each = size if self.target.can(_LOADS[size]) else 1
        for k in range(0, size, each):
            yield _Move(source + k, _LOADS[each], to + k, each)

    def _copy(self, source: _Pointer, to: _Pointer, moves: Sequence[_Move]) -> Iterator[Call]:
        for begin in range(0, len(moves), len(self.values)):
            pairs = list(zip(self.values, moves[begin : begin + len(self.values)]))
            for register, move in pairs:
                if move.load is None:
                    yield from self.number(register, 0)
                else:
                    yield from self._reach(source, move.source, move.load, register)
                    yield self._access(move.load, register, source, move.source)
                    if move.extend is not None:
                        yield move.extend, {"d": register, "a": register}
            for register, move in pairs:
                yield from self._reach(to, move.to, _STORES[move.store], None)
                yield self._access(_STORES[move.store], register, to, move.to)

    def _access(self, op: IntegerOperation, register: int, pointer: _Pointer, offset: int) -> Call:
        return op, {"d": register, "a": pointer.register, "number": offset - pointer.at}

    def _reach(self, pointer: _Pointer, offset: int, op: IntegerOperation, spare: int | None) -> Iterator[Call]:
        """Move the pointer where `op` does not reach from it; `spare` may be written on the way."""
        if offset - pointer.at in self.target.templates[op].numbers:
            return
        to = offset - offset % _WORD
        distance, pointer.at = to - pointer.at, to
        yield from self._step(pointer.register, distance, spare)

    def _step(self, register: int, distance: int, spare: int | None) -> Iterator[Call]:
        both, up = {"d": register, "a": register}, distance >= 0
        kinds = (_O.ADD_NUMBER, _O.ADD_SMALL) if up else (_O.SUBTRACT_NUMBER, _O.SUBTRACT_SMALL)
        op = max(filter(self.target.can, kinds), key=lambda kind: self.target.templates[kind].numbers[-1])
        most, left = self.target.templates[op].numbers[-1], abs(distance)
        if left > _STEPS * most and spare is not None:
            yield from self.number(spare, left)
            yield (_O.ADD if up else _O.SUBTRACT), {**both, "b": spare}
            return
        while left:
            holes = {name: both[name] for name in both if name in op.operands.names}
            yield op, {**holes, "number": (step := min(left, most))}
            left -= step

    def number(self, register: int, number: int) -> Iterator[Call]:
        """A register to a number below 2^16."""
        if self.target.can(_O.CONSTANT):
            yield _O.CONSTANT, {"d": register, "number": number}
            return
        high, low = divmod(number, 256)
        yield _O.SMALL_CONSTANT, {"d": register, "number": high or low}
        if high:
            yield _O.LEFT, {"d": register, "a": register, "by": 8}
            yield from [(_O.ADD_SMALL, {"d": register, "number": low})] if low else []
