"""That an entry takes one path whatever the input, stays inside its memory, and so takes one time."""

from typing import Any

import numpy as np

from armlet.build.integer.read_any import AnyBuild
from armlet.integer.layers import IntegerAdd, IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.simulate.cycles import variable_steps
from armlet.simulate.floats.runner import FloatRunner
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.measure import figures_of
from armlet.simulate.runner import MemoryRegion, Runner
from armlet.simulate.tensors.runner import TensorRunner
from armlet.simulate.trace import Trace
from armlet.simulate.vectors import Trials
from armlet.verify.findings import Findings

_TRACED = 3  # inputs whose whole path is compared
_TRACED_LONG = 2  # of programs that run for millions of steps


def check_paths(
    runner: Runner | IntegerRunner | TensorRunner | FloatRunner, entry: str, tried: Trials[Any], found: Findings
) -> tuple[Trace, bool]:
    """One path for every input, inside the declared areas; its figures. Gives one, and whether all are the same."""
    count = _TRACED_LONG if isinstance(runner, TensorRunner | FloatRunner) else _TRACED
    chosen = np.unique(np.linspace(0, len(tried.inputs) - 1, count).astype(int)).tolist()
    traces = [runner.trace(entry, tried.inputs[i]) for i in chosen]
    tables = not isinstance(runner, Runner | FloatRunner) and has_tables(runner.build.network)
    different = [tried.labels[i] for i, trace in zip(chosen, traces) if not trace.same_path(traces[0], tables)]
    problem = f"{different[0]} takes another way than {tried.labels[chosen[0]]}" if different else ""
    conditional = np.array([bool(form.condition) for form in traces[0].forms])[traces[0].form].sum()
    steps = f"{traces[0].instructions} instructions, {conditional or 'none'} conditional"
    steps += "; which entry of a table is read depends on data" if tables else ""
    found.add(f"{entry} does the same steps for every input", problem, steps)
    stray = _stray(traces[0], runner.areas(entry))
    found.add(f"{entry} stays inside its memory", stray, "constants, variables, caller's arrays, stack")
    target = runner.build.target
    found.figures[entry] = figures_of(traces[0], runner.machine, entry, target.cycles, target.flash)
    return traces[0], not different


def has_tables(network: IntegerNetwork) -> bool:
    """Whether an activation, or what is added, is looked up at an address that depends on data."""
    curved = any(isinstance(layer, IntegerDense) and layer.table is not None for layer in network.layers)
    return curved or any(isinstance(layer, IntegerAdd) for layer in network.layers)


def check_time(build: AnyBuild, entry: str, trace: Trace | None, proved: bool, found: Findings) -> None:
    """The proof leaves one path, whatever the input; where no step's time depends on data, one time too."""
    table = build.target.cycles
    if table.cache:
        return
    problem = "" if proved else "not every input is proved to take one path"
    if trace is None:
        problem = "inputs take different paths"
    elif varying := variable_steps(trace, table):
        problem = f"the time of {', '.join(varying)} depends on data"
    cycles = found.figures[entry].cycles
    detail = f"no cache: the worst case is exact by the table of {table.name}, memory without wait states"
    found.add(f"{entry} takes {cycles:,} cycles for every input", problem, detail)


def _stray(trace: Trace, areas: tuple[MemoryRegion, ...]) -> str:
    """The first access outside `areas`, in words; empty where there is none."""
    begin = trace.access_address.astype(np.int64)
    end = begin + trace.access_size
    allowed = np.zeros(len(begin), bool)
    for area in areas:
        inside = (begin >= area.memory.base) & (end <= area.memory.end)
        allowed |= inside & (~trace.access_store | area.writable)
    if allowed.all():
        return ""
    first = int(np.argmin(allowed))
    step = int(trace.access_step[first])
    does = "writes" if trace.access_store[first] else "reads"
    return f"{trace.forms[trace.form[step]].text} at {trace.address[step]:#010x} {does} {begin[first]:#010x}"
