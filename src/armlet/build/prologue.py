"""Enters and leaves a program: what the calling convention asks around NAME_core, and NAME_run for C arrays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from armlet.build import names
from armlet.isa.operation import Operation
from armlet.isa.target import Target
from armlet.select.program import POINTERS, Program, by_operation, registers_of
from armlet.select.scheduling import waits

_ALONE = {
    Operation.SAVE: Operation.GPR_STORE,
    Operation.RESTORE: Operation.GPR_LOAD,
}  # what a list of one register is to the core
Call: TypeAlias = tuple[Operation, Mapping[str, object]]  # an operation with its holes filled


@dataclass(frozen=True, slots=True)
class Frame:
    """What NAME_core does before and after its lines, and all of NAME_run."""

    enter: tuple[Call, ...]
    leave: tuple[Call, ...]
    run: tuple[Call, ...]
    stack_bytes: int  # of NAME_run, the deeper one

    def size(self, target: Target) -> int:
        """Bytes of code."""
        return sum(target.templates[op].size for op, _ in (*self.enter, *self.leave, *self.run))


def frame(program: Program, name: str) -> Frame:
    """Save what the program uses and the caller owns; gather inputs and scatter outputs for NAME_run."""
    target, roles = program.target, program.target.roles
    cores = roles.scratch[: _scratch_used(program)]
    floats = program.highest_float + 1 - target.preserved_floats
    enter: list[Call] = [(Operation.SAVE, {"cores": ", ".join(cores)})] if cores else []
    leave: list[Call] = [(Operation.RETURN, {})]
    if cores:
        leave.insert(0, (Operation.RESTORE, {"cores": ", ".join(cores)}))
    if floats > 0:
        saved = {"list": float_list(target, target.preserved_floats, floats)}
        enter.append((Operation.SAVE_FLOATS, saved))
        leave.insert(0, (Operation.RESTORE_FLOATS, saved))
    if len(program.constants):
        enter.append((Operation.ADDRESS, {"pointer": roles.pool, "symbol": names.constants_symbol(name)}))
    if program.layout.work_words:
        enter.append((Operation.ADDRESS, {"pointer": roles.work, "symbol": names.work_symbol(name)}))
    run_words = len(roles.scratch) + 2
    return Frame(
        tuple(enter),
        tuple(leave),
        tuple(_run(program, name)),
        target.core.word * (run_words + len(cores) + max(0, floats)),
    )


def entry_cycles(program: Program, name: str) -> tuple[int, int]:
    """What calls of NAME_core and of NAME_run cost by the templates, without flash waits."""
    target, around = program.target, frame(program, name)
    last = Operation(program.lines["op"][-1]) if len(program.lines) else None
    core = program.line_cycles + waits(program)
    core += _call_cycles(target, around.enter) + _call_cycles(target, around.leave, last)
    core += _waits_for_entry(program, around.enter)
    return core, core + _call_cycles(target, around.run)


def _waits_for_entry(program: Program, enter: tuple[Call, ...]) -> bool:
    """Whether the first line waits for the address that the entry makes last."""
    if not enter or not len(program.lines) or "pointer" not in enter[-1][1]:
        return False
    first, (_, holes) = program.lines[0], enter[-1]
    takes = "base" in Operation(first["op"]).operands.reads
    return takes and getattr(program.target.roles, POINTERS[first["base"]]) == holes["pointer"]


def _call_cycles(target: Target, calls: tuple[Call, ...], before: Operation | None = None) -> int:
    """Neighbours that pair overlap, and a load waits for an address that the operation before it has only just made."""
    total, made = 0, None
    for op, holes in calls:
        moved = _listed(holes)
        op = _ALONE.get(op, op) if moved == 1 else op
        template = target.templates[op]
        total += template.cost(moved)
        total -= before is not None and template.pairs and target.templates[before].pairs and template.cycles > 1
        total += op is Operation.GPR_LOAD and made is not None and holes.get("base") == made
        before, made = op, holes["pointer"] if template.latency else None
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
    lines = program.lines[by_operation(program.lines, lambda op: not {"core", "cores"}.isdisjoint(op.operands.names))]
    return int((lines["core"] + registers_of(lines)).max(initial=0))


def _run(program: Program, name: str) -> Iterator[Call]:
    roles, layout, graph = program.target.roles, program.layout, program.code.order.graph
    yield Operation.RUN_ENTER, {}
    if not inputs_are_natural(program):
        natural = np.empty(graph.inputs, np.int64)
        natural[layout.words[: graph.inputs]] = graph.used
        yield Operation.ADDRESS, {"pointer": roles.inputs_cursor, "symbol": names.block_symbol(name)}
        yield from _copy(program, roles.inputs, natural.tolist())
        yield Operation.ADDRESS, {"pointer": roles.inputs, "symbol": names.block_symbol(name)}
    yield Operation.CALL, {"symbol": names.core_symbol(name)}
    if len(program.code.kept) == 0:
        yield Operation.ADDRESS, {"pointer": roles.inputs, "symbol": names.work_symbol(name)}
    yield Operation.RUN_OUTPUT, {"pointer": roles.inputs_cursor}
    if len(program.code.kept):
        yield from _store_kept(program)
    else:
        words = layout.words[graph.nodes : graph.nodes + len(graph.outputs)]
        yield from _copy(program, roles.inputs, words.tolist())
    yield Operation.RUN_LEAVE, {}


def _store_kept(program: Program) -> Iterator[Call]:
    """Store the registers that keep outputs, neighbours together, in the order of outputs to the input cursor."""
    kept = program.code.kept
    for run in np.split(kept, np.flatnonzero(np.diff(kept) != 1) + 1):
        moved = float_list(program.target, int(run[0]), len(run))
        yield Operation.STORE_MULTIPLE, {"list": moved, "base": program.target.roles.inputs_cursor}


def _copy(program: Program, source: str, words: list[int]) -> Iterator[Call]:
    """Copy words of the block at `source`, in the order given, to where the input cursor points."""
    target, roles = program.target, program.target.roles
    most = len(roles.scratch)
    base, start = source, 0
    for begin in range(0, len(words), most):
        chunk = words[begin : begin + most]
        for core, word in zip(roles.scratch, chunk):
            offset = program.word * word
            if not 0 <= offset - start <= target.core_reach:
                base, start = roles.work_cursor, offset - offset % (target.core_reach + 1)
                far = {"low": start & 0xFFFF, "high": start >> 16}
                yield Operation.LEA_FAR, {"pointer": base, "base": source, **far}
            yield Operation.GPR_LOAD, {"core": core, "base": base, "offset": offset - start}
        if len(chunk) == 1:  # a list of one register is unpredictable; only the last chunk can be that short
            yield Operation.GPR_STORE, {"core": roles.scratch[0], "base": roles.inputs_cursor, "offset": 0}
        else:
            yield (
                Operation.GPR_STORE_MULTIPLE,
                {"cores": ", ".join(roles.scratch[: len(chunk)]), "base": roles.inputs_cursor},
            )
