"""Enters and leaves a program in integers: what the calling convention asks around NAME_core, and NAME_run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from armlet.build import names
from armlet.build.integer.copies import Copier, fields_of
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import IntegerProgram

_MOST = 8  # values that NAME_run has in registers at once
_LOW = 8  # registers below are low
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
    return IntegerFrame(enter, leave, run, target.core.word * (_saved(enter) + _saved(run)))


def code_bytes(program: IntegerProgram, frame: IntegerFrame) -> int:
    """Bytes of both entries, each in whole words; every template has a fixed width, and other lines tell their own."""
    word = program.target.core.word
    parts = (_width(frame.enter) + program.line_bytes + _width(frame.leave), _width(frame.run))
    return sum(part + (-part) % word for part in parts)


def _run(program: IntegerProgram, name: str) -> Iterator[str]:
    """The instructions of NAME_run."""
    target, network, block = program.target, program.network, program.block
    fields = fields_of(block, network.input_format)
    output, to, *values = _registers(target)
    count = max(1, min(_MOST, len(values), max(len(fields), network.outputs)))
    saved = {output, to, *values[:count]} & {*target.preserved}
    if len(saved) % 2 == 0:  # with the way back an even number: the stack stays aligned to 8 bytes
        more = [k for k in values[count:] if k in target.preserved]
        saved ^= {more[0] if more else values[count := count - 1]}
    copier = Copier(target, tuple(values[:count]))
    enter, leave = target.frame(frozenset(saved))
    stored, own = network.layers[-1].stored.bytes, names.block_symbol(name)
    places = [(at, j * stored, stored) for j, at in enumerate(block.outputs.tolist())]
    yield enter
    yield _text(target, IntegerOperation.MOVE, d=output, a=_OUTPUT)
    yield _text(target, IntegerOperation.ADDRESS, d=to, symbol=own)
    yield from (_text(target, op, **holes) for op, holes in copier.place(target.base, to, fields, block.span))
    yield _text(target, IntegerOperation.ADDRESS, d=target.base, symbol=own)
    yield target.call.format(symbol=names.core_symbol(name))
    yield _text(target, IntegerOperation.ADDRESS, d=to, symbol=own)
    yield from (_text(target, op, **holes) for op, holes in copier.gather(to, output, places))
    yield leave


def _registers(target: IntegerTarget) -> list[int]:
    """The output pointer, which outlives the call, a pointer to the block, and registers for values."""
    low = "d" in target.templates[IntegerOperation.LOAD_BYTE].low
    usable = sorted(k for k in target.free if (k < _LOW or not low) and k != target.link)
    kept = min(k for k in usable if k in target.preserved)
    to, *values = (k for k in usable if k not in (kept, _OUTPUT))
    return [kept, to, *([_OUTPUT] if _OUTPUT in usable else []), *values]


def _text(target: IntegerTarget, op: IntegerOperation, **holes: int | str) -> str:
    filled = {name: target.names[int(holes[name])] for name in ("d", "a", "b") if name in holes}
    return target.templates[op].text.format(**{**holes, **filled})


def _width(text: str) -> int:
    """Bytes of lines: each tells by its mnemonic whether it is narrow."""
    return sum(2 if line.partition(" ")[0].endswith(".n") else 4 for line in text.split("\n"))


def _saved(text: str) -> int:
    """Registers that are pushed."""
    return sum(1 + listed.count(",") for listed in re.findall(r"^push\S* \{([^}]*)\}", text, re.M))
