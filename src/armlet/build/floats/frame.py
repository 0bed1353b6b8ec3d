"""Enters and leaves a program in single precision with windows, and what both entries take."""

from dataclasses import dataclass

from armlet.build.floats.run import run_lines, saved_words, size_of
from armlet.isa.operation import Operation
from armlet.isa.target import Target
from armlet.select.floats.lines import Line
from armlet.select.floats.program import FloatProgram

_CORES = 16


@dataclass(frozen=True, slots=True)
class FloatFrame:
    """What NAME_core does before and after its lines, and all of NAME_run."""

    enter: tuple[str, ...]  # instructions
    leave: tuple[str, ...]
    before: tuple[Line, ...]  # of NAME_run, the call at last
    after: tuple[Line, ...]
    stack_bytes: int  # of NAME_run and the NAME_core that it calls
    code_bytes: int  # of both entries, each in whole words


def float_frame(program: FloatProgram, name: str) -> FloatFrame:
    """Save what the program uses and the caller owns; lay inputs out and gather outputs for NAME_run."""
    target, word = program.machine.floats, program.machine.floats.core.word
    floats = floats_used(program)
    enter, leave = core_frame(target, floats)
    labels = sum(line.label > 0 for line in program.lines)
    before, after = run_lines(program, name, labels)
    size = entry_bytes(target, floats) + program.line_bytes + leave_bytes(target, floats)
    parts = size, size_of(before) + size_of(after)
    stack = word * (len(target.roles.scratch) + floats + saved_words(program.machine))
    return FloatFrame(enter, leave, before, after, stack, sum(part + (-part) % word for part in parts))


def floats_used(program: FloatProgram) -> int:
    """How many of the float registers that belong to the caller are saved: those up to the last that is written."""
    written = 0
    for line in program.lines:
        written |= line.writes
    return max(0, (written >> _CORES).bit_length() - program.machine.floats.preserved_floats)


def core_frame(target: Target, floats: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Entry and exit of NAME_core, around lines that write so many of the caller's float registers."""
    cores = {"cores": ", ".join(target.roles.scratch)}
    enter, leave = [(Operation.SAVE, cores)], [(Operation.RESTORE, cores), (Operation.RETURN, {})]
    if floats:
        last = target.preserved_floats + floats - 1
        first = target.floats[target.preserved_floats]
        listed = {"list": first if floats == 1 else f"{first}-{target.floats[last]}"}
        enter.append((Operation.SAVE_FLOATS, listed))
        leave.insert(0, (Operation.RESTORE_FLOATS, listed))
    texts = [tuple(target.templates[op].text.format(**holes) for op, holes in calls) for calls in (enter, leave)]
    return texts[0], texts[1]


def entry_bytes(target: Target, floats: int) -> int:
    """Bytes of the entry of NAME_core."""
    return target.templates[Operation.SAVE].size + bool(floats) * target.templates[Operation.SAVE_FLOATS].size


def leave_bytes(target: Target, floats: int) -> int:
    """Bytes of its exit."""
    size = target.templates[Operation.RESTORE].size + target.templates[Operation.RETURN].size
    return size + bool(floats) * target.templates[Operation.RESTORE_FLOATS].size
