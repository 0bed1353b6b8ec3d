"""Enters and leaves a program in integers: what the calling convention asks around NAME_core, and NAME_run."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np

from armlet.build import names
from armlet.build.integer.copies import Copier, fields_of
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import LOW, IntegerTarget
from armlet.select.integer.program import BlockLayout, IntegerProgram

_MOST = 8  # values that NAME_run has in registers at once
_LOOPED = 64  # bytes of inputs that are copied by a loop
_FEW = 16  # bytes of a trip, where few registers hold values
_WORD = 4
COPY_LABEL = ".Lcopy"  # of that loop
_O = IntegerOperation
_OUTPUT = 1  # argument 1


@dataclass(frozen=True, slots=True)
class IntegerFrame:
    """What NAME_core does before and after its lines, and all of NAME_run: texts of instructions."""

    enter: str
    leave: str
    run: str
    stack_bytes: int  # of NAME_run and the NAME_core that it calls


def integer_frame(program: IntegerProgram, name: str) -> IntegerFrame:
    """Save what the program uses and the caller owns; place inputs and gather outputs for NAME_run."""
    target = program.target
    enter, leave = target.frame(program.used_registers)
    run = "\n".join(_run(program, name))
    return IntegerFrame(enter, leave, run, target.core.word * (saved_in(enter) + saved_in(run)))


def code_bytes(program: IntegerProgram, frame: IntegerFrame) -> int:
    """Bytes of both entries, each in whole words; every template has a fixed width, and other lines tell their own."""
    word = program.target.core.word
    parts = (width_of(frame.enter) + program.line_bytes + width_of(frame.leave), width_of(frame.run))
    return sum(part + (-part) % word for part in parts)


def _run(program: IntegerProgram, name: str) -> Iterator[str]:
    """The instructions of NAME_run."""
    target, network, block = program.target, program.network, program.block
    fields = fields_of(block, network.input_format)
    output, to, *values = _registers(target)
    looped = _is_copy(block, network)
    count = max(1, min(_MOST + looped, len(values), max(len(fields), network.results)))
    saved = {output, to, *values[:count]} & {*target.preserved}
    if len(saved) % 2 == 0:  # with the way back an even number: the stack stays aligned to 8 bytes
        more = [k for k in values[count:] if k in target.preserved]
        saved ^= {more[0] if more else values[count := count - 1]}
    copier = Copier(target, tuple(values[:count]))
    enter, leave = target.frame(frozenset(saved))
    stored, own = network.result_format.bytes, names.block_symbol(name)
    places = [(at, j * stored, stored) for j, at in enumerate(block.outputs.tolist())]
    yield enter
    yield _text(target, IntegerOperation.MOVE, d=output, a=_OUTPUT)
    yield _text(target, IntegerOperation.ADDRESS, d=to, symbol=own)
    if looped:
        counter = next(k for k in copier.values if k < LOW)
        held = tuple(k for k in copier.values if k != counter)
        moved = yield from _copied(replace(copier, values=held), (target.base, to), counter, network)
        fields = [replace(field, offset=field.offset - moved, source=field.source - moved) for field in fields]
        fields = [field for field in fields if field.offset >= 0]
    else:
        moved = 0
    placed = copier.place(target.base, to, fields, block.span - moved)
    yield from (_text(target, op, **holes) for op, holes in placed)
    yield _text(target, IntegerOperation.ADDRESS, d=target.base, symbol=own)
    yield target.call.format(symbol=names.core_symbol(name))
    yield _text(target, IntegerOperation.ADDRESS, d=to, symbol=own)
    yield from (_text(target, op, **holes) for op, holes in copier.gather(to, output, places))
    yield leave


def _is_copy(block: BlockLayout, network: IntegerNetwork) -> bool:
    """Whether the block begins with the C array of inputs, and a loop is shorter than its copy."""
    size = network.input_format.bytes
    same = block.input_bytes == size and (block.inputs == size * np.arange(network.inputs)).all()
    return bool(same) and size * network.inputs >= _LOOPED


def _copied(
    copier: Copier, pointers: tuple[int, int], counter: int, network: IntegerNetwork
) -> Generator[str, None, int]:
    """A loop that copies whole words, byte by byte, and moves both pointers on; gives the bytes that it copies."""
    target, held, source, to = copier.target, copier.values, *pointers
    at_once = 1 << len(held).bit_length() - 1
    each = at_once if target.can(_O.CONSTANT) else _FEW
    trips = network.input_format.bytes * network.inputs // each
    yield from (_text(target, op, **holes) for op, holes in copier.number(counter, trips))
    yield f"{COPY_LABEL}:"
    for first in range(0, each, at_once):
        yield from (_text(target, _O.LOAD_BYTE, d=held[k], a=source, number=first + k) for k in range(at_once))
        yield from (_text(target, _O.STORE_BYTE, d=held[k], a=to, number=first + k) for k in range(at_once))
    move = _O.ADD_NUMBER if each in target.templates[_O.ADD_NUMBER].numbers else _O.ADD_SMALL
    yield from (_text(target, move, d=k, a=k, number=each) for k in pointers)
    yield _text(target, _O.REPEAT, d=counter, label=COPY_LABEL)
    return trips * each


def _registers(target: IntegerTarget) -> list[int]:
    """The output pointer, which outlives the call, a pointer to the block, and registers for values."""
    low = "d" in target.templates[IntegerOperation.LOAD_BYTE].low
    usable = sorted(k for k in target.free if (k < LOW or not low) and k != target.link)
    kept = min(k for k in usable if k in target.preserved)
    to, *values = (k for k in usable if k not in (kept, _OUTPUT))
    return [kept, to, *([_OUTPUT] if _OUTPUT in usable else []), *values]


def _text(target: IntegerTarget, op: IntegerOperation, **holes: int | str) -> str:
    filled = {name: target.names[int(holes[name])] for name in ("d", "a", "b") if name in holes}
    return target.templates[op].text.format(**{**holes, **filled})


def width_of(text: str) -> int:
    """Bytes of lines, labels apart: each tells by its mnemonic whether it is narrow."""
    lines = (line for line in text.split("\n") if not line.endswith(":"))
    return sum(2 if line.partition(" ")[0].endswith(".n") else 4 for line in lines)


def saved_in(text: str) -> int:
    """Registers that are pushed."""
    return sum(1 + listed.count(",") for listed in re.findall(r"^push\S* \{([^}]*)\}", text, re.M))
