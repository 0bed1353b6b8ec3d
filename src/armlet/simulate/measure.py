"""One watched call of a function to its figures."""

from collections.abc import Sequence

from armlet.isa.timing import CycleTable, Flash
from armlet.simulate.cycles import step_cycles
from armlet.simulate.figures import Figures, Moves
from armlet.simulate.flash import flash_cycles
from armlet.simulate.machine import Machine
from armlet.simulate.trace import Region, Trace
from armlet.simulate.watch import trace_call


def measure_call(
    machine: Machine,
    symbol: str,
    arguments: Sequence[int],
    table: CycleTable,
    flash: Flash,
    seconds: float | None = None,
) -> Figures:
    """Call `symbol` once, watched. Raises `MachineError`, and `TargetError` at an instruction without a cycle entry."""
    return figures_of(trace_call(machine, symbol, arguments, seconds), machine, symbol, table, flash)


def figures_of(trace: Trace, machine: Machine, symbol: str, table: CycleTable, flash: Flash) -> Figures:
    """The figures of a call that was watched before."""
    steps = step_cycles(trace, table)
    image = machine.image
    return Figures(
        entry=symbol,
        cycles=int(steps.sum()),
        cycles_on_part=flash_cycles(trace, steps, machine.core, flash),
        part=flash.part,
        clock=flash.clock,
        instructions=trace.instructions,
        loads=_moves(trace, store=False),
        stores=_moves(trace, store=True),
        code_bytes=image.code_bytes,
        constant_bytes=image.constant_bytes,
        flash_bytes=image.flash_bytes,
        ram_bytes=image.ram_bytes,
        stack_bytes=trace.stack_bytes,
        mnemonics=trace.counts(),
    )


def _moves(trace: Trace, store: bool) -> Moves:
    return Moves(
        *(trace.moves(region, store) for region in (Region.ACTIVATION, Region.WEIGHT, Region.STACK, Region.OTHER))
    )
