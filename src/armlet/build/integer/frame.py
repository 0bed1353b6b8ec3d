"""Enters and leaves a program in integers: what the calling convention asks around NAME_core, and NAME_run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from armlet.build import names
from armlet.build.integer.copies import Copier, fields_of
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import IntegerProgram

Call: TypeAlias = tuple[IntegerOperation, Mapping[str, object]]  # an operation with its holes filled

_MOST = 8  # values that NAME_run has in registers at once
_LOW = 8  # registers below are low
_OUTPUT = 1  # argument 1


@dataclass(frozen=True, slots=True)
class IntegerFrame:
    """What NAME_core does before and after its lines, and all of NAME_run."""

    enter: str
    leave: str
    run_enter: str
    run: tuple[Call, ...]
    run_leave: str
    stack_bytes: int  # of NAME_run and the NAME_core that it calls


def integer_frame(program: IntegerProgram, name: str) -> IntegerFrame:
    """Save what the program uses and the caller owns; place inputs and gather outputs for NAME_run."""
    enter, leave = program.target.frame(program.used_registers)
    before, run, after = _run(program, name)
    return IntegerFrame(enter, leave, before, run, after, program.target.core.word * (_saved(enter) + _saved(before)))


def code_bytes(program: IntegerProgram, frame: IntegerFrame) -> int:
    """Bytes of both entries, each in whole words; every template has a fixed width, and every other line tells its own."""
    word = program.target.core.word
    core = _width(frame.enter) + _width(frame.leave) + program.line_bytes
    run = _width(frame.run_enter) + _width(frame.run_leave)
    run += sum(program.target.templates[op].size for op, _ in frame.run)
    return sum(part + (-part) % word for part in (core, run))


def _run(program: IntegerProgram, name: str) -> tuple[str, tuple[Call, ...], str]:
    """Entry, body and exit of NAME_run."""
    target, network, block = program.target, program.network, program.block
    fields = fields_of(block, network.input_format)
    output, source, to, *values = _registers(target)
    copier = Copier(target, tuple(values[: max(1, min(_MOST, max(len(fields), network.outputs)))]))
    saved = {output, to, *copier.values} & {*target.preserved}
    if len(saved) % 2 == 0:  # with the way back an even number: the stack stays aligned to 8 bytes
        saved.add(next(k for k in target.preserved if k not in saved and k != target.link))
    enter, leave = target.frame(frozenset(saved))
    own: Call = (IntegerOperation.ADDRESS, {"d": to, "symbol": names.block_symbol(name)})
    stored = network.layers[-1].stored.bytes
    places = [(at, j * stored, stored) for j, at in enumerate(block.outputs.tolist())]
    body: list[Call] = [(IntegerOperation.MOVE, {"d": output, "a": _OUTPUT}), own]
    body += copier.place(source, to, fields, block.span)
    body.append((IntegerOperation.ADDRESS, {"d": target.base, "symbol": names.block_symbol(name)}))
    body.append((IntegerOperation.CALL, {"symbol": names.core_symbol(name)}))
    body += [own, *copier.gather(to, output, places)]
    return enter, tuple(body), leave


def _registers(target: IntegerTarget) -> list[int]:
    """The output pointer, which outlives the call, argument 0, another pointer, and registers for values."""
    low = "d" in target.templates[IntegerOperation.LOAD_BYTE].low
    usable = sorted(k for k in target.free if (k < _LOW or not low) and k != target.link)
    kept = min(k for k in usable if k in target.preserved)
    pointer, *values = (k for k in usable if k not in (kept, _OUTPUT))
    return [kept, target.base, pointer, *([_OUTPUT] if _OUTPUT in usable else []), *values]


def _width(text: str) -> int:
    """Bytes of lines: each tells by its mnemonic whether it is narrow."""
    return sum(2 if line.partition(" ")[0].endswith(".n") else 4 for line in text.split("\n"))


def _saved(enter: str) -> int:
    """Registers that the lists of an entry push."""
    return sum(1 + listed.count(",") for listed in re.findall(r"\{([^}]*)\}", enter))
