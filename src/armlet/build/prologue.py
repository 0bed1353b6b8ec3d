"""How a program is entered and left: around NAME_core what the calling convention asks, and NAME_run for C arrays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from armlet.build import names
from armlet.isa.target import Op, Target
from armlet.select.program import Program
from armlet.select.scheduling import waits

_ALONE = {Op.SAVE: Op.CORE_STORE, Op.RESTORE: Op.CORE_LOAD}  # what a list of one register is to the core
Call: TypeAlias = tuple[Op, Mapping[str, object]]  # an operation with its holes filled


@dataclass(frozen=True, slots=True)
class Frame:
    """What NAME_core does before and after its lines, and all of NAME_run."""

    enter: tuple[Call, ...]
    leave: tuple[Call, ...]
    run: tuple[Call, ...]
    stack_bytes: int  # of NAME_run, the deeper one

    def size(self, target: Target) -> int:
        """Bytes of code."""
        return sum(target.forms[op].size for op, _ in (*self.enter, *self.leave, *self.run))


def frame(program: Program, name: str) -> Frame:
    """Save what the program uses and the caller owns; gather inputs and scatter outputs for NAME_run."""
    target, roles = program.target, program.target.roles
    cores = roles.scratch[: _scratch_used(program)]
    floats = program.highest_float + 1 - target.preserved_floats
    enter: list[Call] = [(Op.SAVE, {"cores": ", ".join(cores)})] if cores else []
    leave: list[Call] = [(Op.RETURN, {})]
    if cores:
        leave.insert(0, (Op.RESTORE, {"cores": ", ".join(cores)}))
    if floats > 0:
        saved = {"list": float_list(target, target.preserved_floats, floats)}
        enter.append((Op.SAVE_FLOATS, saved))
        leave.insert(0, (Op.RESTORE_FLOATS, saved))
    if len(program.constants):
        enter.append((Op.ADDRESS, {"pointer": roles.pool, "symbol": names.constants_symbol(name)}))
    enter.append((Op.ADDRESS, {"pointer": roles.work, "symbol": names.work_symbol(name)}))
    run_words = len(roles.scratch) + 2
    return Frame(
        tuple(enter),
        tuple(leave),
        tuple(_run(program, name)),
        target.core.word * (run_words + len(cores) + max(0, floats)),
    )


def entry_cycles(program: Program, name: str) -> tuple[int, int]:
    """What calls of NAME_core and of NAME_run cost by the forms, without flash waits."""
    target, around = program.target, frame(program, name)
    last = Op(program.lines["op"][-1]) if len(program.lines) else None
    core = program.line_cycles + waits(program)
    core += _call_cycles(target, around.enter) + _call_cycles(target, around.leave, last)
    return core, core + _call_cycles(target, around.run)


def _call_cycles(target: Target, calls: tuple[Call, ...], before: Op | None = None) -> int:
    """Neighbours that pair overlap, and a load waits for an address that the operation before it has only just made."""
    total, made = 0, None
    for op, holes in calls:
        moved = _listed(holes)
        op = _ALONE.get(op, op) if moved == 1 else op
        form = target.forms[op]
        total += form.cycles + form.each * moved
        total -= before is not None and form.pairs and target.forms[before].pairs and form.cycles > 1
        total += op is Op.CORE_LOAD and made is not None and holes.get("base") == made
        before, made = op, holes["pointer"] if form.late else None
    return total


def _listed(holes: Mapping[str, object]) -> int:
    """How many registers a list names, such as r4, r5 or s16-s31."""
    listed = holes.get("cores", holes.get("list"))
    if listed is None:
        return 0
    ends = [[int(end[1:]) for end in part.split("-")] for part in str(listed).split(", ")]
    return sum(end[-1] - end[0] + 1 for end in ends)


def inputs_are_natural(program: Program) -> bool:
    """Whether the input block is a C array of all inputs in their own order, so that NAME_run can pass it through."""
    graph, layout = program.code.order.graph, program.layout
    here = layout.words[: graph.inputs]
    return layout.input_words == graph.network_inputs and bool((here == graph.used).all())


def float_list(target: Target, first: int, count: int) -> str:
    """A register list in assembly: one name, or the first and the last."""
    names_ = target.floats[first : first + count]
    return names_[0] if count == 1 else f"{names_[0]}-{names_[-1]}"


def _scratch_used(program: Program) -> int:
    line = program.lines
    single = np.isin(line["op"], (Op.TO_CORE, Op.MAGNITUDE, Op.CORE_STORE))
    most = int(line["d"][single].max(initial=-1)) + 1
    listed = line["op"] == Op.CORE_STORE_LIST
    return max(most, int((line["d"] + line["n"])[listed].max(initial=0)))


def _run(program: Program, name: str) -> Iterator[Call]:
    roles, layout, graph = program.target.roles, program.layout, program.code.order.graph
    yield Op.RUN_ENTER, {}
    if not inputs_are_natural(program):
        natural = np.empty(graph.inputs, np.int64)
        natural[layout.words[: graph.inputs]] = graph.used
        yield Op.ADDRESS, {"pointer": roles.inputs_walk, "symbol": names.block_symbol(name)}
        yield from _copy(program, roles.inputs, natural.tolist())
        yield Op.ADDRESS, {"pointer": roles.inputs, "symbol": names.block_symbol(name)}
    yield Op.CALL, {"symbol": names.core_symbol(name)}
    yield Op.ADDRESS, {"pointer": roles.inputs, "symbol": names.work_symbol(name)}
    yield Op.RUN_OUTPUT, {"pointer": roles.inputs_walk}
    words = layout.words[graph.nodes : graph.nodes + len(graph.outputs)]
    yield from _copy(program, roles.inputs, words.tolist())
    yield Op.RUN_LEAVE, {}


def _copy(program: Program, source: str, words: list[int]) -> Iterator[Call]:
    """Copy words of the block at `source`, in the order given, to where the input walker points."""
    target, roles = program.target, program.target.roles
    most = len(roles.scratch)
    base, start = source, 0
    for begin in range(0, len(words), most):
        chunk = words[begin : begin + most]
        for core, word in zip(roles.scratch, chunk):
            offset = program.word * word
            if not 0 <= offset - start <= target.core_reach:
                base, start = roles.work_walk, offset - offset % (target.core_reach + 1)
                far = {"low": start & 0xFFFF, "high": start >> 16}
                yield Op.POINT_FAR, {"pointer": base, "base": source, **far}
            yield Op.CORE_LOAD, {"core": core, "base": base, "offset": offset - start}
        if len(chunk) == 1:  # a list of one register is unpredictable; only the last chunk can be that short
            yield Op.CORE_STORE, {"core": roles.scratch[0], "base": roles.inputs_walk, "offset": 0}
        else:
            yield Op.CORE_STORE_LIST, {"cores": ", ".join(roles.scratch[: len(chunk)]), "base": roles.inputs_walk}
