"""The linked bytes compute the declared order for every input: shown by executing them on terms, not on numbers.

The program is run from its entry with each input an unknown. Where it ends, the term in each output must be the very
term that the declared order builds: the same weights to the bit, the same connections, the same roundings in the same
order; outputs lie in memory or in registers. On the way nothing may be read that was not written, nothing outside the
declared areas may be touched, no condition and no address may depend on data, and the registers that a call preserves
must hold what they held.

Addresses of the caller's arrays, of the stack, of the program's own pieces and of its code are no numbers here but
pointers, into memory of their own for each piece, so that a program cannot be right by where one call finds them or one
link puts them. An address comes out of the instructions alone that the linker fills, and control goes from one function
to another by a call alone whose target the linker fills. Nothing may run under a condition: programs whose counted
loops are declared are proved by `prove/loops.py`, and no build declares one.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from armlet.arithmetic.arithmetic import finish
from armlet.arithmetic.number_format import patterns
from armlet.graph.graph import ACTIVATIONS
from armlet.isa.core import Memory
from armlet.isa.semantics import RefusalError, Term
from armlet.prove.execute import MEMORY, RETURN, Walk, execute, relocated, roundings
from armlet.prove.state import State, WordMemory
from armlet.prove.terms import Terms
from armlet.schedule.order import Order
from armlet.simulate.decoded import DecodedProgram
from armlet.simulate.runner import MemoryRegion, Runner


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it: `problem` is empty where the entry is proved."""

    problem: str
    steps: int
    roundings: int  # different values that the program rounds
    late: str = ""  # where an output is written before the last input is read, so that the arrays must not overlap


def prove(runner: Runner, program: DecodedProgram, entry: str) -> Proof:
    """Whether `entry` computes the declared order of its build, for all inputs."""
    if entry not in runner.image.functions:
        return Proof("is no Thumb function that other code can call", 0, 0)
    order = runner.build.order
    terms = Terms(order.graph.arithmetic.identities)
    state, meaning = _start(runner, entry, terms), program.isa.reading.compile_step
    walk = Walk(program, runner.image, terms, meaning)
    before = dict(state.registers)
    try:
        execute(state, walk, runner.image.address(entry))
    except RefusalError as refusal:
        return Proof(str(refusal), walk.steps, 0)
    rounded = roundings(terms)
    core = runner.machine.core
    lost = [name for name in core.preserved if state.registers.get(name) != before[name]]
    if lost:
        return Proof(f"does not give back {', '.join(lost)}", walk.steps, rounded)
    left = [
        state.registers.get(place)
        if isinstance(place, str)
        else state.memory.load(_place(runner, entry, place), runner.build.word)
        for place in runner.results(entry)
    ]
    late = "" if state.late is None else f"reads the input at {state.late & 0xFFFF_FFFF:#010x} after it wrote an output"
    return Proof(_difference(order, terms, walk, left), walk.steps, rounded, late)


def _start(runner: Runner, entry: str, terms: Terms) -> State[Terms]:
    """What holds at the call: arguments, stack and way back are known, inputs and preserved registers are unknowns."""
    registers = {name: terms.unknown("register", k) for k, name in enumerate(runner.machine.core.preserved)}
    areas, stack = _areas(runner, entry)
    registers |= {
        "sp": terms.pointer(stack.end),
        "lr": terms.pointer(RETURN | runner.machine.core.instruction_set.code_bit),
    }
    registers |= {f"r{k}": terms.pointer(_place(runner, entry, p)) for k, p in enumerate(runner.arguments(entry))}
    memory = {_place(runner, entry, p): terms.unknown("input", index) for p, index in runner.places(entry).items()}
    symbols = {a.memory.base: b.memory.base for a, b in zip(runner.areas(entry), areas)}
    return State(
        terms, runner.machine.core.instruction_set, runner.image, areas, stack, registers, symbols, WordMemory(memory)
    )


def _areas(runner: Runner, entry: str) -> tuple[list[MemoryRegion], Memory]:
    """What the call may touch, each area in a place of its own; and the stack, once more."""
    areas = relocated(runner.areas(entry))
    return areas, next(area.memory for area in areas if area.what == "stack")


def _place(runner: Runner, entry: str, address: int) -> int:
    """Where an address lies in the proof."""
    for number, area in enumerate(runner.areas(entry), 1):
        if area.memory.base <= address < area.memory.end:
            return address + number * MEMORY
    return address


def _difference(order: Order, terms: Terms, walk: Walk, left: list[Term | None]) -> str:
    """Where the program first leaves the declared order, in words; empty where every output is the declared one."""
    made = len(terms.keys)
    wanted, strange = _declared(order, terms, made)
    wrong = [j for j, (found, term) in enumerate(zip(left, wanted)) if found != term]
    if not wrong:
        return ""
    if strange is None:
        return f"output {wrong[0]} holds another value of the network"
    connection, partial = strange
    graph = order.graph
    source, target = int(graph.source[connection]), int(graph.target[connection])
    place = f"layer {graph.layer[target]}, neuron {graph.unit[target]}"
    origin = f"input {graph.used[source]}" if source < graph.inputs else f"neuron {graph.unit[source]}"
    at = f", last made at {walk.maker[partial]:#010x}" if partial in walk.maker else ""
    return f"{place}: its sum never takes in {graph.weight[connection]!s} times {origin}{at}"


def _declared(order: Order, terms: Terms, made: int) -> tuple[list[Term], tuple[int, Term] | None]:
    """The term of each output, and the first connection whose sum has a number from `made` on, with the sum before."""
    graph, arithmetic = order.graph, order.graph.arithmetic
    weight, value, slope = (
        [terms.constant(bits) for bits in patterns(of)] for of in (graph.weight, graph.bias, graph.slope)
    )
    value[: graph.inputs] = [terms.unknown("input", int(index)) for index in graph.used]
    waits = np.bincount(graph.target, minlength=graph.nodes).tolist()
    kinds = [ACTIVATIONS[code] for code in graph.activation.tolist()]
    finished = [partial(finish, arithmetic, terms, kind, each) for kind, each in zip(kinds, slope)]
    fresh, has_bias = [True] * graph.nodes, (graph.bias != 0).tolist()
    value = [v if waits[n] else finished[n](v) for n, v in enumerate(value)]
    sources, targets = graph.source.tolist(), graph.target.tolist()
    strange: tuple[int, Term] | None = None
    for k in order.connections.tolist():
        x, target = value[sources[k]], targets[k]
        before = value[target]
        if fresh[target]:
            total = arithmetic.begin(terms, before if has_bias[target] else None, weight[k], x)
        else:
            total = arithmetic.accumulate(terms, before, weight[k], x)
        fresh[target] = False
        waits[target] -= 1
        value[target] = total if waits[target] else finished[target](total)
        if strange is None and total >= made:
            strange = k, before
    return [value[node] for node in graph.outputs.tolist()], strange
